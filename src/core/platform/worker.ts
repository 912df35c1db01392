import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { describeError } from './errors.ts';
import type { Log } from './log.ts';
import type { Nudges } from './nudges.ts';

/** A kind of work: does one piece of it and says whether there was one. */
export interface Step {
  readonly name: string;
  run(signal: AbortSignal): Promise<boolean>;
}

export interface WorkerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
  readonly roles: string;
  readonly host: string;
}

export interface Worker {
  start(): void;
  /** Resolves when the pieces of work under way have ended. */
  stop(): Promise<void>;
}

/** Nudges may be lost, so everybody looks by themselves this often. */
const LOOK_EVERY_MS = 5_000;
const AFTER_FAILURE_MS = 10_000;
const HEARTBEAT_MS = 30_000;

/** Runs each kind of work in a loop of its own, so that none waits for another, and tells that it is alive. */
export function createWorker(deps: WorkerDeps, steps: readonly Step[]): Worker {
  const ending = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  return {
    start() {
      running = Promise.all([
        beat(deps, ending.signal),
        ...steps.map((step) => loop(deps, step, ending.signal)),
      ]);
    },
    async stop() {
      ending.abort();
      await running;
    },
  };
}

async function loop({ clock, nudges, log }: WorkerDeps, step: Step, ending: AbortSignal): Promise<void> {
  let wake = new AbortController();
  const unlisten = nudges.listen('work', () => wake.abort());
  ending.addEventListener('abort', () => wake.abort());
  while (!ending.aborted) {
    // A nudge from here on cuts the pause short, even one that comes while we work.
    wake = new AbortController();
    try {
      while (!ending.aborted && (await step.run(ending))) {}
      if (!ending.aborted) await clock.sleep(LOOK_EVERY_MS, wake.signal);
    } catch (error) {
      log.error({ step: step.name, error: describeError(error) }, 'a step failed; it is tried again');
      if (!ending.aborted) await clock.sleep(AFTER_FAILURE_MS, ending);
    }
  }
  unlisten();
}

async function beat(
  { store, clock, log, workerId, roles, host }: WorkerDeps,
  ending: AbortSignal,
): Promise<void> {
  const started = clock.now();
  while (!ending.aborted) {
    try {
      const now = clock.now();
      const known = await store.db
        .updateTable('workers')
        .set({ seen_at: now })
        .where('id', '=', workerId)
        .executeTakeFirst();
      if (known.numUpdatedRows === 0n) {
        await store.db
          .insertInto('workers')
          .values({ id: workerId, roles, host, started_at: started, seen_at: now })
          .execute();
      }
    } catch (error) {
      log.warn({ error: describeError(error) }, 'heartbeat failed');
    }
    await clock.sleep(HEARTBEAT_MS, ending);
  }
  await store.db
    .deleteFrom('workers')
    .where('id', '=', workerId)
    .execute()
    .catch(() => {});
}
