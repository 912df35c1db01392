import type { Clock } from '../core/platform/clock.ts';

/** What takes long to count, counted once for everybody who asks and shown while it is counted again. */
export interface Kept<T> {
  /**
   * At most ten seconds old.
   * @param since UTC milliseconds: what was counted before is too old for whoever asks, who then waits
   */
  get(since?: number): Promise<T>;
  /** Something has changed: `get` counts again, as soon as the last count is over for a while. */
  changed(): void;
  /** What `get` gave may not be the newest: something has changed since, or a count is under way. */
  isBehind(): boolean;
}

/** Younger ones are not counted again, when nobody said that something has changed. */
const KEPT_MS = 2000;
/** Older ones are not shown. */
const SHOWN_MS = 10_000;
/** So many times as long as a count took, nobody counts again unless somebody waits for it. */
const REST = 9;
const LONGEST_REST_MS = 5000;

interface Counted<T> {
  readonly value: T;
  readonly begunAt: number;
  readonly endedAt: number;
  /** Something has changed since it began. */
  isOld: boolean;
}

interface Counting<T> {
  readonly value: Promise<T>;
  readonly begunAt: number;
  isOld: boolean;
}

/**
 * Visitors never wait for a change of somebody else, and however much changes, counting takes a tenth of the time.
 */
export function createKept<T>(clock: Clock, count: () => Promise<T>): Kept<T> {
  let last: Counted<T> | null = null;
  let restsUntil = 0;
  let counting: Counting<T> | null = null;
  /** Who cannot use the count under way waits for its end and shares the next one. */
  let following: Promise<T> | null = null;

  return {
    async get(since = -1) {
      const now = clock.now();
      // The clock may have been set back since.
      const age = last ? Math.abs(now - last.endedAt) : 0;
      if (!last || last.begunAt <= since || age >= SHOWN_MS) return fresh(since);
      const { value } = last;
      if ((last.isOld || age >= KEPT_MS) && now >= restsUntil) fresh().catch(() => {});
      return value;
    },
    changed() {
      if (last) last.isOld = true;
      if (counting) counting.isOld = true;
    },
    isBehind: () => last?.isOld === true || counting !== null,
  };

  /** By a count that began after the last change, and after `since`. There is never more than one at a time. */
  function fresh(since = -1): Promise<T> {
    if (!counting) return begin();
    if (!counting.isOld && counting.begunAt > since) return counting.value;
    following ??= counting.value
      .catch(() => {})
      .then(() => {
        following = null;
        return counting?.value ?? begin();
      });
    return following;
  }

  function begin(): Promise<T> {
    const begunAt = clock.now();
    const own: Counting<T> = { begunAt, value: counted(), isOld: false };
    counting = own;
    return own.value;

    async function counted(): Promise<T> {
      try {
        const value = await count();
        last = { value, begunAt, endedAt: clock.now(), isOld: own.isOld };
        return value;
      } finally {
        counting = null;
        const took = clock.now() - begunAt;
        restsUntil = clock.now() + Math.min(REST * took, LONGEST_REST_MS);
      }
    }
  }
}
