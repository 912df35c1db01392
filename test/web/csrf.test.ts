import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let dispose: () => Promise<void>;

beforeAll(async () => {
  const fresh = await freshStore();
  dispose = fresh.dispose;
  site = await startSite(fresh.store);
});
afterAll(async () => {
  await site.close();
  await dispose();
});

const POSTS = [
  '/sign-out',
  '/sign-out-everywhere',
  '/link/token',
  '/account/identities/1/unlink',
  '/language',
  '/projects/new',
  '/projects/1/exclusions',
  '/projects/1/settings',
  '/projects/1/care',
  '/projects/1/channels/1/unbind',
  '/projects/1/invitations',
  '/projects/1/invitations/1/revoke',
  '/projects/1/leave',
  '/projects/1/members/1/role',
  '/projects/1/members/1/ban',
  '/projects/1/review',
  '/projects/1/review/undo',
  '/join/ABCDEFGHABCDEFGH',
  '/account/delete',
  '/projects/1/write',
  '/projects/1/runs/1/stop',
  '/projects/1/runs/1/undo',
  '/room/practice/messages',
  '/room/practice/messages/1/reactions',
  '/room/practice/name',
];

test.each(POSTS)('%s needs the token', async (path) => {
  const browser = new Browser(site.url);
  await browser.signIn('Ada');
  for (const csrf of ['', 'wrong', `${await browser.csrf()}x`]) {
    const response = await browser.post(path, { csrf, text: 'hello' });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('too old');
  }
});

test('whoever is refused finds the way back to the page of the form, and to no other site', async () => {
  const browser = new Browser(site.url);
  const refused = async (referer: string) => {
    const response = await browser.send('/language', { method: 'POST', headers: { referer }, body: '' });
    expect(response.status).toBe(403);
    return response.text();
  };
  expect(await refused(`${site.url}/projects?page=2&done=saved`)).toContain('href="/projects?page=2"');
  for (const elsewhere of [
    '',
    'https://other.example/a',
    `${site.url}//other.example/a`,
    'javascript:alert(1)',
  ])
    expect(await refused(elsewhere)).not.toContain('Back to the page you came from');
});

test('a request without a cookie is refused, whatever token it has', async () => {
  const owner = new Browser(site.url);
  const csrf = await owner.csrf();
  const response = await new Browser(site.url).post('/room/practice/messages', { csrf, text: 'x' });
  expect(response.status).toBe(403);
});

test('a token of another session is refused', async () => {
  const [ann, bob] = [new Browser(site.url), new Browser(site.url)];
  const csrf = await ann.csrf();
  await bob.csrf();
  expect((await bob.post('/room/practice/messages', { csrf, text: 'x' })).status).toBe(403);
});

test('a token from before the sign-in is refused', async () => {
  const browser = new Browser(site.url);
  const csrf = await browser.csrf();
  await browser.signIn('Ada');
  expect((await browser.post('/sign-out', { csrf })).status).toBe(403);
  expect((await browser.post('/sign-out', {})).status).toBe(303);
});

test('a token as a list of two is refused', async () => {
  const browser = new Browser(site.url);
  const csrf = await browser.csrf();
  const response = await browser.send('/language', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `csrf=${csrf}&csrf=${csrf}`,
  });
  expect(response.status).toBe(403);
});

test('the token may come as a header', async () => {
  const browser = new Browser(site.url);
  const csrf = await browser.csrf();
  const response = await browser.send('/room/practice/messages', {
    method: 'POST',
    headers: { 'x-csrf-token': csrf, 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ text: 'hello' }),
  });
  expect(await response.json()).toEqual({ ok: true });
});

test('other methods that could change something need it too', async () => {
  for (const method of ['PUT', 'DELETE', 'PATCH']) {
    expect((await fetch(`${site.url}/account`, { method })).status).toBe(403);
  }
});
