import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listExclusions } from '../../src/core/catalog/exclusions.ts';
import type { Store } from '../../src/core/store/store.ts';
import { accountIdOf, addMember } from '../support/people.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { seedProject } from './support/project.ts';
import { fakeWiki, type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
let owner: Browser;
let member: Browser;
let project: number;

beforeAll(async () => {
  ({ dispose, store } = await freshStore());
  const words = { label: 'Ada', description: null, dead: true, portrait: null };
  const wiki = {
    ...fakeWiki(),
    items: async (ids: readonly string[]) => new Map(ids.map((id) => [id, { id, ...words, isHuman: true }])),
  };
  site = await startSite(store, { wiki });
  owner = new Browser(site.url);
  await owner.signIn('Owner');
  member = new Browser(site.url);
  await member.signIn('Member');
  project = await seedProject(store, await accountIdOf(store, 'Owner'));
  await addMember(store, project, { accountId: await accountIdOf(store, 'Member') });
});
afterAll(async () => {
  await site.close();
  await dispose();
});
beforeEach(async () => {
  await store.db.deleteFrom('project_exclusions').execute();
  await store.db.updateTable('projects').set({ crawl_wanted_at: null }).execute();
});

const settings = async (who = owner) => (await who.get(`/projects/${project}/settings`)).text();
const save = (excluded: string, who = owner) => who.post(`/projects/${project}/exclusions`, { excluded });
const crawlWanted = async () =>
  (
    await store.db
      .selectFrom('projects')
      .select('crawl_wanted_at')
      .where('id', '=', project)
      .executeTakeFirstOrThrow()
  ).crawl_wanted_at !== null;

test('an owner says what is left out, and the category is read again', async () => {
  const answer = await save('Category:Statues of Ada\r\n\r\n graves_of Ada \r\n');
  expect(answer.headers.get('location')).toBe(`/projects/${project}/settings?done=saved#category`);
  expect(await listExclusions(store, project)).toEqual(['Graves of Ada', 'Statues of Ada']);
  expect(await crawlWanted()).toBe(true);
  expect(await settings()).toContain('>Graves of Ada\nStatues of Ada</textarea>');
  await save('');
  expect(await listExclusions(store, project)).toEqual([]);
});

test('what cannot be left out is refused, and what was typed stays', async () => {
  const answer = await save('Fine\nNot | fine');
  expect(answer.status).toBe(400);
  const page = await answer.text();
  expect(page).toContain('is no name of a category');
  expect(page).toContain('>Fine\nNot | fine</textarea>');
  expect(await listExclusions(store, project)).toEqual([]);
  expect(await crawlWanted()).toBe(false);
});

test('nobody else may, and nobody without the token of the form', async () => {
  expect((await save('A', member)).status).toBe(403);
  expect((await save('A', new Browser(site.url))).status).not.toBe(200);
  const forged = await owner.post(`/projects/${project}/exclusions`, { excluded: 'A', csrf: 'wrong' });
  expect(forged.status).toBe(403);
  expect((await member.get(`/projects/${project}/settings`)).status).toBe(403);
  expect(await listExclusions(store, project)).toEqual([]);
});

test('an owner sees what the project has not got, and why', async () => {
  await store.db.updateTable('projects').set({ crawled_at: null }).where('id', '=', project).execute();
  expect(await settings()).toContain('has not been read to its end');
  const members = [
    ...Array.from({ length: 3 }, () => 'left_out' as const),
    'beyond' as const,
    ...Array.from({ length: 2 }, () => 'away' as const),
    'in' as const,
  ];
  await store.db
    .insertInto('crawl_members')
    .values(members.map((state, i) => ({ project_id: project, page_id: 9000 + i, crawl: 1, state })))
    .execute();
  await store.db
    .updateTable('projects')
    .set({ crawled_at: Date.UTC(2026, 4, 3) })
    .where('id', '=', project)
    .execute();
  const page = await settings();
  expect(page).toContain('2026-05-03');
  expect(page).toContain('3 pages were left out');
  expect(page).toContain('One picture found no room');
  expect(page).toContain('2 files of the project are in none of its categories any more');
});

test('a new project can leave categories out from the beginning', async () => {
  const form = {
    act: 'create',
    persons: 'Q7259',
    category: 'Category:Ada',
    title: 'Without statues',
    threshold: '0.6',
    minConfirmed: '2',
    votesNeeded: '2',
    depth: '3',
    acknowledged: 'on',
  };
  const refused = await owner.post('/projects/new', { ...form, excluded: 'ada' });
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain('The category of the project itself cannot be left out.');
  const created = await owner.post('/projects/new', { ...form, excluded: 'Statues of Ada' });
  expect(created.status).toBe(303);
  const id = Number(/^\/projects\/(\d+)/.exec(created.headers.get('location') ?? '')?.[1]);
  expect(await listExclusions(store, id)).toEqual(['Statues of Ada']);
});
