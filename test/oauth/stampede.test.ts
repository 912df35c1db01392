import { afterEach, describe, expect, inject, it } from 'vitest';
import { type TokenDeps, wikiAccount } from '../../src/core/accounts/tokens.ts';
import { databaseLocks, type Locks, locksWithFallback, redisLocks } from '../../src/core/platform/locks.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import { connectRedis } from '../../src/core/platform/redis.ts';
import { openStore } from '../../src/core/store/store.ts';
import { type OwnRedis, startRedis } from '../support/redis.ts';
import { engines } from '../support/stores.ts';
import { Person } from './person.ts';
import { movableClock, type Product, startProduct } from './product.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

const ANNA = 'Practice Anna';
const HUNDRED = 100;
const TOKEN_PATH = '/w/rest.php/oauth2/access_token';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** An account whose token has run out, and `processes` that each have their own store and connections. */
async function expired(
  kind: 'sqlite' | 'mariadb',
  processes: number,
  redisUrl: string | null,
): Promise<{ product: Product; ask: (index: number) => Promise<string> }> {
  const clock = movableClock();
  // Sleeps take their time here: they are what the losers wait with.
  const real = { ...clock, sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)) };
  const product = await startProduct({ kind, clock: real });
  ends.push(() => product.close());
  await product.signIn(new Person(), ANNA);
  const id = await product.accountId(ANNA);
  const deps: TokenDeps[] = [];
  for (let i = 0; i < processes; i++) {
    const store = openStore(product.address, { connections: 3 });
    ends.push(() => store.close());
    let locks: Locks = databaseLocks({ store, clock: real });
    if (redisUrl !== null) {
      const connection = connectRedis({ url: redisUrl, secret: 'a secret for tests alone', log: silentLog });
      ends.push(() => connection.close());
      await expect.poll(() => connection.ready, PATIENT).toBe(true);
      locks = locksWithFallback(redisLocks(connection.redis, connection.prefix), locks);
    }
    deps.push({ store, clock: real, fernet: product.site.deps.fernet, oauth: product.oauth, locks });
  }
  real.advance(5 * 60 * 60_000);
  const ask = (index: number) => {
    const own = deps[index % processes];
    if (!own) throw new Error('no such process');
    return wikiAccount(own, { id, username: ANNA }).accessToken();
  };
  return { product, ask };
}

const rush = (ask: (index: number) => Promise<string>) =>
  Promise.all(Array.from({ length: HUNDRED }, (_, index) => ask(index)));

/** Nobody was signed out, and everybody has the one token that the wiki takes. */
async function expectOne(product: Product, tokens: readonly string[]): Promise<void> {
  expect(new Set(tokens).size).toBe(1);
  expect(product.refreshes()).toBe(1);
  expect(await product.tokenRow(ANNA)).toMatchObject({ broken_at: null });
  expect((await product.oauth.profile(tokens[0] ?? '')).username).toBe(ANNA);
}

describe.each(engines())('a hundred requests for one expired account on %s', (kind) => {
  it.each([1, 4])('are one refresh, from %d processes', async (processes) => {
    const { product, ask } = await expired(kind, processes, null);
    product.pocket.misbehave.next({ kind: 'slow', ms: 300, match: { path: TOKEN_PATH } });
    await expectOne(product, await rush(ask));
  });

  it.skipIf(inject('redis') === null)('are one refresh with Redis', async () => {
    const { product, ask } = await expired(kind, 4, inject('redis'));
    product.pocket.misbehave.next({ kind: 'slow', ms: 300, match: { path: TOKEN_PATH } });
    await expectOne(product, await rush(ask));
  });

  it.skipIf(inject('redis') === null)('are one refresh when Redis has gone before they ask', async () => {
    const redis: OwnRedis = await startRedis();
    ends.push(() => redis.stop());
    const { product, ask } = await expired(kind, 4, redis.url);
    await redis.kill();
    product.pocket.misbehave.next({ kind: 'slow', ms: 300, match: { path: TOKEN_PATH } });
    await expectOne(product, await rush(ask));
  });

  it.skipIf(inject('redis') === null).each(['killed', 'frozen'])(
    'are one refresh with a Redis that is %s in the middle',
    async (how) => {
      const redis: OwnRedis = await startRedis();
      ends.push(() => redis.stop());
      const { product, ask } = await expired(kind, 4, redis.url);
      product.pocket.misbehave.next({ kind: 'slow', ms: 1_500, match: { path: TOKEN_PATH } });
      const first = rush(ask);
      // The one who holds the lock in Redis is at the wiki now; who comes later finds no Redis.
      await expect.poll(() => product.refreshes(), PATIENT).toBe(1);
      if (how === 'killed') await redis.kill();
      else redis.freeze();
      const later = rush(ask);
      await expectOne(product, [...(await first), ...(await later)]);
    },
  );

  it('are refused together when the wiki has trouble, and go on when it is over', async () => {
    const { product, ask } = await expired(kind, 2, null);
    const trouble = product.pocket.misbehave.always({ kind: 'readonly' });
    const outcomes = await Promise.allSettled(Array.from({ length: HUNDRED }, (_, index) => ask(index)));
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { details: { kind: 'later' } } });
    }
    // One for each process: the callers of a process share the answer.
    expect(product.refreshes()).toBeLessThanOrEqual(2);
    trouble();
    product.pocket.requests.clear();
    await expectOne(product, await rush(ask));
  });
});
