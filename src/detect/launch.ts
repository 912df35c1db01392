/** Starts the child process. Every limit that holds it is set here and nowhere else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/** The environment is empty: no token, key or password of the parent is in reach of a picture. */
export function launchChild(threads: number): ChildProcess {
  const node = ['--disable-warning=ExperimentalWarning', CHILD, String(threads)];
  return spawn(process.execPath, node, {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
}
