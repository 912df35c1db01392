import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type SingleEditDeps, setProminent } from '../../src/core/depicts/single-edits.ts';
import { writeStep } from '../../src/core/depicts/writer.ts';
import { reason } from '../../src/core/platform/reasons.ts';
import type { FileStatements } from '../../src/core/wiki/statements.ts';
import {
  addPerson,
  agreeAlso,
  agreeOnAnotherFace,
  claimsOf,
  expectSame,
  type FaultDesk,
  faultDesk,
  newWorld,
  PERSON,
  type World,
} from './support.ts';
import { accountOf, hookAt, wikiAt } from './work.ts';

/** Other people change what we have written, or what was to be written. The ledger and the wiki say the same. */

/** The practice wiki has merged this item into `PERSON`. */
const MERGED = 'Q9010';
const OTHER = 'Q9002';
const SETTLED = 11 * 60_000;

let world: World;
let desk: FaultDesk;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.pocket.close());
afterEach(() => desk.dispose());

const page = (n = 0) => desk.pages[n] ?? 0;
const claims = () => claimsOf(desk);
async function firstClaim() {
  const [claim] = await claims();
  if (!claim) throw new Error('the ledger is empty');
  return claim;
}

describe('a statement of ours that somebody changed to name another person', () => {
  it('is theirs: an undo leaves it alone, and the ledger says so', async () => {
    desk = await faultDesk({ world, files: 2 });
    const { pocket, store } = desk;
    const run = await desk.write();
    const { statement_id } = await firstClaim();
    pocket.hands.depict(page(), OTHER, { id: statement_id });
    const undo = await desk.undo(run);
    expect(await desk.run(undo)).toMatchObject({ state: 'done' });
    expect(await claims()).toMatchObject([
      { state: 'removed', reason: reason('changed'), gone_at: desk.clock.now() },
      { state: 'removed', gone_at: null },
    ]);
    expect(pocket.hands.statements(page())).toMatchObject([
      { id: statement_id, mainsnak: { datavalue: { value: { id: OTHER } } } },
    ]);
    expect(pocket.hands.statements(page(1))).toEqual([]);
    await store.db
      .updateTable('verdicts')
      .set({ changed_at: desk.clock.now() + 1 })
      .execute();
    await expect(desk.start()).resolves.toBeTypeOf('number');
    await desk.work();
    // The other file may be written anew, this one is somebody's decision.
    expect(pocket.hands.statements(page())).toHaveLength(1);
  });

  it('is noticed when a run reads the file', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { pocket } = desk;
    await desk.write();
    const { statement_id } = await firstClaim();
    pocket.hands.depict(page(), 'Q9003', { id: statement_id });
    desk.clock.time += SETTLED;
    await agreeAlso(desk, OTHER);
    await desk.write();
    expect(await claims()).toMatchObject([
      { state: 'removed', reason: reason('changed') },
      { person: OTHER, state: 'written' },
    ]);
  });

  it('is still ours when it is the same person under the item that theirs was merged into', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { pocket, store } = desk;
    await addPerson(desk, MERGED);
    // Written before the merge, under the old item; a bot has followed the merge since.
    const run = await desk.write();
    const { id, statement_id } = await firstClaim();
    await store.db.updateTable('sdc_claims').set({ person: MERGED }).where('id', '=', id).execute();
    desk.clock.time += SETTLED;
    await agreeAlso(desk, OTHER);
    await desk.write();
    expect(await firstClaim()).toMatchObject({ state: 'written', statement_id });
    await desk.undo(run);
    expect(await firstClaim()).toMatchObject({ state: 'removed', gone_at: null });
    expect(pocket.hands.statements(page()).map(({ id: one }) => one)).not.toContain(statement_id);
  });
});

