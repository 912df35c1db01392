import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import type { RedisConnection } from '../core/platform/redis.ts';

/** Requests a minute (SECURITY.md, S7). */
export const LIMITS = {
  signIn: 10,
  link: 5,
  category: 5,
  answers: 120,
  boxes: 10,
  join: 10,
  write: 10,
  reports: 60,
  everything: 300,
} as const;
export type LimitName = keyof typeof LIMITS;

export interface RateLimits {
  /** @returns 0 when the request may go on, else the seconds to wait */
  consume(name: LimitName, key: string): Promise<number>;
  /** Where is counted now; without it nobody says. */
  where?(): 'redis' | 'memory';
}

type Limiters = ReadonlyMap<LimitName, RateLimiterAbstract>;

/** Counts in this process. */
export function memoryLimits(): RateLimits {
  const limiters = inMemory();
  return {
    consume: async (name, key) => (await waitFor(limiters, name, key)) ?? 0,
    where: () => 'memory',
  };
}

/**
 * Counts in Redis, for all processes together. While Redis is away, or answers nothing, this process counts by itself
 * from nothing: for so long everybody has the limit once with each process, and never none.
 */
export function redisLimits(connection: RedisConnection): RateLimits {
  const insurance = inMemory();
  const shared: Limiters = limitersBy(
    (name, points) =>
      new RateLimiterRedis({
        storeClient: connection.redis,
        keyPrefix: `${connection.prefix}:limit:${name}`,
        points,
        duration: 60,
        rejectIfRedisNotReady: true,
        // Whoever is over the limit is not asked for in Redis with every further request.
        inMemoryBlockOnConsumed: points + 1,
      }),
  );
  return {
    async consume(name, key) {
      if (connection.ready) {
        const seconds = await waitFor(shared, name, key);
        if (seconds !== null) return seconds;
        connection.failed();
      }
      return (await waitFor(insurance, name, key)) ?? 0;
    },
    where: () => (connection.ready ? 'redis' : 'memory'),
  };
}

function inMemory(): Limiters {
  return limitersBy((name, points) => new RateLimiterMemory({ keyPrefix: name, points, duration: 60 }));
}

function limitersBy(make: (name: LimitName, points: number) => RateLimiterAbstract): Limiters {
  const names = Object.keys(LIMITS) as LimitName[];
  return new Map(names.map((name) => [name, make(name, LIMITS[name])]));
}

/** @returns seconds to wait, 0 for none; null when the limiter itself does not work */
async function waitFor(limiters: Limiters, name: LimitName, key: string): Promise<number | null> {
  try {
    await limiters.get(name)?.consume(key);
    return 0;
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) return null;
    return Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
  }
}
