import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { WaitingWorker } from './waiting-worker.ts';

/** In a process of its own. Resolves when it looks for files. @param env what it has in its environment */
export async function startWaitingWorker(
  told: WaitingWorker,
  env: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'waiting-worker.ts');
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, JSON.stringify(told)],
    {
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let words = '';
  await new Promise<void>((resolve, reject) => {
    for (const out of [child.stdout, child.stderr]) {
      out.on('data', (text) => {
        words += String(text);
        if (words.includes('ready\n')) resolve();
      });
    }
    child.once('exit', () => reject(new Error(`a worker ended before it was ready: ${words}`)));
  });
  return child;
}

/** Asks it to end, if it has not ended yet. @returns its exit code */
export async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill(signal);
  return gone;
}