describe('a statement of ours', () => {
  it('that came back is known again when a run reads the file, and can be taken back', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { pocket, store } = desk;
    const run = await desk.write();
    await desk.undo(run);
    const { statement_id } = await firstClaim();
    // The removal was reverted on the wiki, or the file was away and is back as it was.
    pocket.hands.depict(page(), PERSON, { id: statement_id });
    desk.clock.time += SETTLED;
    await agreeAlso(desk, OTHER);
    await desk.write();
    expect(await desk.states()).toEqual(['written', 'written']);
    await expectSame(store, pocket);
    await desk.undo(run);
    expect(await firstClaim()).toMatchObject({ state: 'removed' });
    await expectSame(store, pocket);
  });

  it('about the item that a person was merged from is not called somebody else’s', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { store } = desk;
    await desk.write();
    const ours = await firstClaim();
    await store.db.updateTable('sdc_claims').set({ person: MERGED }).execute();
    await store.db
      .insertInto('item_redirects')
      .values({ item: MERGED, target: PERSON, seen_at: 1 })
      .execute();
    await desk.write();
    const [, second] = await claims();
    expect(second).toMatchObject({ person: PERSON, state: 'present', other_statement_id: null });
    expect(second?.reason).toContain('the ledger');
    expect(await firstClaim()).toMatchObject({ state: 'written', statement_id: ours.statement_id });
  });

  it('that is taken away while it becomes prominent is not put back', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { pocket, store, clock } = desk;
    await desk.write();
    const { id: claimId, statement_id } = await firstClaim();
    const token = pocket.hands.issueTokens('Practice Anna').accessToken;
    // The edit token is fetched between our look at the statement and our edit.
    const account = {
      ...accountOf('Practice Anna', token),
      accessToken: async () => {
        if (pocket.hands.statements(page()).length > 0) pocket.hands.removeStatement(page(), statement_id);
        return token;
      },
    };
    const edits: SingleEditDeps = {
      store,
      clock,
      wiki: wikiAt(`${pocket.url}/w/api.php`, clock),
      account,
      editsPerMinute: null,
    };
    const change = setProminent(edits, { claimId, accountId: desk.accountId, prominent: true });
    await expect(change).rejects.toMatchObject({ code: 'conflict' });
    expect(pocket.hands.statements(page())).toEqual([]);
  });

  it('whose new rank was saved, but not heard of, is prominent', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { pocket, store, clock } = desk;
    await desk.write();
    const { id: claimId } = await firstClaim();
    const edits: SingleEditDeps = {
      store,
      clock,
      wiki: wikiAt(`${pocket.url}/w/api.php`, clock),
      account: accountOf('Practice Anna', pocket.hands.issueTokens('Practice Anna').accessToken),
      editsPerMinute: null,
    };
    pocket.misbehave.next({ kind: 'lost_answer', match: { action: 'wbsetclaim' } });
    await setProminent(edits, { claimId, accountId: desk.accountId, prominent: true });
    expect(pocket.hands.statements(page())).toMatchObject([{ rank: 'preferred' }]);
    expect(await firstClaim()).toMatchObject({ prominent: 1 });
  });

  it('that the wiki calls a duplicate, while every copy we read is behind, is looked for later', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { pocket, store, deps } = desk;
    pocket.misbehave.next({ kind: 'lost_answer', match: { action: 'wbsetclaim' } });
    const nothing = async (ids: readonly number[]) =>
      new Map(ids.map((id): [number, FileStatements] => [id, NOTHING]));
    const run = await desk.start();
    const behind = desk.worker('worker one', { wiki: { ...deps.wiki, readStatements: nothing } });
    await writeStep(behind);
    expect(await desk.run(run)).toMatchObject({ state: 'waiting' });
    desk.clock.time += 60_000;
    await desk.work();
    expect(await desk.states()).toEqual(['written']);
    await expectSame(store, pocket);
  });
});

const NOTHING: FileStatements = { exists: false, statements: [], revision: null };

describe('people who change their minds while a run is under way', () => {
  it('are heard: what they do not agree about any more is not written', async () => {
    desk = await faultDesk({ world });
    const { pocket, store } = desk;
    const unsafeTestHook = hookAt('settled', 1, async () => {
      const face = await store.db
        .selectFrom('faces')
        .innerJoin('files', 'files.id', 'faces.file_id')
        .select('faces.id')
        .where('files.page_id', '=', page(2))
        .executeTakeFirstOrThrow();
      await store.db
        .updateTable('verdicts')
        .set({ verdict: 'disputed' })
        .where('face_id', '=', face.id)
        .execute();
    });
    await desk.start();
    await desk.work(desk.worker('worker one', { unsafeTestHook }));
    expect(await desk.states()).toEqual(['written', 'written', 'failed', 'written']);
    expect((await claims())[2]?.reason).toBe(reason('not-agreed'));
    expect(pocket.hands.statements(page(2))).toEqual([]);
    await store.db.updateTable('verdicts').set({ verdict: 'match' }).execute();
    await desk.write();
    expect(await desk.states()).toEqual(Array(4).fill('written'));
    await expectSame(store, pocket);
  });

  it('and another face of the person in the file is enough', async () => {
    desk = await faultDesk({ world, files: 1 });
    const { pocket, store } = desk;
    await desk.start();
    await store.db.updateTable('verdicts').set({ verdict: 'no_match' }).execute();
    await agreeOnAnotherFace(desk);
    await desk.work();
    expect(await desk.states()).toEqual(['written']);
    await expectSame(store, pocket);
  });
});
