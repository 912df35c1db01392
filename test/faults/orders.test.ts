import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { resumeRunsOf } from '../../src/core/depicts/resume.ts';
import { requestStop, startUndo } from '../../src/core/depicts/runs.ts';
import { writeStep } from '../../src/core/depicts/writer.ts';
import { VisavisError } from '../../src/core/platform/errors.ts';
import { reason } from '../../src/core/platform/reasons.ts';
import { claimsOf, expectSame, type FaultDesk, faultDesk, newWorld, type World } from './support.ts';
import { accountOf, hookAt } from './work.ts';

/** Events in an order that nobody wishes for. After each, the ledger and the wiki say the same. */

const AFTER_ITS_LEASE = 4 * 60_000;

let world: World;
let desk: FaultDesk;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.pocket.close());
afterEach(() => desk.dispose());

const page = (n = 0) => desk.pages[n] ?? 0;
const claims = () => claimsOf(desk);

async function stop(run: number): Promise<void> {
  await requestStop(desk.deps, { runId: run, accountId: desk.accountId });
}

/** A run that is stopped when nobody knows what became of its second edit, and the wiki cannot be read. */
async function stoppedInDoubt(kind: 'lost_answer' | 'lost_request'): Promise<number> {
  const { misbehave } = desk.pocket;
  misbehave.always({
    kind,
    match: { action: 'wbsetclaim', params: ({ claim }) => claim?.includes(`M${page(1)}$`) === true },
  });
  const run = await desk.write();
  await stop(run);
  misbehave.always({ kind: 'http503', match: { path: '/w/api.php' } });
  await desk.work();
  return run;
}

describe('a run that ends while nobody knows what became of an edit', () => {
  it('of a statement: it is looked for when the wiki can be read again, and can be taken back', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const run = await stoppedInDoubt('lost_answer');
    expect(await desk.run(run)).toMatchObject({ state: 'stopped' });
    expect(await desk.states()).toEqual(['written', 'writing']);
    pocket.misbehave.clear();
    desk.clock.time += 60_000;
    await desk.work();
    expect(await desk.states()).toEqual(['written', 'written']);
    await expectSame(store, pocket);
    await desk.undo(run);
    expect(await desk.states()).toEqual(['removed', 'removed']);
    await expectSame(store, pocket);
  });

  it('of a statement that never arrived: it failed, and can be written another time', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    await stoppedInDoubt('lost_request');
    pocket.misbehave.clear();
    desk.clock.time += 60_000;
    await desk.work();
    expect(await desk.states()).toEqual(['written', 'failed']);
    await expectSame(store, pocket);
    await desk.write();
    expect(await desk.states()).toEqual(Array(4).fill('written'));
    await expectSame(store, pocket);
  });

  it('of a removal: what is gone is not said to stand', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const run = await desk.write();
    pocket.misbehave.always({ kind: 'lost_answer', match: { action: 'wbremoveclaims' } });
    const undo = await desk.undo(run);
    expect(await desk.run(undo)).toMatchObject({ state: 'waiting' });
    pocket.misbehave.clear();
    await stop(undo);
    await desk.work();
    expect(await desk.states()).toEqual(['removed', 'written', 'written', 'written']);
    await expectSame(store, pocket);
  });

  it('of a removal while the wiki is away: it is looked at later', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const run = await desk.write();
    pocket.misbehave.always({ kind: 'lost_answer', match: { action: 'wbremoveclaims' } });
    const undo = await desk.undo(run);
    pocket.misbehave.always({ kind: 'http503', match: { path: '/w/api.php' } });
    await stop(undo);
    await desk.work();
    expect(await desk.run(undo)).toMatchObject({ state: 'stopped' });
    expect(await desk.states()).toEqual(['removing', 'written', 'written', 'written']);
    pocket.misbehave.clear();
    desk.clock.time += 60_000;
    await desk.work();
    expect(await desk.states()).toEqual(['removed', 'written', 'written', 'written']);
    await expectSame(store, pocket);
  });

  it('of a statement, which is taken back before anybody looked', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const run = await stoppedInDoubt('lost_answer');
    pocket.misbehave.clear();
    await desk.undo(run);
    expect(await desk.states()).toEqual(['removed', 'removed']);
    await expectSame(store, pocket);
  });
});

describe('a run that is paused while nobody knows what became of an edit', () => {
  /** The answer to an edit is lost, and the link is broken before the edit can be repeated. */
  function breakAfterLost(action: string) {
    const { pocket, clock, worker } = desk;
    pocket.misbehave.next({ kind: 'lost_answer', match: { action } });
    const token = pocket.hands.issueTokens('Practice Anna').accessToken;
    clock.onSleep = () => pocket.hands.revokeGrant('Practice Anna');
    const refresh = () => Promise.reject(new VisavisError('sign_in_refused', 'Sign in again.'));
    return worker('worker one', { wikiAccount: () => ({ ...accountOf('Practice Anna', token), refresh }) });
  }
  const goOn = async (run: number) => {
    desk.clock.onSleep = () => {};
    const token = desk.pocket.hands.issueTokens('Practice Anna').accessToken;
    await resumeRunsOf(desk.deps, { id: desk.accountId, blocked: false });
    await desk.work(desk.worker('worker one', { wikiAccount: () => accountOf('Practice Anna', token) }));
    expect(await desk.run(run)).toMatchObject({ state: 'done' });
  };

  it('looks at the statement first: what a person takes away until it goes on is not written again', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const run = await desk.start();
    await desk.work(breakAfterLost('wbsetclaim'));
    expect(await desk.run(run)).toMatchObject({ state: 'paused' });
    expect(await desk.states()).toEqual(['written', 'queued', 'queued', 'queued']);
    await expectSame(store, pocket);
    pocket.hands.removeStatement(page(), (await claims())[0]?.statement_id ?? '');
    await goOn(run);
    expect(pocket.hands.statements(page())).toEqual([]);
    expect(pocket.requests.count('wbsetclaim')).toBe(5);
  });

  it('looks at the statement first when it takes back', async () => {
    desk = await faultDesk({ world });
    const { pocket, store, deps, accountId } = desk;
    const written = await desk.write();
    const undo = await startUndo(deps, { runId: written, accountId });
    await desk.work(breakAfterLost('wbremoveclaims'));
    expect(await desk.run(undo)).toMatchObject({ state: 'paused' });
    expect(await desk.states()).toEqual(['removed', 'removing', 'removing', 'removing']);
    await goOn(undo);
    expect(await desk.states()).toEqual(Array(4).fill('removed'));
    await expectSame(store, pocket);
  });
});

