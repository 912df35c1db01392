import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { HOSTILE, seedProject } from './support/project.ts';
import { fakeWiki, type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
let project: number;
const owner = 'Owner <b>';

beforeAll(async () => {
  const fresh = await freshStore();
  ({ dispose, store } = fresh);
  site = await startSite(store, {
    crops: { crop: async () => ({ bytes: new Uint8Array([1]), type: 'image/jpeg' }) },
  });
  await browser(owner);
  const account = await store.db
    .selectFrom('account_profiles')
    .select('account_id')
    .where('username', '=', owner)
    .executeTakeFirstOrThrow();
  project = await seedProject(store, account.account_id);
});
afterAll(async () => {
  await site.close();
  await dispose();
});

async function browser(username?: string): Promise<Browser> {
  const made = new Browser(site.url);
  if (username) await made.signIn(username);
  return made;
}
const read = async (who: Browser, path: string) => (await who.get(path)).text();

test.each(['/', '/projects', '/projects/1', '/projects/1/live', '/projects/1?verdict=match', '/faces/1'])(
  'names from the wiki are text on %s',
  async (path) => {
    const page = await read(await browser(), path);
    expect(page).not.toMatch(/<script>|<img src=x|javascript:|data:text/);
    expect(page).toContain('&lt;script&gt;alert');
  },
);

test('the project page says what is there and what it waits for', async () => {
  const page = await read(await browser(), `/projects/${project}`);
  expect(page).toContain('1 match waits for somebody to say “write”.');
  expect(page).toContain('1 file set aside');
  expect(page).toContain('/faces/1/crop.jpg');
  expect(page).not.toContain(`/projects/${project}/write`);
  expect((await (await browser()).get('/faces/1/crop.jpg')).headers.get('content-type')).toBe('image/jpeg');
  expect((await (await browser()).get('/projects/999')).status).toBe(404);
});

test('filters and pages', async () => {
  const visitor = await browser();
  const faces = async (query: string) =>
    (await read(visitor, `/projects/${project}${query}`)).split('class="face face--').length - 1;
  expect(await faces('')).toBe(2);
  expect(await faces('?verdict=match')).toBe(1);
  expect(await faces('?verdict=disputed')).toBe(0);
  expect(await faces('?verdict=%27%20or%201=1&after=%27%20or%201=1')).toBe(2);
  expect(await faces('?source=votes')).toBe(1);
  expect(await faces('?claim=none')).toBe(1);
  expect(await faces('?claim=written')).toBe(0);
  expect(await faces('?distance=near')).toBe(0);
  expect(await faces('?after=rest~999999~1~Q7259')).toBe(0);
  const page = await read(visitor, `/projects/${project}?verdict=match&source=votes`);
  expect(page).toContain('<option value="votes" selected>');
  expect(page).toContain('<input type="hidden" name="verdict" value="match">');
  expect(page).toContain(`/projects/${project}?verdict=disputed&amp;source=votes#faces`);
});

test('the charts are drawn by the server, for eyes and for screen readers', async () => {
  const page = await read(await browser(), `/projects/${project}`);
  const [chart = ''] = /<figure class="chart".*?<\/figure>/s.exec(page) ?? [];
  expect(chart).toContain('<title id="chart-faces-title">Faces found</title>');
  // One bar stands for the more days the longer the project has been there.
  expect(chart).toMatch(/2 in all, busiest (day|\d+ days): 2/);
  expect(chart).toMatch(/<path d="M[\d.]+ 100V0H[\d.]+V100Z"><\/path>/);
  expect(chart).toMatch(/<details>.*<th scope="row">.*<td>2<\/td><td>1<\/td><td>0<\/td>/s);
  expect(page).not.toMatch(/ style=|<style/);
});

test('nobody sees how others voted before there is a verdict', async () => {
  const visitor = await browser();
  expect(await read(visitor, '/faces/1')).toMatch(/1 yes, 0 no, 0 not sure\./);
  const open = await read(visitor, '/faces/2');
  expect(open).not.toContain('Owner');
  expect(open).toContain('1 answer so far.');
  expect((await visitor.get('/faces/99')).status).toBe(404);
});

test('writing is for members: visitors sign in, strangers are refused', async () => {
  const path = `/projects/${project}/write`;
  for (const [who, status] of [
    [await browser(), 401],
    [await browser('Stranger'), 403],
    [await browser('Blocked'), 403],
  ] as const) {
    expect((await who.get(path)).status).toBe(status);
    expect((await who.post(path, {})).status).toBe(status);
  }
  expect(await store.db.selectFrom('runs').selectAll().execute()).toEqual([]);
});

test('preview, write, stop, and no undo before anything is written', async () => {
  const member = await browser(owner);
  const preview = await read(member, `/projects/${project}/write`);
  expect(preview).toContain('1 statement would be added to Commons, under your account Owner &lt;b&gt;.');
  expect(preview).toContain('CC0');
  expect(await store.db.selectFrom('runs').selectAll().execute()).toEqual([]);
  const started = await member.post(`/projects/${project}/write`, {});
  expect(started.status).toBe(303);
  const [path = ''] = (started.headers.get('location') ?? '').split('?');
  const page = await read(member, path);
  expect(page).toContain(`action="${path}/stop"`);
  expect(page).not.toContain(HOSTILE);
  expect(await read(await browser('Stranger'), path)).not.toContain('/stop"');
  expect((await (await browser('Stranger')).post(`${path}/stop`, {})).status).toBe(403);
  expect((await member.post(`${path}/stop`, {})).status).toBe(303);
  const run = await store.db.selectFrom('runs').selectAll().executeTakeFirstOrThrow();
  expect(run.stop_requested_at).not.toBeNull();
  expect((await member.get(`/projects/${project}/runs/99`)).status).toBe(404);
  const other = await seedProject(store, run.account_id);
  expect((await member.get(`/projects/${other}/runs/${run.id}`)).status).toBe(404);
});

test('live: a change of the project is told', async () => {
  const visitor = await browser();
  const page = await read(visitor, `/projects/${project}`);
  const since = /data-version="([^"]+)"/.exec(page)?.[1] ?? '';
  const stream = await visitor.get(`/projects/${project}/events?since=${since}`);
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
  await store.db.updateTable('projects').set({ title: 'New title' }).where('id', '=', project).execute();
  site.deps.nudges.nudge(`project:${project}`);
  let text = '';
  while (!text.includes('event: change')) text += (await reader?.read())?.value ?? '';
  await reader?.cancel();
  expect((await visitor.get('/projects/999/events')).status).toBe(404);
});

