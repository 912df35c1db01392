import { afterAll, beforeAll, expect, test } from 'vitest';
import { openQuestion } from '../../src/core/review/questions.ts';
import type { Store } from '../../src/core/store/store.ts';
import { addChannel, addMember, addProject } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { HOSTILE } from './support/project.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
let member: Browser;
let stranger: Browser;
let memberId: number;

beforeAll(async () => {
  ({ dispose, store } = await freshStore());
  site = await startSite(store);
  [member, stranger] = [new Browser(site.url), new Browser(site.url)];
  await member.signIn('Member');
  await stranger.signIn('Stranger');
  memberId = (
    await store.db
      .selectFrom('account_profiles')
      .select('account_id')
      .where('username', '=', 'Member')
      .executeTakeFirstOrThrow()
  ).account_id;
});
afterAll(async () => {
  await site.close();
  await dispose();
});

/** A project with one file for each number, of so many faces. */
async function project(faces: readonly number[], persons: readonly string[] = ['Q1']) {
  const { id } = await addProject(store, { votes_needed: 2, matching: 0 }, persons);
  await addMember(store, id, { accountId: memberId });
  const ids: number[][] = [];
  for (const count of faces) {
    const file = await addFile(store, id, {
      title: `File:${HOSTILE}.jpg`,
      author: HOSTILE,
      licence: HOSTILE,
    });
    const own: number[] = [];
    for (let i = 0; i < count; i++) own.push(await addFace(store, file, { x: 0.1 + i * 0.3 }));
    ids.push(own);
  }
  return { id, path: `/projects/${id}/review`, faces: ids };
}
const page = async (path: string, who = member) => (await who.get(path)).text();
const hidden = (html: string, name: string) =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? '';
/** Answers the question that the page shows, as its form does. */
async function answer(path: string, value: string): Promise<Response> {
  const html = await page(path);
  const question = hidden(html, 'question');
  return member.post(path, {
    person: hidden(html, 'person'),
    faces: hidden(html, 'faces'),
    ...(question ? { question } : {}),
    answer: value,
  });
}
const votes = (projectId: number) =>
  store.db
    .selectFrom('votes')
    .leftJoin('ballots', 'ballots.id', 'votes.ballot_id')
    .select(['face_id', 'person', 'answer', 'question_id', 'platform', 'undone_at'])
    .where('votes.project_id', '=', projectId)
    .orderBy('votes.id')
    .execute();

test('asks about one face after the other, until nothing is left', async () => {
  const { id, path, faces } = await project([1, 1, 1]);
  const seen: string[] = [];
  for (const value of ['yes', 'no', 'unsure']) {
    seen.push(hidden(await page(path), 'faces'));
    const response = await answer(path, value);
    expect([response.status, response.headers.get('location')]).toEqual([303, path]);
  }
  expect(seen.toSorted()).toEqual(faces.map(([face]) => String(face)).toSorted());
  expect((await votes(id)).map((vote) => [vote.answer, vote.platform])).toEqual([
    ['yes', 'web'],
    ['no', 'web'],
    ['unsure', 'web'],
  ]);
  expect(await page(path)).toContain('Nothing is left for you to answer now.');
});

