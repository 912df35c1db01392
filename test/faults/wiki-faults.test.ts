import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resumeRunsOf } from '../../src/core/depicts/resume.ts';
import { retryClaim } from '../../src/core/depicts/runs.ts';
import { writeStep } from '../../src/core/depicts/writer.ts';
import { reason } from '../../src/core/platform/reasons.ts';
import { openStore } from '../../src/core/store/store.ts';
import { engines } from '../support/stores.ts';
import { expectSame, type FaultDesk, faultDesk, newWorld, type World } from './support.ts';
import { accountOf, hookAt } from './work.ts';

let world: World;
let desk: FaultDesk;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.pocket.close());
afterEach(() => desk.dispose());

const ALL = ['written', 'written', 'written', 'written'];
const nth = (n: number) => {
  let times = 0;
  return () => ++times === n;
};

describe('an answer that is lost after the wiki has saved', () => {
  it('of wbsetclaim: the repetition adds nothing, and the statement is known as ours', async () => {
    desk = await faultDesk({ world });
    const { pocket } = desk;
    pocket.misbehave.next({ kind: 'lost_answer', match: { action: 'wbsetclaim', params: nth(2) } });
    await desk.write();
    expect(await desk.states()).toEqual(ALL);
    expect(pocket.requests.count('wbsetclaim')).toBe(5);
    await expectSame(desk.store, pocket);
  });

  it('of wbsetclaim, again and again until we give up: the run goes on later', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const page = desk.pages[1] ?? 0;
    const cut = pocket.misbehave.always({
      kind: 'lost_answer',
      match: { action: 'wbsetclaim', params: ({ claim }) => claim?.includes(`M${page}$`) === true },
    });
    const run = await desk.write();
    expect(await desk.run(run)).toMatchObject({ state: 'waiting' });
    expect(pocket.hands.statements(page)).toHaveLength(1);
    cut();
    desk.clock.time += 60_000;
    await desk.work();
    expect(await desk.states()).toEqual(ALL);
    await expectSame(store, pocket);
  });

  it('of wbsetclaim, while the process stops: a stopped run takes what it finds as ours', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const stop = new AbortController();
    const page = desk.pages[1] ?? 0;
    pocket.misbehave.always({
      kind: 'lost_answer',
      match: { action: 'wbsetclaim', params: ({ claim }) => claim?.includes(`M${page}$`) === true },
    });
    const run = await desk.write();
    pocket.misbehave.clear();
    await store.db.updateTable('runs').set({ stop_requested_at: 1 }).where('id', '=', run).execute();
    await writeStep(desk.deps, stop.signal);
    expect(await desk.run(run)).toMatchObject({ state: 'stopped' });
    expect(await desk.states()).toEqual(['written', 'written']);
    await expectSame(store, pocket);
  });

  it('of wbremoveclaims: what is gone is taken back', async () => {
    desk = await faultDesk({ world });
    const { pocket } = desk;
    const run = await desk.write();
    pocket.misbehave.next({ kind: 'lost_answer', match: { action: 'wbremoveclaims', params: nth(3) } });
    await desk.undo(run);
    expect(await desk.states()).toEqual(ALL.map(() => 'removed'));
    expect(pocket.requests.count('wbremoveclaims')).toBe(5);
    await expectSame(desk.store, pocket);
  });
});

describe('a wiki that wants us to wait', () => {
  it('maxlag twice, then success: as long as Retry-After says', async () => {
    desk = await faultDesk({ world });
    const { pocket, clock } = desk;
    pocket.misbehave.next({ kind: 'maxlag', times: 2, match: { action: 'wbsetclaim' } });
    await desk.write();
    expect(clock.sleeps).toEqual([5_000, 5_000]);
    expect(await desk.states()).toEqual(ALL);
    await expectSame(desk.store, pocket);
  });

  it('read-only for a minute', async () => {
    desk = await faultDesk({ world });
    const { pocket, clock } = desk;
    const end = clock.now() + 60_000;
    const over = pocket.misbehave.always({ kind: 'readonly' });
    clock.onSleep = (now) => {
      if (now >= end) over();
    };
    const run = await desk.write();
    expect(await desk.run(run)).toMatchObject({ state: 'done' });
    expect(clock.now() - end).toBeLessThan(60_000);
    expect(await desk.states()).toEqual(ALL);
    await expectSame(desk.store, pocket);
  });

  it('too many edits: on when there is room again', async () => {
    desk = await faultDesk({ world, files: 7 });
    const { pocket } = desk;
    pocket.hands.setRateLimit(3, 60);
    const run = await desk.write();
    expect(await desk.run(run)).toMatchObject({ state: 'done' });
    expect(await desk.states()).toEqual(Array(7).fill('written'));
    await expectSame(desk.store, pocket);
  });

  it('a conflict that does not end keeps nobody else waiting', async () => {
    desk = await faultDesk({ world });
    const { pocket } = desk;
    const page = desk.pages[1] ?? 0;
    const run = await desk.write();
    pocket.misbehave.always({
      kind: 'editconflict',
      match: { params: ({ claim }) => claim?.startsWith(`M${page}$`) === true },
    });
    const undo = await desk.undo(run);
    expect(await desk.states()).toEqual(['removed', 'written', 'removed', 'removed']);
    expect(await desk.run(undo)).toEqual({
      state: 'done',
      reason: reason('run-stayed', [1]),
    });
    await expectSame(desk.store, pocket);
    pocket.misbehave.clear();
    await desk.undo(run);
    expect(await desk.states()).toEqual(ALL.map(() => 'removed'));
    await expectSame(desk.store, pocket);
  });
});

