import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { systemClock } from '../../../src/core/platform/clock.ts';
import {
  databaseLocks,
  type Locks,
  locksWithFallback,
  redisLocks,
} from '../../../src/core/platform/locks.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { connectRedis, type RedisConnection } from '../../../src/core/platform/redis.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { type OwnRedis, startRedis } from '../../support/redis.ts';
import { engines, freshStore } from '../../support/stores.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

const SECRET = 'a secret for tests alone, long enough';
const connect = (url: string): RedisConnection => connectRedis({ url, secret: SECRET, log: silentLog });
const ready = async (connection: RedisConnection) => {
  if (!connection.ready) await new Promise((resolve) => connection.redis.once('ready', resolve));
};

/** What every kind of lock does. `expire` makes those that were taken for `ttl` run out. */
function behavesAsLocks(
  given: () => { locks: Locks; others: Locks; expire: () => Promise<void>; ttl: number },
) {
  it('gives a lock to one at a time, and again when it is released', async () => {
    const { locks, others } = given();
    const lock = await locks.take('one', 15_000);
    expect(lock).not.toBeNull();
    expect(await others.take('one', 15_000)).toBeNull();
    expect(await locks.take('one', 15_000)).toBeNull();
    expect(await others.take('two', 15_000)).not.toBeNull();
    await lock?.release();
    expect(await others.take('one', 15_000)).not.toBeNull();
  });

  it('gives it to one of many who come at once', async () => {
    const { locks, others } = given();
    const takes = Array.from({ length: 20 }, (_, i) => (i % 2 ? locks : others).take('rush', 15_000));
    expect((await Promise.all(takes)).filter((lock) => lock !== null)).toHaveLength(1);
  });

  it('takes it from nobody but its owner after it ran out', async () => {
    const { locks, others, expire, ttl } = given();
    const old = await locks.take('late', ttl);
    await expire();
    const lock = await others.take('late', 15_000);
    expect(lock).not.toBeNull();
    await old?.release();
    expect(await locks.take('late', 15_000)).toBeNull();
    await lock?.release();
    expect(await locks.take('late', 15_000)).not.toBeNull();
  });
}

describe.each(engines())('locks in %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let now = Date.UTC(2026, 0, 1);
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
  });
  afterAll(() => dispose());
  const locks = () => databaseLocks({ store, clock: { ...systemClock, now: () => now } });
  behavesAsLocks(() => ({
    locks: locks(),
    others: locks(),
    ttl: 15_000,
    expire: async () => {
      now += 15_001;
    },
  }));
});

describe.skipIf(inject('redis') === null)('locks in Redis', () => {
  let connections: RedisConnection[];
  beforeAll(async () => {
    const url = inject('redis') ?? '';
    connections = [connect(url), connect(url)];
    for (const connection of connections) await ready(connection);
  });
  afterAll(() => {
    for (const connection of connections) connection.close();
  });
  const locksOf = (index: number) => {
    const connection = connections[index];
    if (!connection) throw new Error('not connected');
    return redisLocks(connection.redis, connection.prefix);
  };
  behavesAsLocks(() => ({
    locks: locksOf(0),
    others: locksOf(1),
    ttl: 20,
    expire: async () => {
      const connection = connections[0];
      await expect.poll(() => connection?.redis.exists(`${connection.prefix}:lock:late`), PATIENT).toBe(0);
    },
  }));

  it('keeps them for as long as was said, under a prefix that only the secret tells', async () => {
    const [connection] = connections;
    await locksOf(0).take('kept', 15_000);
    const left = (await connection?.redis.pttl(`${connection.prefix}:lock:kept`)) ?? 0;
    expect(left).toBeGreaterThan(14_000);
    expect(left).toBeLessThanOrEqual(15_000);
    const other = connectRedis({ url: inject('redis') ?? '', secret: `${SECRET}!`, log: silentLog });
    expect(other.prefix).not.toBe(connection?.prefix);
    expect(other.prefix).not.toContain(SECRET);
    other.close();
  });
});

describe.skipIf(inject('redis') === null)('locks when Redis goes away', () => {
  let redis: OwnRedis;
  let connection: RedisConnection;
  let store: Store;
  let dispose: () => Promise<void>;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    redis = await startRedis();
    connection = connect(redis.url);
    await ready(connection);
  });
  afterAll(async () => {
    connection.close();
    await redis.stop();
    await dispose();
  });
  const database = () => databaseLocks({ store, clock: systemClock });
  const both = () => locksWithFallback(redisLocks(connection.redis, connection.prefix), database());

  it('asks Redis alone while it is there', async () => {
    const lock = await both().take('there', 15_000);
    expect(await both().take('there', 15_000)).toBeNull();
    expect(await database().take('there', 15_000)).not.toBeNull();
    await lock?.release();
  });

  it('turns to the database within a second when Redis is frozen, and back', async () => {
    redis.freeze();
    const begun = performance.now();
    const lock = await both().take('frozen', 15_000);
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect(lock).not.toBeNull();
    expect(await database().take('frozen', 15_000)).toBeNull();
    redis.wake();
    await expect.poll(() => connection.redis.ping().catch(() => null), PATIENT).toBe('PONG');
  });

  it('turns to the database at once when Redis is killed, and a release does not fail', async () => {
    const lock = await both().take('killed before', 15_000);
    await redis.kill();
    await expect(lock?.release()).resolves.toBeUndefined();
    await expect.poll(() => connection.ready, PATIENT).toBe(false);
    expect(await both().take('killed', 15_000)).not.toBeNull();
    expect(await database().take('killed', 15_000)).toBeNull();
  });
});
