import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { setWriteBoxes } from '../../../src/core/depicts/boxes.ts';
import { previewRun, requestStop, retryClaim } from '../../../src/core/depicts/runs.ts';
import { removeTheirs, type SingleEditDeps, setProminent } from '../../../src/core/depicts/single-edits.ts';
import { reason } from '../../../src/core/platform/reasons.ts';
import type { Item } from '../../../src/core/wiki/items.ts';
import {
  agree,
  expectSame,
  type FaultDesk,
  faultDesk,
  newWorld,
  PERSON,
  type World,
} from '../../faults/support.ts';
import { accountOf, hookAt, wikiAt } from '../../faults/work.ts';
import { addMember } from '../../support/people.ts';

/** The practice wiki has merged this item into `PERSON`. */
const MERGED = 'Q9010';
const OTHER = 'Q9002';
const DELETED = 'Q9999';

let world: World;
let desk: FaultDesk;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.pocket.close());
afterEach(() => desk.dispose());

async function person(item: string): Promise<void> {
  await desk.store.db
    .insertInto('project_persons')
    .values({
      project_id: desk.projectId,
      person: item,
      label: item,
      description: '',
      portrait_title: null,
      portrait_url: null,
      position: 1,
    })
    .execute();
}

async function claims() {
  return desk.store.db.selectFrom('sdc_claims').selectAll().orderBy('id').execute();
}

async function onlyClaim() {
  const [claim] = await claims();
  if (!claim) throw new Error('the ledger is empty');
  return claim;
}

const page = () => desk.pages[0] ?? 0;
const statements = () => world.pocket.hands.statements(page());
const toWrite = async () => (await previewRun(desk.store, desk.projectId)).pairs;
const actions = async () =>
  (await desk.store.db.selectFrom('audit').select('action').orderBy('id').execute()).map((row) => row.action);

async function agreeAnew(): Promise<void> {
  await desk.store.db
    .updateTable('verdicts')
    .set({ changed_at: desk.clock.now() + 1 })
    .execute();
}

function singleEdits(): SingleEditDeps {
  const token = world.pocket.hands.issueTokens('Practice Anna').accessToken;
  return {
    store: desk.store,
    clock: desk.clock,
    wiki: wikiAt(`${world.pocket.url}/w/api.php`, desk.clock),
    account: accountOf('Practice Anna', token),
    editsPerMinute: null,
  };
}

describe('the place in the picture', () => {
  it('is said when the project wants it, in per cent of the picture', async () => {
    desk = await faultDesk({ world, files: 2 });
    const { store, deps, projectId, accountId } = desk;
    await setWriteBoxes(deps, { projectId, accountId, on: true });
    // A new version of the second file: nobody knows where the face is in it.
    await store.db
      .updateTable('files')
      .set({ sha1: 'f'.repeat(40) })
      .where('page_id', '=', desk.pages[1] ?? 0)
      .execute();
    await desk.write();
    expect(statements()[0]?.qualifiers?.P2677?.[0]?.datavalue?.value).toBe('pct:10,10,20,20');
    expect(world.pocket.hands.statements(desk.pages[1] ?? 0)[0]?.qualifiers).toBeUndefined();
    await expectSame(store, world.pocket);
  });

  it('is not said unless an owner wants it', async () => {
    desk = await faultDesk({ world, files: 1 });
    const accountId = await addMember(desk.store, desk.projectId);
    const asked = { projectId: desk.projectId, accountId, on: true };
    await expect(setWriteBoxes(desk.deps, asked)).rejects.toMatchObject({ code: 'forbidden' });
    await desk.write();
    expect(statements()[0]?.qualifiers).toBeUndefined();
  });
});

