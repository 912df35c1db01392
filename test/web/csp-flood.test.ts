import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MOST_A_DAY } from '../../src/core/origins/violations.ts';
import type { Store } from '../../src/core/store/store.ts';
import { memoryLimits } from '../../src/web/rate-limits.ts';
import { MOST_A_SECOND } from '../../src/web/routes/csp-reports.ts';
import { type LoadResult, load } from '../support/load.ts';
import { engines, freshStore } from '../support/stores.ts';
import { address } from './support/flood.ts';
import { type Site, startSite } from './support/site.ts';

const REPORTS = 10_000;
const SECONDS = 10;

/**
 * Ten thousand forged reports in ten seconds, each from another address and about another host. How quick the pages
 * are meanwhile is printed; what must hold on any machine is that every one is answered, and that little is kept.
 */
describe.each(engines())('a flood of reports on %s', { timeout: 240_000 }, (kind) => {
  let store: Store;
  let site: Site;
  let dispose: () => Promise<void>;
  beforeAll(async () => {
    const fresh = await freshStore(kind, 3);
    store = fresh.store;
    // Nobody is let through for being somebody: the limits of the product, and a proxy that says who asks.
    site = await startSite(store, { limits: memoryLimits(), trustedProxies: 1 });
    dispose = fresh.dispose;
  });
  afterAll(() => dispose());

  let asked = 0;
  const pages = (name: string, seconds = SECONDS) =>
    load({
      name,
      url: site.url,
      rate: 20,
      connections: 4,
      seconds,
      status: 200,
      next: () => ({ method: 'GET', path: '/help', headers: { 'x-forwarded-for': address(++asked) } }),
    });
  /** From a thread of its own: what sends must not be in the way of what answers. */
  const flood = () => {
    const { promise, resolve, reject } = Promise.withResolvers<LoadResult>();
    const thread = new Worker(new URL('./support/flood.ts', import.meta.url), {
      workerData: { url: site.url, reports: REPORTS, seconds: SECONDS },
    });
    thread.on('message', resolve).on('error', reject);
    return promise;
  };

  it('is answered, is bounded in the database, and the pages go on', async () => {
    await pages('to be warm', 3);
    const calm = await pages('pages alone');
    const [reports, meanwhile] = await Promise.all([flood(), pages('pages meanwhile')]);
    print(kind, calm, meanwhile, reports);
    expect(reports).toMatchObject({ sent: REPORTS, failed: 0 });
    expect(meanwhile).toMatchObject({ sent: 20 * SECONDS, failed: 0 });
    await site.close();
    const { rows, seen } = await store.db
      .selectFrom('csp_violations')
      .select((eb) => [eb.fn.countAll<number>().as('rows'), eb.fn.sum<number>('seen').as('seen')])
      .executeTakeFirstOrThrow();
    expect(Number(rows)).toBeGreaterThan(0);
    expect(Number(rows)).toBeLessThanOrEqual(MOST_A_DAY);
    // However long this machine took.
    const seconds = Math.ceil(reports.sent / reports.perSecond) + 2;
    expect(Number(seen)).toBeLessThanOrEqual(MOST_A_SECOND * seconds);
    expect(await store.db.selectFrom('csp_own_violations').selectAll().execute()).toEqual([]);
    expect(await store.db.selectFrom('sessions').select('id_hash').execute()).toEqual([]);
  });
});

function print(kind: string, ...results: readonly LoadResult[]): void {
  const lines = results.map(
    ({ name, sent, perSecond, p50, p95, p99 }) =>
      `${name}: ${sent} at ${perSecond.toFixed(0)}/s, p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)}, p99 ${p99.toFixed(1)} ms`,
  );
  process.stdout.write(`${kind}: ${lines.join('; ')}\n`);
}
