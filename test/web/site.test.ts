import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_CHOICES, SITE_SETTING } from '../../src/core/origins/site.ts';
import type { Store } from '../../src/core/store/store.ts';
import { addressKey } from '../../src/web/middleware/rate-limit.ts';
import { memoryLimits } from '../../src/web/rate-limits.ts';
import { createWeb } from '../../src/web/server.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;

beforeAll(async () => {
  const fresh = await freshStore();
  ({ dispose, store } = fresh);
  site = await startSite(store, { sandbox: { wikiUrl: 'http://localhost:8081/' } });
});
afterAll(async () => {
  await site.close();
  await dispose();
});

test('a contact stands where there is one, and no line where nobody operates the site', async () => {
  const pages = (one: Site) =>
    Promise.all(['/help', '/privacy'].map(async (at) => (await new Browser(one.url).get(at)).text()));
  for (const page of await pages(site))
    expect(page).toContain('Contact of this installation: test@example.org');
  const alone = await startSite(store, { contact: null });
  for (const page of await pages(alone)) expect(page).not.toContain('Contact');
  await alone.close();
});

test('how long a new passkey waits is told by the setting', async () => {
  const who = new Browser(site.url);
  await who.signIn('Ada');
  const told = async () => (await who.get('/data-sources')).text();
  expect(await told()).toContain('A new one can confirm after 24 hours.');
  for (const [hours, words] of [
    [0, 'at once'],
    [1, 'after an hour'],
    [2.5, 'after 2.5 hours'],
  ] as const) {
    const value = JSON.stringify({ ...DEFAULT_CHOICES, passkeyWaitMs: hours * 60 * 60_000 });
    await store.db.deleteFrom('settings').where('name', '=', SITE_SETTING).execute();
    await store.db.insertInto('settings').values({ name: SITE_SETTING, value }).execute();
    expect(await told()).toContain(`A new one can confirm ${words}.`);
  }
});

test('a taken port is named, with what to do', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port)),
  );
  await expect(createWeb(site.deps).listen(port, '127.0.0.1')).rejects.toMatchObject({
    code: 'port_in_use',
    message: `port ${port} is taken by another program; choose another one with PORT=…`,
  });
  server.close();
});

test('health: ok, degraded, failing, and never the reason', async () => {
  expect(await (await fetch(`${site.url}/live`)).json()).toEqual({ live: true });
  expect(await (await fetch(`${site.url}/ready`)).json()).toEqual({ ready: true });
  expect(await (await fetch(`${site.url}/health`)).json()).toEqual({
    status: 'ok',
    degraded: false,
    parts: { database: 'ok' },
  });
  const ill = await startSite(store, {
    health: async () => ({ ok: true, degraded: true, parts: { redis: 'away' } }),
  });
  expect(await (await fetch(`${ill.url}/health`)).json()).toMatchObject({ degraded: true, status: 'ok' });
  await ill.close();
  const broken = await startSite(store, {
    health: async () => {
      throw new Error('password=hunter2');
    },
  });
  const response = await fetch(`${broken.url}/health`);
  expect(response.status).toBe(503);
  expect(await response.text()).not.toContain('hunter2');
  await broken.close();
});

test('bodies: too large is 413, damaged is 400', async () => {
  const post = (body: string, type: string) =>
    fetch(`${site.url}/language`, { method: 'POST', headers: { 'content-type': type }, body });
  expect((await post(`x=${'y'.repeat(70_000)}`, 'application/x-www-form-urlencoded')).status).toBe(413);
  expect((await post('{"x":', 'application/json')).status).toBe(400);
});

test('what goes wrong inside stays inside', async () => {
  const broken = await startSite(store, {
    crops: {
      crop: () => {
        throw new Error('at /secret/path with password');
      },
    },
  });
  const response = await fetch(`${broken.url}/faces/1/crop.jpg`, { headers: { accept: 'text/html' } });
  expect(response.status).toBe(500);
  const page = await response.text();
  expect(page).not.toMatch(/secret|password|\.ts/);
  expect(page).toContain(response.headers.get('x-request-id'));
  await broken.close();
});

test('errors are pages for people and JSON for programs', async () => {
  const page = await fetch(`${site.url}/nowhere`, { headers: { accept: 'text/html' } });
  expect(page.status).toBe(404);
  expect(await page.text()).toContain('<h1>Not found</h1>');
  const json = await fetch(`${site.url}/nowhere`, { headers: { accept: 'application/json' } });
  expect(await json.json()).toMatchObject({ error: 'not_found' });
  expect((await fetch(`${site.url}/projects/1e3`)).status).toBe(404);
  expect((await fetch(`${site.url}/projects/0x1`)).status).toBe(404);
});

test('languages: the address, then the cookie, then the browser, then English', async () => {
  const browser = new Browser(site.url);
  const language = async (path: string, accept: string) =>
    /<html lang="([^"]+)"/.exec(await (await browser.get(path, { 'accept-language': accept })).text())?.[1];
  expect(await language('/', 'de')).toBe('en');
  expect(await language('/', 'de, nn;q=0.8')).toBe('nb');
  expect(await language('/?uselang=fr', 'nb')).toBe('fr');
  expect(await language('/?uselang=<script>', 'es')).toBe('es');
  await browser.post('/language', { language: 'es', next: '//evil' });
  expect(await language('/', 'nb')).toBe('es');
});

test('practice mode is said on every page', async () => {
  expect(await (await fetch(`${site.url}/help`)).text()).toContain('Practice mode.');
});

test('limits: by account, else by address; Retry-After says when', async () => {
  const limited = await startSite(store, { limits: memoryLimits() });
  const ann = new Browser(limited.url);
  const statuses: number[] = [];
  for (let i = 0; i < 11; i++) statuses.push((await ann.get('/sign-in')).status);
  expect(statuses).toEqual([...Array(10).fill(302), 429]);
  const refused = await ann.get('/sign-in');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await ann.get('/help')).status).toBe(200);
  await limited.close();
});

test('limits behind a proxy: what the proxy saw counts, not what the visitor claims', async () => {
  const seen: string[] = [];
  const limits = {
    consume: async (_name: string, key: string) => {
      seen.push(key);
      return 0;
    },
  };
  const proxied = await startSite(store, { trustedProxies: 1, limits });
  await fetch(`${proxied.url}/help`, { headers: { 'x-forwarded-for': '9.9.9.9, 203.0.113.7' } });
  const direct = await startSite(store, { trustedProxies: 0, limits });
  await fetch(`${direct.url}/help`, { headers: { 'x-forwarded-for': '9.9.9.9' } });
  expect(seen).toEqual(['address 203.0.113.7', 'address 127.0.0.1']);
  await proxied.close();
  await direct.close();
});

test('one household has one address', () => {
  expect(addressKey('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(addressKey('2001:db8::1')).toBe('2001:db8:0:0::/64');
  expect(addressKey('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(addressKey('::1')).toBe('0:0:0:0::/64');
});
