import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Requests a minute (PRODUCT S7). */
export const LIMITS = {
  signIn: 10,
  link: 5,
  category: 5,
  answers: 120,
  boxes: 10,
  join: 10,
  write: 10,
  everything: 300,
} as const;
export type LimitName = keyof typeof LIMITS;

export interface RateLimits {
  /** @returns 0 when the request may go on, else the seconds to wait */
  consume(name: LimitName, key: string): Promise<number>;
}

/** Counts in this process. */
export function memoryLimits(): RateLimits {
  return rateLimits((name, points) => new RateLimiterMemory({ keyPrefix: name, points, duration: 60 }));
}

/**
 * @param make a limiter for each name: a RateLimiterRedis with a memory limiter as insurance shares the
 * counts between processes
 */
export function rateLimits(make: (name: LimitName, points: number) => RateLimiterAbstract): RateLimits {
  const limiters = new Map(
    Object.entries(LIMITS).map(([name, points]) => [name, make(name as LimitName, points)]),
  );
  return {
    async consume(name, key) {
      try {
        await limiters.get(name)?.consume(key);
        return 0;
      } catch (refusal) {
        // Anything else is a broken limiter, and must not lock everybody out.
        if (!(refusal instanceof RateLimiterRes)) return 0;
        return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      }
    },
  };
}