describe('a worker that was asleep between its note and its request', () => {
  it('does not write what was taken back meanwhile', async () => {
    desk = await faultDesk({ world });
    const { pocket, store, clock } = desk;
    const run = await desk.start();
    const second = desk.worker('worker two');
    const unsafeTestHook = hookAt('noted', 2, async () => {
      clock.time += AFTER_ITS_LEASE;
      await desk.work(second);
      expect(await desk.states()).toEqual(Array(4).fill('written'));
      await desk.undo(run);
    });
    await writeStep(desk.worker('worker one', { unsafeTestHook }));
    expect(await desk.states()).toEqual(Array(4).fill('removed'));
    await expectSame(store, pocket);
  });

  it('does not write what was stopped meanwhile', async () => {
    desk = await faultDesk({ world });
    const { pocket, store, clock } = desk;
    const run = await desk.start();
    const second = desk.worker('worker two');
    const unsafeTestHook = hookAt('noted', 2, async () => {
      clock.time += AFTER_ITS_LEASE;
      await stop(run);
      await desk.work(second);
    });
    await writeStep(desk.worker('worker one', { unsafeTestHook }));
    expect(await desk.states()).toEqual(['written', 'failed']);
    await expectSame(store, pocket);
  });
});

describe('a file that changes in the middle of a run', () => {
  const afterFirst = (happens: () => void) => hookAt('settled', 1, happens);
  const many = 52;

  it('is moved: the statement goes with the page, not to the redirect that it leaves', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const before = pocket.hands.page(page(2)).title;
    const unsafeTestHook = afterFirst(() => pocket.hands.moveFile(before, `File:Moved ${page(2)}.jpg`));
    await desk.start();
    await desk.work(desk.worker('worker one', { unsafeTestHook }));
    expect(await desk.states()).toEqual(Array(4).fill('written'));
    expect(pocket.hands.statements(pocket.hands.page(before).id)).toEqual([]);
    await expectSame(store, pocket);
  });

  it('becomes a redirect: nothing is written to it, and nobody is asked about it any more', async () => {
    desk = await faultDesk({ world, files: many });
    const { pocket, store } = desk;
    const target = pocket.hands.page(page(0)).title;
    const [early, late] = [page(2), page(51)];
    pocket.hands.redirectFile(early, target);
    const unsafeTestHook = afterFirst(() => pocket.hands.redirectFile(late, target));
    const run = await desk.start();
    await desk.work(desk.worker('worker one', { unsafeTestHook }));
    expect(await desk.run(run)).toMatchObject({ state: 'done' });
    const failed = (await claims()).filter(({ state }) => state !== 'written');
    expect(failed).toMatchObject([
      { page_id: early, state: 'failed', reason: reason('page-redirect') },
      { page_id: late, state: 'failed', reason: reason('page-redirect') },
    ]);
    expect(pocket.requests.count('wbsetclaim')).toBe(many - 2);
    expect(pocket.hands.statements(early)).toEqual([]);
    expect(pocket.hands.statements(late)).toEqual([]);
    const gone = await store.db.selectFrom('files').select('page_id').where('state', '=', 'gone').execute();
    expect(gone.map((row) => row.page_id)).toEqual([early, late]);
    await expectSame(store, pocket);
  });

  it('is deleted: it fails without a request', async () => {
    desk = await faultDesk({ world, files: many });
    const { pocket, store } = desk;
    const late = page(51);
    const unsafeTestHook = afterFirst(() => pocket.hands.deletePage(late));
    await desk.start();
    await desk.work(desk.worker('worker one', { unsafeTestHook }));
    expect((await claims()).filter(({ state }) => state !== 'written')).toMatchObject([
      { page_id: late, state: 'failed', reason: reason('file-gone') },
    ]);
    expect(pocket.requests.count('wbsetclaim')).toBe(many - 1);
    await expectSame(store, pocket);
  });

  it('is deleted before its statement is taken back', async () => {
    desk = await faultDesk({ world, files: 2 });
    const { pocket } = desk;
    const run = await desk.write();
    pocket.hands.deletePage(page());
    const undo = await desk.undo(run);
    expect(await desk.run(undo)).toMatchObject({ state: 'done', reason: null });
    expect(await desk.states()).toEqual(['removed', 'removed']);
  });

  it('has a redirect for its page when its statement is taken back: ours goes all the same', async () => {
    desk = await faultDesk({ world, files: 2 });
    const { pocket, store } = desk;
    const run = await desk.write();
    pocket.hands.redirectFile(page(1), pocket.hands.page(page(0)).title);
    await desk.undo(run);
    expect(await desk.states()).toEqual(['removed', 'removed']);
    expect(pocket.hands.statements(page(1))).toEqual([]);
    await expectSame(store, pocket);
  });
});
