import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { LIMITS } from '../../src/web/rate-limits.ts';
import { addMember, addProject } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';
import { addRun } from '../support/runs.ts';
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
const asked: [string, string][] = [];

beforeAll(async () => {
  ({ dispose, store } = await freshStore());
  site = await startSite(store, {
    limits: {
      consume: async (name, key) => {
        asked.push([name, key]);
        return 0;
      },
    },
  });
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

/** A file with two faces, in a project of the member. */
async function picture(persons: readonly string[] = ['Q1', 'Q2']) {
  const { id, owner } = await addProject(store, { votes_needed: 2, matching: 0 }, persons);
  await addMember(store, id, { accountId: memberId });
  const file = await addFile(store, id, { title: `File:${HOSTILE}.jpg`, author: HOSTILE, licence: HOSTILE });
  const faces = [await addFace(store, file), await addFace(store, file, { x: 0.6 })];
  const { sha1 } = await store.db
    .selectFrom('files')
    .select('sha1')
    .where('id', '=', file)
    .executeTakeFirstOrThrow();
  const path = `/projects/${id}/files/${file}`;
  return { id, owner, file, faces, path, keep: `${path}/boxes`, version: sha1 };
}
const text = async (path: string, who = member) => (await who.get(path)).text();
const facesOf = (file: number) =>
  store.db.selectFrom('faces').selectAll().where('file_id', '=', file).orderBy('id').execute();
const votesOf = async (project: number) => {
  const rows = await store.db
    .selectFrom('votes')
    .select(['face_id', 'person', 'answer'])
    .where('project_id', '=', project)
    .orderBy('id')
    .execute();
  return rows.map((vote) => [vote.face_id, vote.person, vote.answer]);
};
const BOX = { x: '40', y: '50', w: '10', h: '20' };

test('numbers are looked at in the picture before they are kept', async () => {
  const { path, faces } = await picture();
  const plain = await text(path);
  expect(plain).not.toMatch(/<script>|<img src=x|javascript:| style=| on\w+="/);
  expect(plain).toMatch(/<form class="keep"[^>]* hidden>/);
  const looked = await text(`${path}?face=&x=40&y=50,5&w=10&h=20`);
  expect(looked).toContain('class="photo__draft" x="400" y="505" width="100" height="200"');
  expect(looked).toMatch(/<form class="keep"[^>]* data-keep>/);
  expect(looked).toMatch(/name="y" value="50,5" data-side/);
  const again = await text(`${path}?face=${faces[1]}`);
  expect(again).toMatch(/name="x" value="60"/);
  for (const [numbers, words] of [
    ['x=40&y=50&w=70&h=20', 'inside the picture'],
    ['x=40&y=50&w=0.9&h=20', 'too small'],
    ['x=40&y=50&w=10', 'four numbers'],
    ['x=-1&y=50&w=10&h=20', 'four numbers'],
    ['x=Infinity&y=50&w=10&h=20', 'four numbers'],
    ['x=1e1&y=50&w=10&h=20', 'four numbers'],
  ] as const) {
    const refused = await text(`${path}?${numbers}`);
    expect([numbers, refused.includes(words), refused.includes('photo__draft')]).toEqual([
      numbers,
      true,
      false,
    ]);
  }
});

test('a face is drawn once, however often the form is sent, and shown with who drew it', async () => {
  const { id, file, keep, version } = await picture();
  const addresses: string[] = [];
  for (let i = 0; i < 3; i++) {
    const response = await member.post(keep, { ...BOX, version, face: '', person: 'Q2' });
    expect(response.status).toBe(303);
    addresses.push(response.headers.get('location') ?? '');
  }
  const drawn = (await facesOf(file))[2];
  expect(addresses).toEqual([
    `/faces/${drawn?.id}?done=drawn`,
    `/faces/${drawn?.id}?done=drawn-before`,
    `/faces/${drawn?.id}?done=drawn-before`,
  ]);
  expect(drawn).toMatchObject({ x: 0.4, y: 0.5, w: 0.1, h: 0.2, source: 'drawn', drawn_by: memberId });
  expect(await facesOf(file)).toHaveLength(3);
  expect(await votesOf(id)).toEqual([[drawn?.id, 'Q2', 'yes']]);
  const html = await text(addresses[0] ?? '');
  expect(html).toContain('The face was added.');
  expect(html).toContain('Member drew this face');
  expect(html).toContain('Withdraw this face');
});

test('drawn on the page of a question: one answer, and the next question', async () => {
  const { id, file, faces, keep, version } = await picture(['Q1']);
  const question = { 'asked-person': 'Q1', 'asked-faces': faces.join(','), 'asked-question': '' };
  const answered = await member.post(keep, { ...BOX, ...question, version, face: '', person: 'Q1' });
  expect(answered.headers.get('location')).toBe(`/projects/${id}/review`);
  const drawn = (await facesOf(file))[2]?.id;
  expect(await votesOf(id)).toEqual([
    [drawn, 'Q1', 'yes'],
    [faces[0], 'Q1', 'no'],
    [faces[1], 'Q1', 'no'],
  ]);
});

test('drawn without saying who it is: the question is asked about it too', async () => {
  const { id, file, faces, keep, version } = await picture();
  const question = { 'asked-person': 'Q1', 'asked-faces': faces.join(','), 'asked-question': '' };
  const unsaid = await member.post(keep, { ...BOX, ...question, version, face: '', person: '' });
  const drawn = (await facesOf(file))[2]?.id;
  const address = unsaid.headers.get('location') ?? '';
  expect(new URL(address, site.url).searchParams.get('faces')).toBe([...faces, drawn].join(','));
  expect(await text(address)).toContain(`value="face-${drawn}"`);
  expect(await votesOf(id)).toEqual([]);
});

test('a box is drawn anew, from the question and from the page of the face', async () => {
  const { id, faces, keep, version } = await picture();
  const [face = 0] = faces;
  const box = { x: '10', y: '10', w: '30', h: '30', version, face: String(face), person: 'Q1' };
  const question = { 'asked-person': 'Q1', 'asked-faces': faces.join(','), 'asked-question': '' };
  const fromQuestion = await member.post(keep, { ...box, ...question });
  expect(fromQuestion.headers.get('location')).toBe(
    `/projects/${id}/review?person=Q1&faces=${encodeURIComponent(faces.join(','))}`,
  );
  expect((await member.post(keep, box)).headers.get('location')).toBe(`/faces/${face}?done=redrawn`);
  const html = await text(`/faces/${face}`);
  expect(html).toContain('Member drew the box anew');
  expect(html).toContain(`/faces/${face}/crop.jpg?box=1`);
  expect(html).toContain('Found by the detector.');
  expect(await votesOf(id)).toEqual([]);
  const elsewhere = await picture();
  const foreign = await member.post(keep, { ...box, face: String(elsewhere.faces[0]) });
  expect(foreign.status).toBe(404);
});

test('who redraws a face that is on the wiki with its position is told that it stays there', async () => {
  const { id, owner, faces, keep, version } = await picture();
  const [face = 0] = faces;
  const box = (x: string) => ({ x, y: '10', w: '30', h: '30', version, face: String(face), person: '' });
  await store.db
    .insertInto('sdc_claims')
    .values({
      page_id: 900_000 + face,
      person: 'Q1',
      project_id: id,
      face_id: face,
      statement_id: `M${face}$1`,
      state: 'written',
      reason: null,
      account_id: owner,
      run_id: await addRun(store, id, owner),
      undo_run_id: null,
      revision: null,
      changed_at: 0,
    })
    .execute();
  const after = async (x: string) => (await member.post(keep, box(x))).headers.get('location');
  expect(await after('11')).toBe(`/faces/${face}?done=redrawn`);
  await store.db.updateTable('projects').set({ write_boxes: 1 }).where('id', '=', id).execute();
  expect(await after('12')).toBe(`/faces/${face}?done=redrawn-written`);
  expect(await text(`/faces/${face}?done=redrawn-written`)).toContain('keeps the position that was written');
  await store.db.updateTable('sdc_claims').set({ state: 'removed' }).where('face_id', '=', face).execute();
  expect(await after('13')).toBe(`/faces/${face}?done=redrawn`);
});

test('a refused box shows the numbers again, with the reason', async () => {
  const { file, keep, version, faces } = await picture();
  const good = { ...BOX, version, face: '', person: '' };
  for (const [change, status, words] of [
    [{ w: '0.5' }, 400, 'too small'],
    [{ x: '' }, 400, 'four numbers'],
    [{ x: 'NaN' }, 400, 'four numbers'],
    [{ version: 'old' }, 409, 'new version'],
    [{ face: String(faces[0]) }, 400, 'beside the old one'],
  ] as const) {
    const response = await member.post(keep, { ...good, ...change });
    const html = await response.text();
    expect([change, response.status, html.includes(words)]).toEqual([change, status, true]);
    expect(html).toContain('name="y" value="50"');
  }
  expect(await facesOf(file)).toHaveLength(2);
});

test('is for members', async () => {
  const { id, path, keep, version, file, faces } = await picture();
  const box = { ...BOX, version, face: '', person: '' };
  const nobody = new Browser(site.url);
  expect([(await stranger.get(path)).status, (await nobody.get(path)).status]).toEqual([403, 401]);
  expect((await stranger.post(keep, box)).status).toBe(403);
  expect((await nobody.post(keep, box)).status).toBe(401);
  expect((await member.post(keep, { ...box, csrf: 'made up' })).status).toBe(403);
  expect((await member.get(`/projects/${id}/files/999999`)).status).toBe(404);
  expect(await facesOf(file)).toHaveLength(2);
  const html = await text(`/faces/${faces[0]}`, stranger);
  expect(html).toContain('data-photo');
  expect(html).not.toMatch(/data-keep|data-draw|\/files\//);
});

test('who drew a face withdraws it; its page says so', async () => {
  const { id, file, keep, version } = await picture();
  await member.post(keep, { ...BOX, version, face: '', person: '' });
  const drawn = (await facesOf(file))[2]?.id;
  const project = String(id);
  expect((await stranger.post(`/faces/${drawn}/withdraw`, { project })).status).toBe(403);
  expect((await member.post(`/faces/${drawn}/withdraw`, { project: 'x' })).status).toBe(404);
  for (let i = 0; i < 2; i++) {
    const response = await member.post(`/faces/${drawn}/withdraw`, { project });
    expect(response.headers.get('location')).toBe(`/faces/${drawn}?done=withdrawn`);
  }
  const html = await text(`/faces/${drawn}`);
  expect(html).toContain('This face was withdrawn.');
  expect(html).toContain('Member withdrew this face');
  expect(html).not.toMatch(/data-photo|class="answer"|\/withdraw"/);
});

test('boxes have a limit of their own', async () => {
  const { keep, version, faces } = await picture();
  asked.length = 0;
  await member.post(keep, { ...BOX, version, face: '', person: '' });
  await member.post(`/faces/${faces[0]}/withdraw`, { project: '1' });
  expect(asked.filter(([name]) => name === 'boxes')).toEqual(Array(2).fill(['boxes', `account ${memberId}`]));
  expect(LIMITS.boxes).toBe(10);
});
