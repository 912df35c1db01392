import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type Store } from '../../src/core/store/store.ts';
import { engines, freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';
import { accountNamed, addSource } from './support/sources.ts';

const A = 'https://deep.gallery.example.com';
const HERE = '/admin/data-sources';
const AS_IT_WAS = { mode: 'open', enforced: 'on', ports: '', sampling: '1', wait: '24' };

describe.each(engines())('data sources for administrators, on %s', (kind) => {
  let store: Store;
  let otherStore: Store;
  let site: Site;
  /** Another process: its own pool over the same database, and nothing in common in memory. */
  let other: Site;
  let dispose: () => Promise<void>;
  let boss: Browser;
  let ada: Browser;
  beforeAll(async () => {
    const fresh = await freshStore(kind);
    ({ store } = fresh);
    otherStore = openStore(fresh.address);
    site = await startSite(store, { admins: ['Boss'] });
    other = await startSite(otherStore, { admins: ['Boss'] });
    boss = new Browser(site.url);
    await boss.signIn('Boss');
    ada = new Browser(other.url);
    await ada.signIn('Ada');
    await addSource(store, (await accountNamed(store, 'Ada')).user, A);
    dispose = async () => {
      await site.close();
      await other.close();
      await otherStore.close();
      await fresh.dispose();
    };
  });
  afterAll(() => dispose());

  const sent = async () => (await ada.get('/help')).headers;
  const policy = async () => (await sent()).get('content-security-policy') ?? '';
  const page = async (browser: Browser, path = HERE) => (await browser.get(path)).text();
  const act = async (path: string, fields: Record<string, string>) => {
    const response = await boss.post(HERE + path, fields);
    expect([path, response.status]).toEqual([path, 303]);
  };

  it('a denial holds at the next request of the other process, and gives everything back when it ends', async () => {
    expect(await policy()).toContain(A);
    await act('/denied', { host: 'Gallery.Example.com', reason: 'It <tracks>.' });
    expect(await policy()).not.toContain('gallery.example.com');
    expect(await page(boss)).toContain('It &lt;tracks&gt;.');
    expect(await page(ada, '/data-sources')).toContain('suspended: an administrator denies this host');
    // A wiki, a manifest and a suggestion are no way round.
    const refused = await boss.post(`${HERE}/allowed`, { origin: A, label: 'x' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('An administrator of this site denies this host');
    await act('/denied/remove', { host: 'gallery.example.com' });
    expect(await policy()).toContain(A);
  });

  it('the mode: only what is suggested, or nothing', async () => {
    await act('/policy', { ...AS_IT_WAS, mode: 'preapproved' });
    expect(await policy()).not.toContain(A);
    await act('/allowed', { origin: 'https://deep.gallery.example.com', label: 'The gallery' });
    expect(await policy()).toContain(A);
    expect(await page(boss, '/data-sources')).toContain('Only these can be added on this site.');
    await act('/allowed/remove', { origin: A });
    expect(await policy()).not.toContain(A);
    await act('/policy', { ...AS_IT_WAS, mode: 'off' });
    expect(await policy()).not.toContain(A);
    await act('/policy', AS_IT_WAS);
    expect(await policy()).toContain(A);
  });

  it('a suggestion is a link that fills the form in', async () => {
    await act('/allowed', { origin: 'museum.example.org', label: 'Portraits of a museum' });
    const offered = await page(ada, '/data-sources');
    expect(offered).toContain('Portraits of a museum');
    expect(offered).toContain('href="/data-sources?origin=https%3A%2F%2Fmuseum.example.org#add"');
    expect(await policy()).not.toContain('museum');
    await act('/allowed/remove', { origin: 'https://museum.example.org' });
  });

  it('only reported, or with a trial beside it', async () => {
    const { enforced: _, ...reported } = AS_IT_WAS;
    await act('/policy', { ...reported, 'trial-no_media': 'on' });
    const headers = await sent();
    expect(headers.get('content-security-policy')).toBeNull();
    const [first = '', second = ''] = (headers.get('content-security-policy-report-only') ?? '').split(', ');
    expect(first).toContain(A);
    expect(first).not.toContain('media-src');
    expect(second).toContain("media-src 'none'");
    expect(headers.get('reporting-endpoints')).toBe('csp="/api/csp/reports"');
    // What is refused has the whole policy, enforced.
    const refused = await ada.get('/no-such-page');
    expect(refused.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(refused.headers.get('content-security-policy-report-only')).toBeNull();
    await act('/policy', AS_IT_WAS);
    expect((await sent()).get('content-security-policy-report-only')).toBeNull();
  });

  it('ports, hosts that need a path, and numbers that cannot be', async () => {
    const ask = async (origin: string) =>
      (await ada.post('/data-sources/begin', { action: 'add', origin, days: '30', note: '' })).status;
    expect(await ask('https://api.example.org:8443')).toBe(400);
    await act('/policy', { ...AS_IT_WAS, ports: '8443, 9000' });
    expect(await ask('https://api.example.org:8443')).toBe(303);
    await act('/shared', { shared: 'pages.example.org', segments: '1' });
    expect(await ask('https://pages.example.org')).toBe(400);
    expect(await ask('https://pages.example.org/ada/')).toBe(303);
    await act('/shared', { shared: 'pages.example.org', segments: '0' });
    expect(await ask('https://pages.example.org')).toBe(303);
    for (const wrong of [{ ports: '70000' }, { ports: 'x' }, { sampling: '0' }, { wait: '9999' }])
      expect((await boss.post(`${HERE}/policy`, { ...AS_IT_WAS, ...wrong })).status).toBe(400);
    const bad = await boss.post(`${HERE}/denied`, { host: 'https://x', reason: 'because' });
    expect(bad.status).toBe(400);
    expect(await bad.text()).toContain('value="because"');
  });

  it('is for administrators, and in their log', async () => {
    expect((await ada.get(HERE)).status).toBe(403);
    expect((await ada.post(`${HERE}/denied`, { host: 'x.example.org', reason: 'x' })).status).toBe(403);
    const log = await page(boss, '/admin/log');
    for (const action of [
      'host denied',
      'data sources configured',
      'origin pre-approved',
      'shared host changed',
    ])
      expect(log).toContain(action);
  });

  it('shows what browsers reported, by origin and page', async () => {
    const [day, seen] = [20260102, 3];
    await store.db
      .insertInto('csp_violations')
      .values({ origin: 'https://<b>.example.net', directive: 'img-src', route: '/projects/:id', day, seen })
      .execute();
    const html = await page(boss);
    expect(html).toContain('https://&lt;b&gt;.example.net');
    expect(html).toContain('2026-01-02');
  });
});
