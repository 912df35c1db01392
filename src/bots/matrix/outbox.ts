import type { Clock } from '../../core/platform/clock.ts';
import type { Log } from '../../core/platform/log.ts';
import { isPassing, MatrixRefusal, MatrixStopped } from './wire.ts';

/** What goes first when the homeserver lets only a few things through: people who wait, then what they see. */
export const PRIORITY = { answer: 0, edit: 1, post: 2, seed: 3 } as const;
export type Priority = (typeof PRIORITY)[keyof typeof PRIORITY];

export interface OutboxDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Outbox {
  /**
   * Does one request, in its turn. `work` is repeated while the homeserver is away or wants us to wait, so it must
   * be one that can be repeated: with a transaction id, or without effect the second time.
   * @param work is told how often it was tried before
   */
  send<T>(priority: Priority, work: (tries: number) => Promise<T>): Promise<T>;
}

/** So often a request is tried that got no answer, or 5xx; that is a minute and a half. */
const MOST_TRIES = 8;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 32_000;

/** How long to wait after so many failures in a row (1: after the first). */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
}

interface Job {
  readonly priority: Priority;
  readonly number: number;
  tries: number;
  failures: number;
  work(tries: number): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * The one way out to a homeserver: one request at a time, because its limits are for the account and not for the
 * room. Where it says 429, everything waits as long as it says; what is more urgent then goes first.
 */
export function createOutbox({ clock, log, signal }: OutboxDeps): Outbox {
  const jobs: Job[] = [];
  let count = 0;
  let running = false;
  /** Slept, and not told from the clock, which may be set back by an hour. */
  let pause: Promise<void> | null = null;
  signal.addEventListener('abort', () => {
    for (const job of jobs.splice(0)) job.reject(new MatrixStopped());
  });

  return {
    send<T>(priority: Priority, work: (tries: number) => Promise<T>): Promise<T> {
      if (signal.aborted) return Promise.reject(new MatrixStopped());
      return new Promise<T>((resolve, reject) => {
        jobs.push({
          priority,
          number: ++count,
          tries: 0,
          failures: 0,
          work,
          resolve: resolve as (value: unknown) => void,
          reject,
        });
        if (!running) void run();
      });
    },
  };

  async function run(): Promise<void> {
    running = true;
    while (jobs.length > 0) {
      if (pause) await pause;
      pause = null;
      // Chosen only now: something more urgent may have come meanwhile.
      const job = jobs.reduce<Job | undefined>(
        (best, one) =>
          !best ||
          one.priority < best.priority ||
          (one.priority === best.priority && one.number < best.number)
            ? one
            : best,
        undefined,
      );
      if (job) await attempt(job);
    }
    running = false;
  }

  async function attempt(job: Job): Promise<void> {
    const done = () => {
      const at = jobs.indexOf(job);
      if (at >= 0) jobs.splice(at, 1);
    };
    try {
      const value = await job.work(job.tries++);
      done();
      job.resolve(value);
    } catch (error) {
      const ms = pauseFor(error, job);
      if (ms === null) {
        done();
        job.reject(error);
      } else {
        pause = clock.sleep(ms, signal);
        log.info({ error: String(error), waiting: ms }, 'the homeserver wants us to wait');
      }
    }
  }

  /** null: it is given up. */
  function pauseFor(error: unknown, job: Job): number | null {
    if (!isPassing(error) || signal.aborted) return null;
    const given = error instanceof MatrixRefusal ? error.retryAfterMs : null;
    // Being told to wait is no failure, however often it happens.
    if (error instanceof MatrixRefusal && error.statusCode === 429) return given ?? pauseAfter(1);
    job.failures++;
    return job.failures >= MOST_TRIES ? null : Math.max(given ?? 0, pauseAfter(job.failures));
  }
}

/** So often something is read that nobody waits in line for. */
const MOST_READS = 4;

/** Reads from the homeserver, out of turn, patiently. */
export async function reading<T>({ clock, signal }: OutboxDeps, work: () => Promise<T>): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || failures >= MOST_READS) throw error;
      const given = error instanceof MatrixRefusal ? error.retryAfterMs : null;
      await clock.sleep(given ?? pauseAfter(failures), signal);
    }
  }
}
