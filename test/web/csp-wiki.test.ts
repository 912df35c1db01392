import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';
import { accountNamed, addSource } from './support/sources.ts';

const TOKEN = 'a service token for tests alone, long enough';
const A = 'https://gallery.example.com';

describe('the interface for a wiki', () => {
  let store: Store;
  let site: Site;
  let without: Site;
  let dispose: () => Promise<void>;
  let user: number;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    site = await startSite(store, { originsToken: TOKEN });
    without = await startSite(store);
    await new Browser(site.url).signIn('Ada');
    ({ user } = await accountNamed(store, 'Ada'));
    await addSource(store, user, A);
  });
  afterAll(async () => {
    await site.close();
    await without.close();
    await dispose();
  });
  const ask = (path: string, headers: Record<string, string> = {}, url = site.url) =>
    fetch(`${url}/api/csp${path}`, { headers: { authorization: `Bearer ${TOKEN}`, ...headers } });

  it('gives the list of one user, with a tag that spares the second answer', async () => {
    const response = await ask(`/users/${user}/fragment`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('private, max-age=60');
    expect(response.headers.get('vary')).toContain('Authorization');
    expect(response.headers.getSetCookie()).toEqual([]);
    const fragment = (await response.json()) as { validUntil: string };
    expect(fragment).toMatchObject({ v: 1, user, defaultSrc: [A], fragment: A, bytes: A.length });
    expect(Date.parse(fragment.validUntil)).toBeGreaterThan(0);
    const etag = response.headers.get('etag') ?? '';
    const again = await ask(`/users/${user}/fragment`, { 'if-none-match': etag });
    expect([again.status, await again.text()]).toEqual([304, '']);
    expect((await ask(`/users/${user}/fragment`, { 'if-none-match': '"other"' })).status).toBe(200);
    expect(await (await ask('/users/12345/fragment')).json()).toMatchObject({
      user: 12345,
      defaultSrc: [],
      fragment: '',
    });
  });

  it('answers nobody without the token, and is nowhere where there is none', async () => {
    for (const path of [`/users/${user}/fragment`, `/users/${user}/check?origin=a.org`, '/changes']) {
      expect((await ask(path, { authorization: 'Bearer wrong' })).status).toBe(401);
      expect((await ask(path, { authorization: TOKEN })).status).toBe(401);
      expect((await fetch(`${site.url}/api/csp${path}`)).status).toBe(401);
      expect((await ask(path, {}, without.url)).status).toBe(404);
    }
    // A session is no token.
    const browser = new Browser(site.url);
    await browser.signIn('Ada');
    expect((await browser.get(`/api/csp/users/${user}/fragment`)).status).toBe(401);
  });

  it('says whether a user could add an origin, and adds nothing', async () => {
    const check = async (origin: string) =>
      (await ask(`/users/${user}/check?origin=${encodeURIComponent(origin)}`)).json();
    expect(await check('Museum.example.org/api')).toMatchObject({
      ok: true,
      value: 'https://museum.example.org/api/',
    });
    expect(await check('*.example.org')).toMatchObject({ ok: false, code: 'wildcard' });
    expect(await check(`${A}/people/`)).toMatchObject({ ok: false, code: 'already_there' });
    expect(await check('')).toMatchObject({ ok: false, code: 'empty' });
    expect(await (await ask(`/users/${user}/fragment`)).json()).toMatchObject({ defaultSrc: [A] });
  });

  it('tells whose lists changed since a number', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Ada');
    const { next } = (await (await ask('/changes')).json()) as { next: number };
    await browser.post('/data-sources/pause', { origin: A });
    const news = (await (await ask(`/changes?since=${next}`)).json()) as { next: number };
    expect(news).toMatchObject({ changes: [{ user }], more: false });
    expect(await (await ask(`/changes?since=${news.next}`)).json()).toEqual({
      changes: [],
      next: news.next,
      more: false,
    });
    expect(await (await ask(`/users/${user}/fragment`)).json()).toMatchObject({ defaultSrc: [] });
    expect((await ask('/changes?since=x')).status).toBe(400);
    for (const id of ['0', '-1', 'x', '4294967296', '1e3'])
      expect((await ask(`/users/${id}/fragment`)).status).toBe(400);
  });
});