describe('items that change', () => {
  it('a merged one is followed: the statement, the ledger and what is left to write are about the target', async () => {
    desk = await faultDesk({ world, files: 0 });
    const [first = 0, second = 0] = await world.pocket.hands.addManyFiles(2, 'Category:Merged', 'Merged one');
    await person(MERGED);
    for (const pageId of [first, second]) await agree(desk.store, desk.projectId, pageId, MERGED);
    const theirs = world.pocket.hands.depict(second, PERSON);
    await desk.write();
    expect(world.pocket.hands.statements(first)).toMatchObject([
      { mainsnak: { datavalue: { value: { id: PERSON } } } },
    ]);
    expect(await claims()).toMatchObject([
      { person: PERSON, state: 'written' },
      { person: PERSON, state: 'present', other_statement_id: theirs },
    ]);
    expect(await toWrite()).toEqual([]);
    await expectSame(desk.store, world.pocket);
  });

  it('a merged one is not written beside a claim about its target', async () => {
    desk = await faultDesk({ world, files: 1 });
    await desk.write();
    await person(MERGED);
    const file = await desk.store.db.selectFrom('faces').select('id').executeTakeFirstOrThrow();
    const verdict = { project_id: desk.projectId, face_id: file.id, person: MERGED, changed_at: 1 };
    await desk.store.db
      .insertInto('verdicts')
      .values({ ...verdict, verdict: 'match', source: 'votes' })
      .execute();
    await desk.write();
    expect(await desk.states()).toEqual(['written', 'present']);
    expect(statements()).toHaveLength(1);
    expect(await toWrite()).toEqual([]);
    await expectSame(desk.store, world.pocket);
  });

  it('a deleted one fails its claims without a request', async () => {
    desk = await faultDesk({ world, files: 1 });
    await person(DELETED);
    const pages = await world.pocket.hands.addManyFiles(2, 'Category:Deleted', 'Deleted item');
    for (const pageId of pages) await agree(desk.store, desk.projectId, pageId, DELETED);
    await desk.write();
    expect(await desk.states()).toEqual(['written', 'failed', 'failed']);
    expect((await claims())[1]?.reason).toBe(reason('item-deleted', [DELETED]));
    expect(world.pocket.requests.count('wbsetclaim')).toBe(1);
  });

  it('one that is deleted in the middle is tried once', async () => {
    desk = await faultDesk({ world, files: 0 });
    await person(DELETED);
    const pages = await world.pocket.hands.addManyFiles(3, 'Category:Deleted', 'Deleted later');
    for (const pageId of pages) await agree(desk.store, desk.projectId, pageId, DELETED);
    const words = { label: null, description: null, dead: false, portrait: null };
    const stillThere = (id: string): Item => ({ id, ...words, isHuman: true });
    const wiki = {
      ...desk.deps.wiki,
      items: async (ids: readonly string[]) => new Map(ids.map((id) => [id, stillThere(id)])),
    };
    await desk.start();
    await desk.work(desk.worker('worker one', { wiki }));
    expect(await desk.states()).toEqual(['failed', 'failed', 'failed']);
    expect((await claims())[0]?.reason).toContain('modification-failed');
    expect(world.pocket.requests.count('wbsetclaim')).toBe(1);
  });
});

describe('what a person took away', () => {
  it('is noticed when a run reads the file, and never added again', async () => {
    desk = await faultDesk({ world, files: 1 });
    await desk.write();
    const { id, statement_id } = await onlyClaim();
    world.pocket.hands.removeStatement(page(), statement_id);
    desk.clock.time += 11 * 60_000;
    await person(OTHER);
    const face = await desk.store.db.selectFrom('faces').select('id').executeTakeFirstOrThrow();
    const verdict = { project_id: desk.projectId, face_id: face.id, person: OTHER, changed_at: 1 };
    await desk.store.db
      .insertInto('verdicts')
      .values({ ...verdict, verdict: 'match', source: 'votes' })
      .execute();
    await desk.write();
    expect(await claims()).toMatchObject([
      { id, state: 'removed', reason: reason('taken-away'), gone_at: desk.clock.now() },
      { person: OTHER, state: 'written' },
    ]);
    expect(await actions()).toContain('statement found gone');
    await agreeAnew();
    expect(await toWrite()).toEqual([]);
    await expectSame(desk.store, world.pocket);
  });
});

