/**
 * Rests after work that looks at everything there is. They are as long as the work makes them, so that it takes no more
 * than its share of the time, however much there is to look at.
 */
export interface Rests {
  /** Whether it is too early to do this again. */
  rests(id: number, now: number): boolean;
  /** @param began when the work began, UTC milliseconds like `now` */
  worked(id: number, began: number, now: number): void;
}

/** Shorter work than this needs no rest, in milliseconds. */
const SHORT_MS = 100;

/** @param times a rest is so many times as long as the work before it */
export function createRests(times: number): Rests {
  const resting = new Map<number, { readonly from: number; readonly until: number }>();
  return {
    rests(id, now) {
      const rest = resting.get(id);
      // A clock that was set back must not make a rest of an hour.
      return rest !== undefined && now >= rest.from && now < rest.until;
    },
    worked(id, began, now) {
      if (now - began < SHORT_MS) resting.delete(id);
      else resting.set(id, { from: now, until: now + times * (now - began) });
    },
  };
}
