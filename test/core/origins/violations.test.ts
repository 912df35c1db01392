import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dayOf } from '../../../src/core/origins/central-id.ts';
import type { Violation } from '../../../src/core/origins/reports.ts';
import { DEFAULT_RULES } from '../../../src/core/origins/rules.ts';
import {
  createReportQueue,
  KEPT_DAYS,
  MOST_A_DAY,
  MOST_WAITING,
  OWN_KEPT_DAYS,
  ownViolations,
  pruneViolations,
  violationsByOrigin,
} from '../../../src/core/origins/violations.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { DAY, world } from './world.ts';

describe.each(engines())('reports on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let here: ReturnType<typeof world>;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    here = world(store);
  });
  afterAll(() => dispose());
  beforeEach(async () => {
    await store.db.deleteFrom('csp_violations').execute();
    await store.db.deleteFrom('csp_own_violations').execute();
  });

  const queue = (options: { random?: () => number; sampling?: number } = {}) =>
    createReportQueue(here.deps, {
      random: options.random ?? (() => 0),
      sampling: () => options.sampling ?? 1,
    });
  const violation = (given: Partial<Violation> = {}): Violation => ({
    origin: 'https://api.example.net',
    directive: 'connect-src',
    route: '/projects/:id',
    ...given,
  });

  it('are counted by origin, directive, page and day', async () => {
    const reports = queue();
    reports.add([violation(), violation(), violation({ directive: 'img-src' })], null);
    await reports.flush();
    reports.add([violation()], null);
    await reports.flush();
    await reports.flush();
    const day = dayOf(here.clock.now());
    expect(await violationsByOrigin(store)).toEqual([
      { ...violation(), day, seen: 3 },
      { ...violation({ directive: 'img-src' }), day, seen: 1 },
    ]);
  });

  it('are sampled', async () => {
    let n = 0;
    const reports = queue({ random: () => (n++ % 10) / 10, sampling: 10 });
    reports.add(Array(100).fill(violation()), null);
    await reports.flush();
    expect(await violationsByOrigin(store)).toMatchObject([{ seen: 10 }]);
    expect(reports.dropped).toBe(90);
  });

  it('are bounded in memory and in the database, whatever is forged', async () => {
    const reports = queue();
    for (let round = 0; round * MOST_WAITING < MOST_A_DAY + 2 * MOST_WAITING; round++) {
      for (let n = 0; n < 3_000; n++)
        reports.add([violation({ origin: `https://host-${round}-${n}.example.net` })], null);
      await reports.flush();
    }
    const { rows } = await store.db
      .selectFrom('csp_violations')
      .select((eb) => eb.fn.countAll<number>().as('rows'))
      .executeTakeFirstOrThrow();
    expect(rows).toBe(MOST_A_DAY);
    expect(reports.dropped).toBeGreaterThan(10_000);
  });

  it('of a user are for that user, with a suggestion where something could be allowed', async () => {
    const { user } = await here.person();
    const { user: other } = await here.person();
    const reports = queue();
    reports.add(
      [violation(), violation({ directive: 'script-src-elem' }), violation({ origin: 'inline' })],
      user,
    );
    await reports.flush();
    reports.add([violation()], user);
    await reports.flush();
    const own = await ownViolations(store, { user, rules: DEFAULT_RULES });
    expect(own.map(({ origin, directive, suggestion }) => [origin, directive, suggestion]).sort()).toEqual([
      ['https://api.example.net', 'connect-src', 'https://api.example.net'],
      ['https://api.example.net', 'script-src-elem', null],
      ['inline', 'connect-src', null],
    ]);
    expect(await ownViolations(store, { user: other, rules: DEFAULT_RULES })).toEqual([]);
  });

  it('of a user are bounded too', async () => {
    const { user } = await here.person();
    const reports = queue();
    for (let n = 0; n < 200; n++) reports.add([violation({ origin: `https://host-${n}.example.net` })], user);
    await reports.flush();
    expect(await ownViolations(store, { user, rules: DEFAULT_RULES })).toHaveLength(50);
  });

  it('about origins that the user opted in to are not kept', async () => {
    const { account, user } = await here.person();
    await here.allow(account, 'https://api.example.com/v2/');
    const reports = queue();
    reports.add([violation({ origin: 'https://api.example.com' })], user);
    await reports.flush();
    expect(await violationsByOrigin(store)).toEqual([]);
    expect(await ownViolations(store, { user, rules: DEFAULT_RULES })).toEqual([]);
  });

  it('are deleted in time', async () => {
    const { user } = await here.person();
    const reports = queue();
    reports.add([violation()], user);
    await reports.flush();
    const now = here.clock.now();
    const counts = async () => [
      (await violationsByOrigin(store)).length,
      (await ownViolations(store, { user, rules: DEFAULT_RULES })).length,
    ];
    expect(await pruneViolations(store, now + OWN_KEPT_DAYS * DAY)).toBe(0);
    expect(await pruneViolations(store, now + (OWN_KEPT_DAYS + 1) * DAY)).toBe(1);
    expect(await counts()).toEqual([1, 0]);
    expect(await pruneViolations(store, now + (KEPT_DAYS + 1) * DAY)).toBe(1);
    expect(await counts()).toEqual([0, 0]);
  });
});