describe('tokens and rights that end in the middle', () => {
  it('badtoken after a refresh', async () => {
    desk = await faultDesk({ world });
    const { pocket } = desk;
    let token = pocket.hands.issueTokens('Practice Anna').accessToken;
    let refreshed = 0;
    const wikiAccount = () => ({
      ...accountOf('Practice Anna', ''),
      accessToken: async () => token,
      refresh: async () => {
        refreshed += 1;
        token = pocket.hands.issueTokens('Practice Anna').accessToken;
        return token;
      },
    });
    pocket.misbehave.next({
      kind: 'mwoauth-invalid-authorization',
      match: { action: 'wbsetclaim', params: nth(2) },
    });
    pocket.misbehave.next({ kind: 'badtoken', match: { action: 'wbsetclaim', params: nth(2) } });
    await desk.start();
    await desk.work(desk.worker('worker one', { wikiAccount }));
    expect(refreshed).toBe(1);
    expect(pocket.misbehave.pending).toBe(0);
    expect(await desk.states()).toEqual(ALL);
    await expectSame(desk.store, pocket);
  });

  it('an account that is blocked pauses its run, which loses nothing', async () => {
    desk = await faultDesk({ world });
    const { pocket, deps, store } = desk;
    const unsafeTestHook = hookAt('settled', 2, () => pocket.hands.block('Practice Anna'));
    const run = await desk.start();
    await desk.work(desk.worker('worker one', { unsafeTestHook }));
    expect(await desk.run(run)).toMatchObject({ state: 'paused' });
    expect((await desk.run(run)).reason).toContain('blocked');
    expect(await desk.states()).toEqual(['written', 'written', 'writing', 'queued']);
    await expectSame(store, pocket);
    pocket.hands.unblock('Practice Anna');
    await resumeRunsOf(deps, { id: desk.accountId, blocked: false });
    await desk.work();
    expect(await desk.states()).toEqual(ALL);
    await expectSame(store, pocket);
  });

  it('a page that is protected is left alone', async () => {
    desk = await faultDesk({ world });
    const { pocket } = desk;
    const page = desk.pages[2] ?? 0;
    const unsafeTestHook = hookAt('settled', 1, () => pocket.hands.protect(page));
    const run = await desk.start();
    await desk.work(desk.worker('worker one', { unsafeTestHook }));
    expect(await desk.run(run)).toMatchObject({ state: 'done' });
    expect(await desk.states()).toEqual(['written', 'written', 'failed', 'written']);
    await expectSame(desk.store, pocket);
  });

  it('a warning of the abuse filter waits for a person, who tries that one again', async () => {
    desk = await faultDesk({ world });
    const { pocket, deps, store } = desk;
    pocket.misbehave.next({
      kind: 'abusefilter-warning',
      match: { action: 'wbsetclaim', params: nth(2) },
    });
    await desk.write();
    expect(await desk.states()).toEqual(['written', 'failed', 'written', 'written']);
    await expectSame(store, pocket);
    const failed = await store.db
      .selectFrom('sdc_claims')
      .select(['id', 'reason', 'statement_id'])
      .where('state', '=', 'failed')
      .executeTakeFirstOrThrow();
    expect(failed.reason).toContain('automatically identified as harmful');
    await retryClaim(deps, { claimId: failed.id, accountId: desk.accountId });
    await desk.work();
    expect(await desk.states()).toEqual(ALL);
    expect(pocket.hands.statements(desk.pages[1] ?? 0).map(({ id }) => id)).toEqual([failed.statement_id]);
    await expectSame(store, pocket);
  });
});

describe.each(engines())('several workers on %s', (kind) => {
  it('write each statement of a run once', async () => {
    desk = await faultDesk({ world, kind, files: 12 });
    const { pocket, store, address } = desk;
    const other = openStore(address, { connections: 4 });
    await desk.start();
    const second = desk.worker('worker two', { store: other });
    const worked = await Promise.all([writeStep(desk.deps), writeStep(second), writeStep(desk.deps)]);
    expect(worked.filter(Boolean)).toHaveLength(1);
    expect(pocket.requests.count('wbsetclaim')).toBe(12);
    expect(await desk.states()).toEqual(Array(12).fill('written'));
    await expectSame(store, pocket);
    await other.close();
  });

  it('the one who was too slow leaves the rest to the one who took over', async () => {
    desk = await faultDesk({ world, kind });
    const { pocket, store, address, clock } = desk;
    const other = openStore(address, { connections: 4 });
    const run = await desk.start();
    const second = desk.worker('worker two', { store: other });
    const unsafeTestHook = hookAt('answered', 2, async () => {
      clock.time += 4 * 60_000;
      expect(await writeStep(second)).toBe(true);
    });
    await writeStep(desk.worker('worker one', { unsafeTestHook }));
    expect(pocket.requests.count('wbsetclaim')).toBe(4);
    expect(await desk.run(run)).toMatchObject({ state: 'done' });
    expect(await desk.states()).toEqual(ALL);
    await expectSame(store, pocket);
    await other.close();
  });

  it('keep to one pace for an account, whatever the runs', async () => {
    desk = await faultDesk({ world, kind, editsPerMinute: 6 });
    const { pocket } = desk;
    const started = desk.clock.now();
    const run = await desk.write();
    await desk.undo(run);
    const edits = pocket.requests.entries.filter(({ method }) => method === 'POST').map(({ at }) => at);
    expect(edits).toHaveLength(8);
    for (const [i, at] of edits.entries()) expect(at - started).toBe(i * 10_000);
    await expectSame(desk.store, pocket);
  });
});