test('names from the wiki are text, and the picture shows the box in pixels of the original', async () => {
  const { path } = await project([1]);
  const html = await page(path);
  expect(html).not.toMatch(/<script>|<img src=x|javascript:/);
  expect(html).toContain('&lt;script&gt;alert');
  expect(html).toContain('viewBox="0 0 1000 1000"');
  expect(html).toContain('x="100" y="100" width="200" height="200"');
  expect(html).not.toMatch(/ style=| on\w+="/);
});

test('the same answer again changes nothing', async () => {
  const { id, path, faces } = await project([1]);
  const fields = { person: 'Q1', faces: String(faces[0]), answer: 'yes' };
  for (let i = 0; i < 3; i++) expect((await member.post(path, fields)).status).toBe(303);
  expect(await votes(id)).toHaveLength(1);
});

test('a number says yes to that face and no to the others; none says no to all', async () => {
  const { id, path, faces } = await project([3, 2]);
  const first = hidden(await page(path), 'faces');
  const [one, two, three] = faces[0] ?? [];
  expect(first).toBe([one, two, three].join(','));
  await answer(path, `face-${two}`);
  expect((await votes(id)).map((vote) => [vote.face_id, vote.answer])).toEqual([
    [one, 'no'],
    [two, 'yes'],
    [three, 'no'],
  ]);
  await answer(path, 'no');
  expect((await votes(id)).slice(3).map((vote) => vote.answer)).toEqual(['no', 'no']);
});

test('somebody else is a no about everybody', async () => {
  const { id, path } = await project([1], ['Q1', 'Q2']);
  expect(await page(path)).toContain('value="else"');
  await answer(path, 'else');
  expect((await votes(id)).map((vote) => [vote.person, vote.answer])).toEqual([
    ['Q1', 'no'],
    ['Q2', 'no'],
  ]);
});

test('what is skipped is not asked again, and is no vote', async () => {
  const { id, path } = await project([1]);
  await answer(path, 'skip');
  expect(await page(path)).toContain('Nothing is left');
  expect(await votes(id)).toEqual([]);
});

test('undo takes the last answer back and asks it again; pressed twice it takes back one', async () => {
  const { id, path } = await project([1, 1]);
  await answer(path, 'yes');
  const second = hidden(await page(path), 'faces');
  await answer(path, 'no');
  const ballot = hidden(await page(path), 'ballot');
  const undone = await member.post(`${path}/undo`, { ballot });
  expect(undone.headers.get('location')).toBe(`${path}?person=Q1&faces=${second}`);
  expect((await member.post(`${path}/undo`, { ballot })).headers.get('location')).toBe(path);
  expect((await votes(id)).map((vote) => vote.undone_at !== null)).toEqual([false, true]);
  const again = await page(undone.headers.get('location') ?? '');
  expect(hidden(again, 'faces')).toBe(second);
  expect((await stranger.post(`${path}/undo`, { ballot })).status).toBe(403);
  expect((await votes(id)).map((vote) => vote.undone_at !== null)).toEqual([false, true]);
});

test('a question that waits in a chat is answered there too', async () => {
  const { id, path, faces } = await project([1, 1]);
  const channelId = await addChannel(store, id);
  const asked = faces[1]?.[0] ?? 0;
  const { questionId } = await store.transaction((trx) =>
    openQuestion(trx, { projectId: id, kind: 'single', person: 'Q1', faceIds: [asked] }, channelId, 0),
  );
  expect(hidden(await page(path), 'faces')).toBe(String(asked));
  await answer(path, 'yes');
  expect((await votes(id)).map((vote) => [vote.face_id, vote.question_id])).toEqual([[asked, questionId]]);
});

test('a face of a batch is answered alone, and the rest of the batch stays open', async () => {
  const { id, path, faces } = await project([1, 1, 1]);
  await store.db.updateTable('projects').set({ votes_needed: 1 }).where('id', '=', id).execute();
  const channelId = await addChannel(store, id);
  const { questionId } = await store.transaction((trx) =>
    openQuestion(trx, { projectId: id, kind: 'batch', person: 'Q1', faceIds: faces.flat() }, channelId, 0),
  );
  const states: string[] = [];
  for (const [i, [face]] of faces.entries()) {
    expect([i, hidden(await page(path), 'faces')]).toEqual([i, String(face)]);
    await answer(path, 'yes');
    const { state } = await store.db
      .selectFrom('questions')
      .select('state')
      .where('id', '=', questionId)
      .executeTakeFirstOrThrow();
    states.push(state);
  }
  expect(states).toEqual(['open', 'open', 'decided']);
});

test('an answer to a check is kept as one, by its own question alone', async () => {
  const { id, path, faces } = await project([1]);
  const other = await project([1]);
  const channelId = await addChannel(store, id);
  const face = faces[0]?.[0] ?? 0;
  await store.db
    .insertInto('verdicts')
    .values({ project_id: id, face_id: face, person: 'Q1', verdict: 'match', source: 'votes', changed_at: 0 })
    .execute();
  const { questionId } = await store.transaction((trx) =>
    openQuestion(
      trx,
      { projectId: id, kind: 'single', person: 'Q1', faceIds: [face], purpose: 'check', expected: 'yes' },
      channelId,
      0,
    ),
  );
  const foreign = {
    person: 'Q1',
    faces: String(other.faces[0]),
    question: String(questionId),
    answer: 'yes',
  };
  expect((await member.post(other.path, foreign)).status).toBe(404);
  expect((await member.post(path, foreign)).status).toBe(404);
  await answer(path, 'no');
  const checks = await store.db.selectFrom('check_answers').select(['answer', 'project_id']).execute();
  expect([checks, await votes(id)]).toEqual([[{ answer: 'no', project_id: id }], []]);
  expect(await page(path)).toContain('Your last answer:');
});

test('made-up forms are refused', async () => {
  const { path, faces } = await project([1]);
  const elsewhere = await project([1]);
  const right = { person: 'Q1', faces: String(faces[0]), answer: 'yes' };
  for (const [change, status] of [
    [{ faces: '' }, 400],
    [{ faces: '1;drop' }, 400],
    [{ faces: Array(10).fill('1').join(',') }, 400],
    [{ answer: 'maybe' }, 400],
    [{ answer: '' }, 400],
    [{ answer: 'face-999999' }, 400],
    [{ question: 'x' }, 400],
    [{ question: '999999' }, 404],
    [{ person: 'Q2' }, 404],
    [{ faces: String(elsewhere.faces[0]) }, 404],
    [{ faces: String(elsewhere.faces[0]), answer: 'skip' }, 404],
  ] as const) {
    const response = await member.post(path, { ...right, ...change });
    expect([change, response.status]).toEqual([change, status]);
  }
  expect(hidden(await page(`${path}?person=Q1&faces=${elsewhere.faces[0]}`), 'faces')).toBe(right.faces);
});

test('is for members, and asks nothing while the project is paused', async () => {
  const { id, path, faces } = await project([1]);
  expect((await stranger.get(path)).status).toBe(403);
  expect((await new Browser(site.url).get(path)).status).toBe(401);
  const fields = { person: 'Q1', faces: String(faces[0]) };
  for (const value of ['yes', 'skip'])
    expect((await stranger.post(path, { ...fields, answer: value })).status).toBe(403);
  await store.db.updateTable('projects').set({ state: 'paused' }).where('id', '=', id).execute();
  expect(await page(path)).not.toContain('name="faces"');
});
