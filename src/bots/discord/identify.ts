import type { Clock } from '../../core/platform/clock.ts';

/** Discord takes one identify in five seconds (documentation: "Identify", `max_concurrency` 1). */
export const IDENTIFY_EVERY_MS = 5_000;

/** Waits for the next identify of this bot, over all its connections one after the other. */
export function createIdentifyPace(clock: Clock, everyMs: number): (signal: AbortSignal) => Promise<void> {
  let next = 0;
  return async (signal) => {
    const at = Math.max(next, clock.now());
    next = at + everyMs;
    if (at > clock.now()) await clock.sleep(at - clock.now(), signal);
    // The connection has ended in the meantime.
    signal.throwIfAborted();
  };
}
