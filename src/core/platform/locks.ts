import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { releaseLease, takeLease } from '../store/leases.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';

/** A lock that is held. */
export interface Lock {
  /** Never throws; a lock that cannot be released runs out. */
  release(): Promise<void>;
}

/**
 * Locks that run out. They keep people from doing the same thing at the same time; who must be sure that nobody
 * else did it states so where the result is written.
 */
export interface Locks {
  /** The lock, or null when somebody else holds it. */
  take(name: string, ttlMs: number): Promise<Lock | null>;
}

/** Locks as leases in the database. */
export function databaseLocks({ store, clock }: { store: Store; clock: Clock }): Locks {
  return {
    async take(name, ttl) {
      const lease = await takeLease(store, { name, owner: randomUUID(), now: clock.now(), ttl });
      return lease && { release: () => releaseLease(store, lease).catch(() => {}) };
    },
  };
}

/** Deletes the key only while it is still ours: it may have run out, and be somebody else's by now. */
const COMPARE_AND_DELETE = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0`;

/** Locks in Redis, kept under a prefix that others on a shared Redis cannot guess. Throws when Redis is away. */
export function redisLocks(redis: Pick<Redis, 'set' | 'eval'>, prefix: string): Locks {
  return {
    async take(name, ttlMs) {
      const key = `${prefix}:lock:${name}`;
      const owner = randomUUID();
      if ((await redis.set(key, owner, 'PX', ttlMs, 'NX')) === null) return null;
      return {
        release: async () => void (await redis.eval(COMPARE_AND_DELETE, 1, key, owner).catch(() => 0)),
      };
    },
  };
}

/**
 * The first locks, and the second ones whenever the first cannot be asked. While they go away or come back two
 * can hold the same lock, one from each.
 */
export function locksWithFallback(first: Locks, second: Locks): Locks {
  return { take: (name, ttlMs) => first.take(name, ttlMs).catch(() => second.take(name, ttlMs)) };
}
