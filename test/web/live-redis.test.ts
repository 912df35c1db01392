import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Clock, systemClock } from '../../src/core/platform/clock.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import { redisNudges } from '../../src/core/platform/nudges.ts';
import { connectRedis, type RedisConnection } from '../../src/core/platform/redis.ts';
import type { Store } from '../../src/core/store/store.ts';
import { redisLimits } from '../../src/web/rate-limits.ts';
import { type OwnRedis, startRedis } from '../support/redis.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { seedProject } from './support/project.ts';
import { type Site, startSite } from './support/site.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 30_000, interval: 20 };
/** As often as the limit of requests allows. */
const SELDOM = { timeout: 30_000, interval: 500 };

/** Nobody looks by themselves: what is seen was nudged. */
const clock: Clock = {
  now: systemClock.now,
  sleep: (ms, signal) =>
    ms < 1_000
      ? new Promise((resolve) => setImmediate(resolve))
      : new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true })),
};

describe.skipIf(inject('redis') === null)('two web processes over one database and one Redis', () => {
  let redis: OwnRedis;
  let store: Store;
  let dispose: () => Promise<void>;
  let connections: RedisConnection[];
  let sites: Site[];
  let owner: Browser;
  let project: number;

  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    redis = await startRedis();
    const secret = 'a secret for tests alone, long enough';
    connections = [0, 1].map(() => connectRedis({ url: redis.url, secret, log: silentLog }));
    sites = await Promise.all(
      connections.map((connection) => {
        const limits = redisLimits(connection);
        const health = async () => ({
          ok: true,
          degraded: !connection.ready,
          parts: { limits: limits.where?.() ?? 'memory' },
        });
        return startSite(store, { clock, nudges: redisNudges(connection), limits, health });
      }),
    );
    owner = new Browser(sites[0]?.url ?? '');
    await owner.signIn('Owner');
    const { account_id } = await store.db
      .selectFrom('account_profiles')
      .select('account_id')
      .executeTakeFirstOrThrow();
    project = await seedProject(store, account_id);
  });
  afterAll(async () => {
    for (const site of sites) await site.close();
    for (const connection of connections) connection.close();
    await redis.stop();
    await dispose();
  });

  const healths = async () =>
    Promise.all(
      sites.map(async ({ url }) => {
        const answer = await fetch(`${url}/health`);
        const { degraded, parts } = (await answer.json()) as {
          degraded: boolean;
          parts: Record<string, string>;
        };
        return [answer.status, degraded, parts.limits];
      }),
    );
  const bothSay = (...wanted: [number, boolean, string]) =>
    expect.poll(healths, PATIENT).toEqual([wanted, wanted]);

  /** What a page that is open on the other process has heard: the number of changes. */
  async function openPage() {
    const ending = new AbortController();
    const response = await fetch(`${sites[1]?.url}/projects/${project}/events`, { signal: ending.signal });
    let changes = 0;
    const reading = (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of response.body ?? [])
        changes += decoder.decode(chunk as Uint8Array).split('event: change').length - 1;
    })().catch(() => {});
    return {
      changes: () => changes,
      close: async () => {
        ending.abort();
        await reading;
      },
    };
  }

  let state = 'active';
  /** Somebody changes something on the first process, again until it is heard: nudges may be lost. */
  async function isHeard() {
    const page = await openPage();
    await expect.poll(page.changes, PATIENT).toBe(1);
    await expect
      .poll(async () => {
        state = state === 'paused' ? 'completed' : 'paused';
        await owner.post(`/projects/${project}/state`, { state });
        return page.changes();
      }, SELDOM)
      .toBeGreaterThan(1);
    await page.close();
  }

  test('what happens in one is seen at once on the pages of the other, and the limits are shared', async () => {
    await bothSay(200, false, 'redis');
    await isHeard();
  });

  test('without Redis both go on and say so; when it is back all is as before, with no restart', async () => {
    await redis.kill();
    await bothSay(200, true, 'memory');
    state = state === 'paused' ? 'completed' : 'paused';
    expect((await owner.post(`/projects/${project}/state`, { state })).status).toBe(303);
    await redis.revive();
    await bothSay(200, false, 'redis');
    await isHeard();
  });
});
