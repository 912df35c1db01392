import type { Insertable } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { reason, reasonOf } from '../../src/core/platform/reasons.ts';
import { refusal } from '../../src/core/platform/refusals.ts';
import type { SdcClaimsTable } from '../../src/core/store/schema.ts';
import type { Store } from '../../src/core/store/store.ts';
import type { Wiki } from '../../src/core/wiki/wiki.ts';
import { accountIdOf } from '../support/people.ts';
import { addRun } from '../support/runs.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { seedProject } from './support/project.ts';
import { fakeWiki, type Site, startSite } from './support/site.ts';

const OURS = 'M1$00000000-0000-4000-8000-000000000001';
const THEIRS = 'M1$00000000-0000-4000-8000-000000000002';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
let owner: Browser;
let member: Browser;
let project: number;
let path: string;
const edits: string[] = [];

beforeAll(async () => {
  const fresh = await freshStore();
  ({ dispose, store } = fresh);
  const theirs = { id: THEIRS, itemId: 'Q7259', rank: 'normal' as const, positions: [] };
  const wiki: Wiki = {
    ...fakeWiki(),
    readStatements: async (pageIds) =>
      new Map(pageIds.map((id) => [id, { exists: true, statements: [theirs], revision: 1 }])),
    removeStatement: async ({ statementId, account }) => {
      edits.push(`${account.name} removes ${statementId}`);
      return 'removed';
    },
    setRank: async ({ statementId, rank, account }) => {
      edits.push(`${account.name} makes ${statementId} ${rank}`);
      return 'changed';
    },
  };
  site = await startSite(store, { wiki });
  owner = new Browser(site.url);
  await owner.signIn('Owner');
  member = new Browser(site.url);
  await member.signIn('Member');
  project = await seedProject(store, await accountIdOf(store, 'Owner'));
  await store.db
    .insertInto('project_members')
    .values({
      project_id: project,
      account_id: await accountIdOf(store, 'Member'),
      role: 'member',
      status: 'active',
      joined_at: 0,
    })
    .execute();
});
afterAll(async () => {
  await site.close();
  await dispose();
});
beforeEach(async () => {
  edits.splice(0);
  await store.db.deleteFrom('sdc_claims').execute();
  await store.db.deleteFrom('runs').execute();
});

