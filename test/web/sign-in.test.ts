import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPEN_TO_ALL } from '../../src/core/accounts/eligibility.ts';
import { startLink } from '../../src/core/accounts/linking.ts';
import type { Store } from '../../src/core/store/store.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;

beforeAll(async () => {
  const fresh = await freshStore();
  ({ dispose, store } = fresh);
  site = await startSite(store);
});
afterAll(async () => {
  await site.close();
  await dispose();
});

const isSignedIn = async (browser: Browser) => (await browser.get('/account')).status === 200;
const stateOf = (response: Response) =>
  new URL(response.headers.get('location') ?? '').searchParams.get('state') ?? '';

test('signs in with a challenge and a state, and goes where the person wanted', async () => {
  const browser = new Browser(site.url);
  const begun = await browser.get('/sign-in?next=/projects');
  expect(begun.status).toBe(302);
  expect(begun.headers.get('location')).toContain('code_challenge=challenge');
  expect(stateOf(begun)).toMatch(/^[\w-]{43}$/);
  const done = await browser.get(`/oauth/callback?code=Ada&state=${stateOf(begun)}`);
  expect(done.headers.get('location')).toBe('/projects');
  expect(await (await browser.get('/')).text()).toContain('Ada');
});

test.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/%2fevil.example'])(
  'never leads to %s',
  async (next) => {
    const browser = new Browser(site.url);
    expect((await browser.signIn('Ada', next)).headers.get('location')).toBe('/');
  },
);

test('a new id at the sign-in: who knew the old one knows nothing', async () => {
  const browser = new Browser(site.url);
  await browser.csrf();
  const before = browser.cookies.get('visavis') ?? '';
  await browser.signIn('Ada');
  expect(browser.cookies.get('visavis')).not.toBe(before);
  const thief = new Browser(site.url);
  thief.cookies.set('visavis', before);
  expect(await isSignedIn(thief)).toBe(false);
});

test('an id that somebody made up is not taken over', async () => {
  const browser = new Browser(site.url);
  browser.cookies.set('visavis', 'A'.repeat(43));
  await browser.csrf();
  expect(browser.cookies.get('visavis')).not.toBe('A'.repeat(43));
  await browser.signIn('Ada');
  const thief = new Browser(site.url);
  thief.cookies.set('visavis', 'A'.repeat(43));
  expect(await isSignedIn(thief)).toBe(false);
});

test('ids stand in the database as hashes', async () => {
  const browser = new Browser(site.url);
  await browser.signIn('Ada');
  const id = browser.cookies.get('visavis') ?? '';
  const rows = await store.db.selectFrom('sessions').selectAll().execute();
  const hash = createHash('sha256').update(id).digest('hex');
  expect(rows.map((row) => Buffer.from(row.id_hash).toString('hex'))).toContain(hash);
  expect(JSON.stringify(rows)).not.toContain(id);
});

test('a callback works once, with its own state, in the browser that began', async () => {
  const browser = new Browser(site.url);
  const state = stateOf(await browser.get('/sign-in'));
  expect((await new Browser(site.url).get(`/oauth/callback?code=Ada&state=${state}`)).status).toBe(400);
  expect((await browser.get('/oauth/callback?code=Ada&state=wrong')).status).toBe(400);
  // The wrong state used it up.
  expect((await browser.get(`/oauth/callback?code=Ada&state=${state}`)).status).toBe(400);
  expect(await isSignedIn(browser)).toBe(false);
});

test('a denial is a page with a way back', async () => {
  const browser = new Browser(site.url);
  await browser.get('/sign-in');
  const response = await browser.get('/oauth/callback?error=access_denied');
  expect(response.status).toBe(400);
  const page = await response.text();
  expect(page).toContain('You did not allow the connection.');
  expect(page).toContain('href="/sign-in"');
});

test('signs out here, and everywhere', async () => {
  const [first, second] = [new Browser(site.url), new Browser(site.url)];
  await first.signIn('Eve');
  await second.signIn('Eve');
  const id = first.cookies.get('visavis') ?? '';
  expect((await first.post('/sign-out', {})).status).toBe(303);
  const again = new Browser(site.url);
  again.cookies.set('visavis', id);
  expect([await isSignedIn(first), await isSignedIn(again), await isSignedIn(second)]).toEqual([
    false,
    false,
    true,
  ]);
  await first.signIn('Eve');
  await second.post('/sign-out-everywhere', {});
  expect([await isSignedIn(first), await isSignedIn(second)]).toEqual([false, false]);
});

test('a list of accounts keeps the others out', async () => {
  const closed = await startSite(store, { rules: { ...OPEN_TO_ALL, allowedUsers: ['Ada'] } });
  const browser = new Browser(closed.url);
  expect((await browser.signIn('Mallory')).status).toBe(403);
  expect(await isSignedIn(browser)).toBe(false);
  expect((await browser.signIn('Ada')).status).toBe(302);
  await closed.close();
});

test('a blocked account may look, no more', async () => {
  const browser = new Browser(site.url);
  await browser.signIn('Blocked');
  expect((await browser.get('/projects')).status).toBe(200);
  expect((await browser.get('/projects/new')).status).toBe(403);
});

test('a chat name is linked by a form, after both names were shown', async () => {
  const identity = { platform: 'discord', externalId: '42', displayName: '<i>Grace</i>' };
  const token = await startLink(site.deps, identity);
  const browser = new Browser(site.url);
  const visitor = await (await browser.get(`/link/${token}`)).text();
  expect(visitor).toContain('&lt;i&gt;Grace&lt;/i&gt;');
  expect(visitor).toContain(encodeURIComponent(`/link/${token}`));
  expect(visitor).not.toContain(`action="/link/`);
  expect((await browser.post(`/link/${token}`, {})).status).toBe(401);
  await browser.signIn('Grace');
  const page = await (await browser.get(`/link/${token}`)).text();
  expect(page).toContain('decline');
  expect(await store.db.selectFrom('identities').selectAll().execute()).toEqual([]);
  expect((await browser.post(`/link/${token}`, {})).headers.get('location')).toBe('/account?done=linked');
  expect(await (await browser.get('/account?done=linked')).text()).toContain('&lt;i&gt;Grace&lt;/i&gt;');
  expect((await browser.get(`/link/${token}`)).status).toBe(410);
  expect((await browser.get('/link/never-was')).status).toBe(404);
  const row = await store.db.selectFrom('identities').select('id').executeTakeFirstOrThrow();
  const other = new Browser(site.url);
  await other.signIn('Mallory');
  expect((await other.post(`/account/identities/${row.id}/unlink`, {})).status).toBe(404);
  expect((await browser.post(`/account/identities/${row.id}/unlink`, {})).status).toBe(303);
  expect(await store.db.selectFrom('identities').selectAll().execute()).toEqual([]);
});
