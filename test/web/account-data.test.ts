import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { addProject } from '../support/people.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { HOSTILE } from './support/project.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;

beforeAll(async () => {
  ({ dispose, store } = await freshStore());
  site = await startSite(store);
});
afterAll(async () => {
  await site.close();
  await dispose();
});

async function signedIn(name: string): Promise<Browser> {
  const browser = new Browser(site.url);
  await browser.signIn(name);
  return browser;
}
const idOf = async (username: string) =>
  (
    await store.db
      .selectFrom('account_profiles')
      .select('account_id')
      .where('username', '=', username)
      .executeTakeFirst()
  )?.account_id;

test('everybody downloads the own data, blocked or not', async () => {
  for (const name of ['Ada', 'Blocked Bo']) {
    const response = await (await signedIn(name)).get('/account/data.json');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="visavis-account.json"');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toMatchObject({ profile: { username: name }, sessions: 1, votes: [] });
  }
  for (const path of ['/account/data.json', '/account/delete'])
    expect((await new Browser(site.url).get(path)).status).toBe(401);
});

test('deleting names what goes and what stays, and projects that would be left alone', async () => {
  const ada = await signedIn('Ada');
  await addProject(store, { created_by: (await idOf('Ada')) ?? 0, title: HOSTILE });
  const page = await (await ada.get('/account/delete')).text();
  expect(page).toContain('You are the only owner of this project. It is paused then');
  expect(page).toContain('&lt;script&gt;');
  expect(page).not.toMatch(/<script>/);
});

test('deleting needs a tick, and signs out everywhere', async () => {
  const [ada, elsewhere] = [await signedIn('Ada'), await signedIn('Ada')];
  const refused = await ada.post('/account/delete', {});
  expect([refused.status, await idOf('Ada')]).toEqual([400, expect.any(Number)]);
  const done = await ada.post('/account/delete', { sure: 'on' });
  expect(done.headers.get('location')).toBe('/?done=forgotten');
  expect(await idOf('Ada')).toBeUndefined();
  for (const browser of [ada, elsewhere]) expect((await browser.get('/account')).status).toBe(401);
});