/** A run that is over, with one claim; the address of the claim. */
async function claim(given: Partial<Insertable<SdcClaimsTable>>): Promise<string> {
  const face = await store.db
    .selectFrom('verdicts')
    .innerJoin('faces', 'faces.id', 'verdicts.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .select(['files.page_id', 'verdicts.face_id'])
    .where('verdicts.verdict', '=', 'match')
    .executeTakeFirstOrThrow();
  const account_id = await accountIdOf(store, 'Owner');
  const run_id = await addRun(store, project, account_id);
  const { id } = await store.db
    .insertInto('sdc_claims')
    .values({
      ...face,
      person: 'Q7259',
      project_id: project,
      statement_id: OURS,
      state: 'written',
      reason: null,
      account_id,
      run_id,
      undo_run_id: null,
      revision: 1,
      changed_at: 0,
      ...given,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  path = `/projects/${project}/runs/${run_id}`;
  return `${path}/claims/${id}`;
}

const read = async (who: Browser, address: string) => (await who.get(address)).text();
const stateNow = () => store.db.selectFrom('sdc_claims').selectAll().executeTakeFirstOrThrow();

test('a claim that failed is tried again', async () => {
  const address = await claim({ state: 'failed', reason: 'it was protected' });
  expect(await read(member, path)).toContain(`action="${address}/retry"`);
  expect(await read(new Browser(site.url), path)).not.toContain('/retry"');
  const answer = await member.post(`${address}/retry`, {});
  expect(answer.status).toBe(303);
  expect((await stateNow()).state).toBe('queued');
});

test('why a claim failed and a run waits stands in the reader’s language; old words as they were', async () => {
  await claim({ state: 'failed', reason: reason('item-deleted', ['Q5']) });
  await store.db
    .updateTable('runs')
    .set({ reason: reasonOf(refusal('barred-edits', [5, 2])) })
    .execute();
  const inNorwegian = await read(member, `${path}?uselang=nb`);
  expect(inNorwegian).toContain('elementet Q5 ble slettet');
  expect(inNorwegian).toContain('en konto trenger 5 redigeringer, og din har 2');
  expect(await read(member, path)).toContain('the item Q5 was deleted');
  await store.db.updateTable('sdc_claims').set({ reason: 'it was protected' }).execute();
  expect(await read(member, `${path}?uselang=nb`)).toContain('it was protected');
});

test('a statement of ours becomes prominent, and ordinary again', async () => {
  const address = await claim({});
  expect(await read(member, path)).toContain('Mark as prominent');
  expect((await member.post(`${address}/prominent`, { prominent: 'yes' })).status).toBe(303);
  expect(await read(member, path)).toContain('Not prominent any more');
  await member.post(`${address}/prominent`, { prominent: 'no' });
  expect(edits).toEqual([`Member makes ${OURS} preferred`, `Member makes ${OURS} normal`]);
});

test('a statement of somebody else is removed by an owner who ticks the box for it', async () => {
  const address = await claim({ state: 'present', other_statement_id: THEIRS });
  expect(await read(member, path)).not.toContain('/theirs"');
  expect((await member.post(`${address}/theirs`, { statement: THEIRS, yes: 'on' })).status).toBe(403);
  expect(await read(owner, path)).toContain(`Yes, remove exactly this one: ${THEIRS}`);
  expect((await owner.post(`${address}/theirs`, { statement: THEIRS })).status).toBe(400);
  expect((await owner.post(`${address}/theirs`, { statement: OURS, yes: 'on' })).status).toBe(409);
  expect(edits).toEqual([]);
  expect((await owner.post(`${address}/theirs`, { statement: THEIRS, yes: 'on' })).status).toBe(303);
  expect(edits).toEqual([`Owner removes ${THEIRS}`]);
  expect((await stateNow()).state).toBe('removed');
});

test('a claim is found by its run alone, and strangers change nothing', async () => {
  const address = await claim({});
  const stranger = new Browser(site.url);
  await stranger.signIn('Stranger');
  expect((await stranger.post(`${address}/prominent`, { prominent: 'yes' })).status).toBe(403);
  expect((await member.post(`${path}/claims/999/prominent`, { prominent: 'yes' })).status).toBe(404);
  expect((await member.post(`${address}/prominent`, { csrf: 'wrong', prominent: 'yes' })).status).toBe(403);
  expect(edits).toEqual([]);
});

test('an owner says whether statements tell the place', async () => {
  const form = `/projects/${project}/write/boxes`;
  expect(await read(member, `/projects/${project}/write`)).not.toContain(form);
  expect((await member.post(form, { boxes: 'on' })).status).toBe(403);
  expect(await read(owner, `/projects/${project}/write`)).toContain(form);
  expect((await owner.post(form, { boxes: 'on' })).status).toBe(303);
  expect(await read(owner, `/projects/${project}/write`)).toMatch(/name="boxes"[^>]* checked/);
  await owner.post(form, {});
  expect(await read(owner, `/projects/${project}/write`)).not.toMatch(/name="boxes"[^>]* checked/);
});

test('one statement is taken back, by members with an own run and by owners', async () => {
  const address = await claim({});
  // It is the owner's run.
  expect((await member.post(`${address}/undo`, {})).status).toBe(403);
  const answer = await owner.post(`${address}/undo`, {});
  expect(answer.headers.get('location')).toMatch(/\/runs\/\d+\?done=undoing$/);
  expect((await stateNow()).state).toBe('removing');
});

test('what was taken back is offered on the page where one writes, and written again when that is said', async () => {
  const account_id = await accountIdOf(store, 'Owner');
  const undo_run_id = await addRun(store, project, account_id);
  await claim({ state: 'removed', undo_run_id, changed_at: Date.now() });
  const page = `/projects/${project}/write`;
  const shown = await read(member, page);
  expect(shown).toContain('id="taken-back"');
  expect(shown).toContain('There is nothing new to write.');
  expect(shown).not.toContain('every match is on the wiki');
  expect(await read(member, `/projects/${project}`)).toContain(`href="${page}"`);
  expect((await member.post(page, {})).status).toBe(409);
  expect((await member.post(page, { again: 'yes' })).status).toBe(303);
  expect((await stateNow()).state).toBe('queued');
});

test('the way to writing is shown only when something can be written', async () => {
  const home = `/projects/${project}`;
  expect(await read(member, home)).toContain(`href="${home}/write"`);
  await claim({ state: 'written' });
  expect(await read(member, home)).not.toContain(`href="${home}/write"`);
});

test('what people do not agree on any more is listed where one writes, and taken back there', async () => {
  const address = await claim({});
  const page = `/projects/${project}/write`;
  expect(await read(owner, page)).not.toContain('id="listed"');
  const before = await store.db.selectFrom('verdicts').selectAll().where('verdict', '=', 'match').execute();
  await store.db
    .updateTable('verdicts')
    .set({ verdict: 'disputed' })
    .where('verdict', '=', 'match')
    .execute();
  expect(await read(owner, page)).toMatch(new RegExp(`id="listed"[\\s\\S]*action="${address}/undo"`));
  for (const { face_id } of before)
    await store.db.updateTable('verdicts').set({ verdict: 'match' }).where('face_id', '=', face_id).execute();
});