describe('a claim that failed', () => {
  it('keeps its statement id when its second run is stopped before it', async () => {
    desk = await faultDesk({ world, files: 2 });
    const { deps, accountId } = desk;
    const statementIds = async () => (await claims()).map((claim) => claim.statement_id);
    for (const pageId of desk.pages) world.pocket.hands.protect(pageId);
    await desk.write();
    const before = await statementIds();
    expect(await desk.states()).toEqual(['failed', 'failed']);
    const run = await desk.start();
    const unsafeTestHook = hookAt('taken up', 1, () => requestStop(deps, { runId: run, accountId }));
    await desk.work(desk.worker('worker one', { unsafeTestHook }));
    expect(await desk.run(run)).toMatchObject({ state: 'stopped' });
    expect(await desk.states()).toEqual(['failed', 'failed']);
    expect(await statementIds()).toEqual(before);
    for (const pageId of desk.pages) world.pocket.hands.protect(pageId, false);
  });

  it('is tried again alone, and only when it has failed', async () => {
    desk = await faultDesk({ world, files: 2 });
    const { deps, accountId } = desk;
    for (const pageId of desk.pages) world.pocket.hands.protect(pageId);
    await desk.write();
    for (const pageId of desk.pages) world.pocket.hands.protect(pageId, false);
    const { id: claimId } = await onlyClaim();
    await retryClaim(deps, { claimId, accountId });
    await desk.work();
    expect(await desk.states()).toEqual(['written', 'failed']);
    await expect(retryClaim(deps, { claimId, accountId })).rejects.toMatchObject({ code: 'conflict' });
    await expect(retryClaim(deps, { claimId: 0, accountId })).rejects.toMatchObject({ code: 'not_found' });
    await expectSame(desk.store, world.pocket);
  });

  it('fails at once when the file is gone', async () => {
    desk = await faultDesk({ world, files: 1 });
    await desk.start();
    await desk.store.db.updateTable('files').set({ state: 'gone' }).execute();
    await desk.work();
    expect(await onlyClaim()).toMatchObject({
      state: 'failed',
      reason: reason('file-gone'),
    });
    expect(world.pocket.requests.count('wbsetclaim')).toBe(0);
  });
});

describe('one statement alone', () => {
  it('becomes prominent because a person says so, with everything else in it as it was', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { deps, projectId, accountId } = desk;
    await setWriteBoxes(deps, { projectId, accountId, on: true });
    await desk.write();
    const { id: claimId } = await onlyClaim();
    const [before] = statements();
    expect(before?.rank).toBe('normal');
    await setProminent(singleEdits(), { claimId, accountId, prominent: true });
    expect(statements()).toEqual([{ ...before, rank: 'preferred' }]);
    expect(await onlyClaim()).toMatchObject({ state: 'written', prominent: 1 });
    await setProminent(singleEdits(), { claimId, accountId, prominent: false });
    expect(statements()).toEqual([before]);
    expect((await actions()).filter((action) => action === 'prominence changed')).toHaveLength(2);
    await expectSame(desk.store, world.pocket);
  });

  it('of somebody else is removed only when an owner says yes to that one', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { store, accountId } = desk;
    const theirs = world.pocket.hands.depict(page(), PERSON);
    await desk.write();
    const claim = await onlyClaim();
    expect(claim).toMatchObject({ state: 'present', other_statement_id: theirs });
    const member = await addMember(store, desk.projectId);
    const ask = (who: number, statementId: string) =>
      removeTheirs(singleEdits(), { claimId: claim.id, accountId: who, statementId });
    await expect(ask(member, theirs)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(ask(accountId, claim.statement_id)).rejects.toMatchObject({ code: 'conflict' });
    expect(statements()).toHaveLength(1);
    expect(await ask(accountId, theirs)).toBe('removed');
    expect(statements()).toEqual([]);
    expect(await onlyClaim()).toMatchObject({ state: 'removed' });
    expect((await actions()).slice(-2)).toEqual([
      'removal of another’s statement agreed',
      'another’s statement removed',
    ]);
    await agreeAnew();
    expect(await toWrite()).toEqual([]);
    await expectSame(store, world.pocket);
  });

  it('waits for the turn of the account', async () => {
    desk = await faultDesk({ world, files: 1, editsPerMinute: 6 });
    await desk.write();
    const { id: claimId } = await onlyClaim();
    const edits = { ...singleEdits(), editsPerMinute: 6 };
    const change = (prominent: boolean) =>
      setProminent(edits, { claimId, accountId: desk.accountId, prominent });
    await change(true);
    await expect(change(false)).rejects.toMatchObject({ code: 'rate_limited' });
    desk.clock.time += 10_000;
    await change(false);
    expect(statements()[0]?.rank).toBe('normal');
  });
});
