import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { accountIdOf, addMember } from '../support/people.ts';
import { wikiFile } from '../support/pictures.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { seedProject } from './support/project.ts';
import { fakeWiki, type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
let owner: Browser;
let member: Browser;
let stranger: Browser;
let admin: Browser;
let project: number;

beforeAll(async () => {
  ({ dispose, store } = await freshStore());
  const wiki = {
    ...fakeWiki(),
    items: async () => new Map(),
    thumbnails: async (titles: readonly string[]) =>
      new Map(titles.map((title) => [title, title === 'File:There.jpg' ? wikiFile(77, { title }) : null])),
  };
  site = await startSite(store, { wiki, admins: ['Admin'] });
  const signedIn = async (name: string) => {
    const browser = new Browser(site.url);
    await browser.signIn(name);
    return browser;
  };
  owner = await signedIn('Owner');
  member = await signedIn('Member');
  stranger = await signedIn('Stranger');
  admin = await signedIn('Admin');
  project = await seedProject(store, await accountIdOf(store, 'Owner'));
  await addMember(store, project, { accountId: await accountIdOf(store, 'Member') });
});
afterAll(async () => {
  await site.close();
  await dispose();
});

const read = async (who: Browser, path: string) => (await who.get(path)).text();
const stateOf = async () =>
  (await store.db.selectFrom('projects').select('state').where('id', '=', project).executeTakeFirstOrThrow())
    .state;

test('the leaderboard names who answered, until they hide themselves', async () => {
  const visitor = new Browser(site.url);
  for (const period of ['', '?period=month', '?period=nonsense'])
    expect((await visitor.get(`/leaderboard${period}`)).status).toBe(200);
  expect(await read(visitor, '/leaderboard')).toContain('<bdi>Owner</bdi>');
  expect((await owner.post('/account/leaderboard', { hide: 'on' })).headers.get('location')).toBe(
    '/account?done=saved',
  );
  expect(await read(visitor, '/leaderboard')).not.toContain('<bdi>Owner</bdi>');
  expect(await read(owner, '/account')).toContain('You do not stand on the leaderboard.');
  await owner.post('/account/leaderboard', {});
  expect(await read(visitor, '/leaderboard')).toContain('<bdi>Owner</bdi>');
});

test('verdicts are downloaded by members, as CSV and JSON', async () => {
  const csv = await member.get(`/projects/${project}/verdicts.csv`);
  expect(csv.headers.get('content-type')).toContain('text/csv');
  expect(csv.headers.get('content-disposition')).toBe(`attachment; filename="visavis-${project}.csv"`);
  const lines = (await csv.text()).trim().split('\r\n');
  const json = (await (await member.get(`/projects/${project}/verdicts.json`)).json()) as unknown[];
  expect(json.length).toBeGreaterThan(0);
  expect(lines).toHaveLength(json.length + 1);
  for (const who of [stranger, new Browser(site.url)])
    expect((await who.get(`/projects/${project}/verdicts.json`)).status).not.toBe(200);
});

test('members answer on the site, see their own answer, and take it back', async () => {
  const path = `/projects/${project}`;
  const answer = (who: Browser, value: string, face = 2) =>
    who.post(`/faces/${face}/answer`, {
      project: String(project),
      person: 'Q7259',
      answer: value,
      next: path,
    });
  const pressed = async () => [
    ...(await read(member, '/faces/2')).matchAll(
      /value="(\w+)" class="cdx-button answer__\w+" aria-pressed="true"/g,
    ),
  ];
  const given = await answer(member, 'no');
  expect(given.headers.get('location')).toBe(`${path}#face-2`);
  expect(await read(member, path)).toMatch(/answer__no" aria-pressed="true"/);
  // Pressing it again takes it back.
  expect((await pressed()).map((match) => match[1])).toEqual(['back']);
  await answer(member, 'no');
  const votes = () =>
    store.db
      .selectFrom('votes')
      .select(['answer', 'platform'])
      .where('face_id', '=', 2)
      .orderBy('id')
      .execute();
  expect((await votes()).at(-1)).toEqual({ answer: 'no', platform: 'web' });
  const before = (await votes()).length;
  await answer(member, 'no');
  expect(await votes()).toHaveLength(before);
  await answer(member, 'back');
  expect((await votes()).at(-1)?.answer).toBeNull();
  expect(await pressed()).toEqual([]);
  for (const wrong of ['maybe', '', 'constructor']) expect((await answer(member, wrong)).status).toBe(400);
  expect((await answer(stranger, 'yes')).status).toBe(403);
  expect((await answer(new Browser(site.url), 'yes')).status).toBe(401);
  expect((await answer(member, 'yes', 999)).status).toBe(404);
  expect(await read(stranger, path)).not.toContain('class="answer"');
});

test('owners pause, go on and complete; going on needs the rules to be acknowledged, once', async () => {
  const path = `/projects/${project}`;
  expect((await member.get(`${path}/settings`)).status).toBe(403);
  expect((await member.post(`${path}/state`, { state: 'paused' })).status).toBe(403);
  expect((await owner.post(`${path}/state`, { state: 'nonsense' })).status).toBe(400);
  expect((await owner.post(`${path}/state`, { state: 'paused' })).status).toBe(303);
  expect(await stateOf()).toBe('paused');
  expect(await read(owner, `${path}/settings`)).toContain('name="acknowledged"');
  const refused = await owner.post(`${path}/state`, { state: 'active' });
  expect([refused.status, await stateOf()]).toEqual([409, 'paused']);
  expect(await refused.text()).toContain('This project is about living people.');
  await owner.post(`${path}/state`, { state: 'active', acknowledged: 'on' });
  expect(await stateOf()).toBe('active');
  await owner.post(`${path}/state`, { state: 'completed' });
  expect(await read(owner, `${path}/settings`)).not.toContain('name="acknowledged"');
  await owner.post(`${path}/state`, { state: 'active' });
  expect(await stateOf()).toBe('active');
});

test('the block list is for administrators', async () => {
  for (const who of [owner, stranger]) {
    expect((await who.get('/admin/blocks')).status).toBe(403);
    expect((await who.post('/admin/blocks/person', { person: 'Q1', reason: 'x' })).status).toBe(403);
    expect((await who.post('/admin/blocks/1/remove', {})).status).toBe(403);
  }
  const wrong = await admin.post('/admin/blocks/person', { person: 'Ada', reason: 'asked' });
  expect(wrong.status).toBe(400);
  expect(await wrong.text()).toContain('value="Ada"');
  const blocked = await admin.post('/admin/blocks/person', { person: 'q5', reason: '<b>asked</b>' });
  expect(await blocked.text()).toContain('0 statements');
  expect((await admin.post('/admin/blocks/file', { file: 'Missing.jpg', reason: 'x' })).status).toBe(400);
  expect((await admin.post('/admin/blocks/file', { file: 'there.jpg', reason: 'x' })).status).toBe(400);
  expect((await admin.post('/admin/blocks/file', { file: 'There.jpg', reason: 'x' })).status).toBe(303);
  const page = await read(admin, '/admin/blocks');
  expect(page).toContain('&lt;b&gt;asked&lt;/b&gt;');
  const ids = [...page.matchAll(/\/admin\/blocks\/(\d+)\/remove/g)].map((match) => match[1]);
  expect(ids).toHaveLength(2);
  for (const id of ids) expect((await admin.post(`/admin/blocks/${id}/remove`, {})).status).toBe(303);
  expect(await read(admin, '/admin/blocks')).toContain('Nothing is on the list.');
});

test('deleting needs a tick, and then nobody sees the project', async () => {
  const path = `/projects/${project}`;
  expect((await owner.post(`${path}/delete`, {})).status).toBe(400);
  expect((await member.post(`${path}/delete`, { sure: 'on' })).status).toBe(403);
  expect((await owner.post(`${path}/delete`, { sure: 'on' })).headers.get('location')).toBe(
    '/projects?done=deleted',
  );
  for (const gone of [path, `${path}/settings`, '/faces/1/crop.jpg'])
    expect([gone, (await owner.get(gone)).status]).toEqual([gone, 404]);
});
