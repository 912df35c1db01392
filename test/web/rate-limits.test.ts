import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { silentLog } from '../../src/core/platform/log.ts';
import { connectRedis, type RedisConnection } from '../../src/core/platform/redis.ts';
import { LIMITS, memoryLimits, type RateLimits, redisLimits } from '../../src/web/rate-limits.ts';
import { type OwnRedis, startRedis } from '../support/redis.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 30_000, interval: 20 };
const SECRET = 'a secret for tests alone, long enough';

/** How many of so many requests may go on. */
async function passed(limits: RateLimits, key: string, requests: number): Promise<number> {
  let count = 0;
  for (let i = 0; i < requests; i++) if ((await limits.consume('link', key)) === 0) count++;
  return count;
}

it('in memory, each key has its limit, and is told how long to wait', async () => {
  const limits = memoryLimits();
  expect(await passed(limits, 'a', LIMITS.link + 3)).toBe(LIMITS.link);
  const seconds = await limits.consume('link', 'a');
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(60);
  expect(await passed(limits, 'b', 2)).toBe(2);
  expect(await limits.consume('join', 'a')).toBe(0);
  expect(limits.where?.()).toBe('memory');
});

describe.skipIf(inject('redis') === null)('with Redis', () => {
  let redis: OwnRedis;
  let connections: RedisConnection[];
  let one: RateLimits;
  let other: RateLimits;
  beforeAll(async () => {
    redis = await startRedis();
    connections = [0, 1].map(() => connectRedis({ url: redis.url, secret: SECRET, log: silentLog }));
    [one, other] = connections.map((connection) => redisLimits(connection)) as [RateLimits, RateLimits];
  });
  afterAll(async () => {
    for (const connection of connections) connection.close();
    await redis.stop();
  });
  const bothIn = (where: 'redis' | 'memory') =>
    expect.poll(() => [one.where?.(), other.where?.()], PATIENT).toEqual([where, where]);

  it('two processes share the limit, under a prefix that only the secret tells', async () => {
    await bothIn('redis');
    const went = (await passed(one, 'shared', 3)) + (await passed(other, 'shared', 5));
    expect(went).toBe(LIMITS.link);
    expect(await one.consume('link', 'shared')).toBeGreaterThan(0);
    const [connection] = connections;
    const keys = (await connection?.redis.keys('*')) ?? [];
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) expect(key.startsWith(`${connection?.prefix}:limit:`)).toBe(true);
  });

  it('a Redis that is killed is done without, and taken again when it is back, with no restart', async () => {
    await redis.kill();
    await bothIn('memory');
    expect(await passed(one, 'alone', LIMITS.link + 2)).toBe(LIMITS.link);
    expect(await passed(other, 'alone', LIMITS.link + 2)).toBe(LIMITS.link);
    await redis.revive();
    await bothIn('redis');
    const went = (await passed(one, 'again', 3)) + (await passed(other, 'again', 5));
    expect(went).toBe(LIMITS.link);
  });

  it('a Redis that is killed between two requests loses nobody a request', async () => {
    const going = Array.from({ length: 20 }, (_, i) => one.consume('everything', `key ${i}`));
    await redis.kill();
    const after = Array.from({ length: 20 }, (_, i) => one.consume('everything', `key ${i}`));
    expect(await Promise.all([...going, ...after])).toEqual(Array(40).fill(0));
    await redis.revive();
    await bothIn('redis');
  });

  it('a Redis that hangs costs one request a moment, and the next ones nothing', async () => {
    redis.freeze();
    expect(await one.consume('link', 'hanging')).toBe(0);
    expect(one.where?.()).toBe('memory');
    expect(await passed(one, 'hanging', LIMITS.link + 2)).toBe(LIMITS.link - 1);
    redis.wake();
    await bothIn('redis');
  });
});