test('a project like another one is made only by whoever says so', async () => {
  const wiki = {
    ...fakeWiki(),
    items: async () =>
      new Map([
        [
          'Q7259',
          {
            id: 'Q7259',
            label: 'Ada',
            description: null,
            isHuman: true,
            dead: true,
            portrait: null,
          },
        ],
      ]),
    categoryInfo: async () => ({ title: HOSTILE, exists: true, files: 4, subcategories: 0 }),
  };
  const other = await startSite(store, { wiki });
  const who = new Browser(other.url);
  await who.signIn('Founder');
  const fields = {
    persons: 'Q7259',
    category: HOSTILE,
    votesNeeded: '2',
    threshold: '0.6',
    minConfirmed: '2',
    depth: '3',
    act: 'create',
  };
  const warned = await who.post('/projects/new', fields);
  expect(warned.status).toBe(409);
  const page = await warned.text();
  expect(page).toContain('in the same category already');
  expect(page).toContain(`href="/projects/${project}"`);
  expect(page).toContain('Owner &lt;b&gt;');
  expect(page).not.toMatch(/<script>|<img src=x/);
  const made = await who.post('/projects/new', { ...fields, anyway: 'on' });
  expect(made.headers.get('location')).toMatch(/^\/projects\/\d+\?done=created$/);
  await other.close();
});

test('the form for a new project: lookups, and mistakes keep what was filled in', async () => {
  const who = await browser('Stranger');
  const fields = { persons: 'q7259', category: 'Ada <i>', votesNeeded: '2', threshold: '0.6', depth: '3' };
  const found = await who.post('/projects/new', { ...fields, act: 'find', search: 'ada' });
  expect(await found.text()).toContain('Ada &lt;b&gt;Lovelace&lt;/b&gt;');
  const size = await who.post('/projects/new', { ...fields, act: 'size' });
  expect(await size.text()).toContain('40 files, 2 subcategories');
  const wrong = await who.post('/projects/new', {
    ...fields,
    votesNeeded: '9',
    minConfirmed: '2',
    act: 'create',
  });
  expect(wrong.status).toBe(400);
  const page = await wrong.text();
  expect(page).toContain('value="q7259"');
  expect(page).toContain('value="Ada &lt;i&gt;"');
  expect(page).toContain('role="alert"');
  const items = await who.get('/api/items?search=ada', { accept: 'application/json' });
  expect(await items.json()).toMatchObject({ items: [{ id: 'Q7259' }] });
  expect((await (await browser()).get('/api/items?search=ada')).status).toBe(401);
  expect((await (await browser()).get('/projects/new')).status).toBe(401);
});
