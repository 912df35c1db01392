import type { Clock } from '../platform/clock.ts';
import { FailedAttempt } from './attempt.ts';
import { delayBefore, ruleFor } from './retry.ts';
import { errorFromAttempt } from './wiki-error.ts';

/** The part of a logger (pino's, say) that this room uses. */
export interface WikiLog {
  debug(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

export interface RunOptions {
  readonly clock: Clock;
  /** 0 up to 1, for the jitter. */
  readonly random: () => number;
  /** No new attempt begins later than this after the first, in milliseconds. */
  readonly budgetMs: number;
  readonly log?: WikiLog | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Forget the csrf token; tried once. */
  readonly newCsrf?: () => void;
  /** Get another access token; tried once. What it throws is thrown on. */
  readonly refresh?: () => Promise<void>;
  /** A code for which the table says `delay`, but which this caller sees to itself. */
  readonly notRepeated?: string;
}

/**
 * Repeats `once` as the table in `retry.ts` says, until it succeeds, the table says no, or the time is up.
 * @throws VisavisError `wiki` with WikiErrorDetails
 */
export async function runWithRetries<T>(once: () => Promise<T>, options: RunOptions): Promise<T> {
  const { clock, log, signal } = options;
  const deadline = clock.now() + options.budgetMs;
  let { newCsrf, refresh } = options;
  let lost = false;
  let delays = 0;

  for (;;) {
    let failure: FailedAttempt;
    try {
      return await once();
    } catch (error) {
      if (!(error instanceof FailedAttempt)) throw error;
      failure = error;
    }
    // An answer that was lost once stays lost: a later refusal does not say what became of the first try.
    lost ||= failure.arrived === 'perhaps';
    const giveUp = () =>
      errorFromAttempt(failure, lost ? 'unknown' : failure.arrived === 'no' ? 'not_sent' : 'refused');

    const { rule, code } = ruleFor(failure.codes);
    if (signal?.aborted) throw giveUp();
    if (rule.retry === 'new_csrf' && newCsrf) {
      newCsrf();
      newCsrf = undefined;
    } else if (rule.retry === 'refresh' && refresh) {
      await refresh();
      refresh = undefined;
    } else if (rule.retry === 'delay' && code !== options.notRepeated) {
      const delay = delayBefore(rule, delays, failure.retryAfterMs, options.random);
      if (clock.now() + delay > deadline) throw giveUp();
      log?.debug({ code, codes: failure.codes, delay }, 'the wiki asks to wait');
      delays += 1;
      await clock.sleep(delay, signal);
      if (signal?.aborted) throw giveUp();
    } else {
      throw giveUp();
    }
  }
}
