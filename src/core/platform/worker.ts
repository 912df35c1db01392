import type { Clock } from './clock.ts';
import { doing } from './doing.ts';
import { describeError } from './errors.ts';
import type { Log } from './log.ts';
import { type Metrics, noMetrics, secondsSince } from './metrics.ts';
import type { Nudges } from './nudges.ts';
import type { ReadOnly } from './read-only.ts';

/** A kind of work: does one piece of it and says whether there was one. */
export interface Step {
  /** For the numbers, one of `STEPS` in `metrics.ts`. */
  readonly name: string;
  /** It counts its own pieces of work, which are smaller than a run. */
  readonly counts?: boolean;
  /** So many pieces at once (1). Each takes one that no other holds, here or in another process. */
  readonly lanes?: number;
  /**
   * After a look that found nothing it rests at least so many times as long as that took (0), whoever nudges: for what
   * looks through everything there is, and that nobody waits for.
   */
  readonly rests?: number;
  run(signal: AbortSignal): Promise<boolean>;
}

export interface WorkerDeps {
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly metrics?: Metrics;
  /** While nobody may write, the steps hold. */
  readonly readOnly?: ReadOnly;
}

export interface Worker {
  start(): void;
  /** Resolves when the pieces of work under way have ended, or after some seconds without them. */
  stop(): Promise<void>;
}

/** Nudges may be lost, so everybody looks by themselves this often. */
const LOOK_EVERY_MS = 5_000;
const AFTER_FAILURE_MS = 10_000;
/** A database that is away comes back as a whole, and looking for it costs little. */
const AFTER_OUTAGE_MS = 2_000;

/**
 * Whoever ends a process waits ten seconds in all. What has not ended by then is as if the process had died: leases run
 * out, and others go on.
 */
const STOP_MS = 6_000;

/** Rests that are shorter are none. */
const SHORT_MS = 100;
const LONGEST_REST_MS = 5 * 60_000;

/** How soon a step that is at work lets go when the site is made read-only. */
const WATCH_MS = 1_000;

/**
 * Runs each kind of work in loops of its own, so that none waits for another. While the site is read-only nothing is
 * begun, and what is under way is let go as at the end of the process: files and runs are given back as they stand.
 */
export function createWorker(deps: WorkerDeps, steps: readonly Step[]): Worker {
  const ending = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  return {
    start() {
      const hold = createHold(deps, ending.signal);
      running = Promise.all([
        hold.watch(),
        ...steps.flatMap((step) =>
          Array.from({ length: step.lanes ?? 1 }, () => loop(deps, step, ending.signal, hold)),
        ),
      ]);
    },
    async stop() {
      ending.abort();
      const ended = new AbortController();
      const late = deps.clock.sleep(STOP_MS, ended.signal).then(() => 'late' as const);
      const how = await Promise.race([running.then(() => 'ended' as const), late]);
      ended.abort();
      if (how === 'late') deps.log.warn({}, 'work that takes long was left to others');
    },
  };
}

interface Hold {
  /** Aborted at the end of the process and whenever nobody may write; another one afterwards. */
  readonly signal: AbortSignal;
  watch(): Promise<void>;
}

function createHold({ clock, log, nudges, readOnly }: WorkerDeps, ending: AbortSignal): Hold {
  let held = new AbortController();
  ending.addEventListener('abort', () => held.abort());
  return {
    get signal() {
      return held.signal;
    },
    async watch() {
      while (readOnly && !ending.aborted) {
        // Without the database no step can write anyway.
        const state = await readOnly.state().catch(() => null);
        if (ending.aborted) return;
        if (state && !held.signal.aborted) {
          log.info({}, 'the site is read-only: work is held');
          held.abort();
        }
        if (!state && held.signal.aborted) {
          log.info({}, 'the site is no longer read-only: work goes on');
          held = new AbortController();
          nudges.nudge('work');
        }
        await clock.sleep(WATCH_MS, ending);
      }
    },
  };
}

async function loop(
  { clock, nudges, log, readOnly, metrics = noMetrics }: WorkerDeps,
  step: Step,
  ending: AbortSignal,
  hold: Hold,
): Promise<void> {
  let wake = new AbortController();
  const unlisten = nudges.listen('work', () => wake.abort());
  ending.addEventListener('abort', () => wake.abort());
  /** Asked before each piece, because the watch may not have looked yet. */
  const mayBegin = async () => !hold.signal.aborted && !(await readOnly?.state());
  const piece = async () => {
    const began = performance.now();
    try {
      const more = await doing(step.name, () => step.run(hold.signal));
      // Looking and finding nothing is no work.
      if (more && !step.counts) metrics.step(step.name, secondsSince(began), null);
      return more;
    } catch (error) {
      metrics.step(step.name, secondsSince(began), describeError(error).code);
      throw error;
    }
  };
  while (!ending.aborted) {
    // A nudge from here on cuts the pause short, even one that comes while we work.
    wake = new AbortController();
    try {
      let looked = performance.now();
      while ((await mayBegin()) && (await piece())) looked = performance.now();
      const rest = Math.min(LONGEST_REST_MS, (step.rests ?? 0) * (performance.now() - looked));
      if (rest >= SHORT_MS && !ending.aborted) await clock.sleep(rest, ending);
      if (!ending.aborted) await clock.sleep(LOOK_EVERY_MS, wake.signal);
    } catch (error) {
      const { code, message } = describeError(error);
      log.error({ step: step.name, error: { code, message } }, 'a step failed; it is tried again');
      const pause = code === 'database' ? AFTER_OUTAGE_MS : AFTER_FAILURE_MS;
      if (!ending.aborted) await clock.sleep(pause, ending);
    }
  }
  unlisten();
}
