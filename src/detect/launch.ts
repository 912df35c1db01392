/** Starts the child process. Every limit that holds it from outside is put on here and nowhere else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Frame, HOME, type Layer, nodeOptions, wrapping } from './limits/layers.ts';
import { survey } from './limits/survey.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));

/** The stdio of the child that is its channel to the parent. */
export const CHANNEL_FD = 3;

/** For the tests of single layers: other code in the place of the worker, and fewer layers round it. */
export interface UnsafeForTests {
  /** Absolute path of the module that runs in the place of worker.ts. */
  readonly worker: string;
  readonly layers: readonly Layer[];
  /** Instead of 180. */
  readonly cpuSeconds?: number;
}

/**
 * The environment is empty: no token, key or password of the parent is in reach of a picture. All layers that
 * work on this machine are on. Throws VisavisError `detector_unavailable` when none of this can work.
 */
export async function launchChild(
  threads: number,
  unsafeForTests: UnsafeForTests | null = null,
): Promise<ChildProcess> {
  const { frame } = await survey();
  const plan: Frame = unsafeForTests
    ? {
        ...frame,
        threads,
        cpuSeconds: unsafeForTests.cpuSeconds ?? frame.cpuSeconds,
        on: new Set(unsafeForTests.layers),
        grants: [...frame.grants, unsafeForTests.worker],
      }
    : { ...frame, threads };
  const [program = process.execPath, ...args] = [
    ...wrapping(plan),
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    ...nodeOptions(plan),
    CHILD,
    String(threads),
    ...(unsafeForTests ? [`--unsafe-worker-for-tests=${unsafeForTests.worker}`] : []),
  ];
  return spawn(program, args, {
    // Only a test of the other layers takes this one away.
    ...(plan.on.has('environment') ? { env: {} } : {}),
    cwd: HOME,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
}
