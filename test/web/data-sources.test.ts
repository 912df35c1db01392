import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PENDING_MS } from '../../src/core/origins/pending.ts';
import type { Store } from '../../src/core/store/store.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';

const A = 'https://gallery.example.com';

describe('my data sources', () => {
  let store: Store;
  let site: Site;
  let dispose: () => Promise<void>;
  beforeAll(async () => {
    const fresh = await freshStore();
    store = fresh.store;
    dispose = fresh.dispose;
    site = await startSite(store);
  });
  afterAll(async () => {
    await site.close();
    await dispose();
  });

  const page = async (browser: Browser, path = '/data-sources') => (await browser.get(path)).text();
  const policy = async (browser: Browser, path: string) =>
    (await browser.get(path)).headers.get('content-security-policy') ?? '';

  /** Every step of a person without JavaScript, up to where it waits. @returns where the last form led */
  const allow = async (browser: Browser, name: string, fields: Record<string, string>) => {
    const begun = await browser.post('/data-sources/begin', {
      action: 'add',
      days: '180',
      note: '',
      ...fields,
    });
    expect(begun.status).toBe(303);
    const confirm = begun.headers.get('location') ?? '';
    expect(confirm).toMatch(/^\/data-sources\/confirm\/\d+$/);
    const leave = await browser.post(`${confirm}/sign-in`, {});
    expect(leave.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(confirm)}`);
    const back = await browser.signIn(name, confirm);
    expect(back.headers.get('location')).toBe(confirm);
    expect(await page(browser, confirm)).toContain(`${confirm}/finish`);
    return browser.post(`${confirm}/finish`, {});
  };
  /** The fifteen minutes are over. */
  const wait = () =>
    store.db
      .updateTable('csp_pending')
      .set((eb) => ({ effective_at: eb('effective_at', '-', PENDING_MS) }))
      .execute();

  it('go the whole way without JavaScript: add, wait, see, pause, remove', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Ada');
    const done = await allow(browser, 'Ada', { origin: 'Gallery.example.com/' });
    expect(done.headers.get('location')).toBe('/data-sources');
    const waiting = await page(browser);
    expect(waiting).toContain('/data-sources/pending/');
    expect(await policy(browser, '/')).not.toContain(A);

    await wait();
    const listed = await page(browser);
    expect(listed).not.toContain('/data-sources/pending/');
    expect(listed).toContain(`<strong><bdi>${A}</bdi></strong>`);
    // The header on the page is the header of the other pages.
    const sent = await policy(browser, '/');
    expect(sent).toContain(`default-src 'self' ${A};`);
    expect(listed).toContain(`Content-Security-Policy: ${sent.replaceAll("'", '&#39;')}`);

    await browser.post('/data-sources/pause', { origin: A });
    expect(await policy(browser, '/')).not.toContain(A);
    await browser.post('/data-sources/remove', { origin: A });
    expect(await page(browser)).not.toContain(`<bdi>${A}</bdi>`);
  });

  it('are sent to one reader alone, and never on pages where somebody decides or signs in', async () => {
    const ada = new Browser(site.url);
    await ada.signIn('Ada');
    await allow(ada, 'Ada', { origin: A });
    await wait();
    await page(ada);
    const bob = new Browser(site.url);
    await bob.signIn('Bob');
    expect(await policy(ada, '/projects')).toContain(A);
    expect(await policy(bob, '/projects')).not.toContain(A);
    expect(await policy(new Browser(site.url), '/projects')).not.toContain(A);
    for (const path of [
      '/data-sources',
      '/DATA-SOURCES',
      '/data-sources/confirm/1',
      '/account',
      '/account/delete',
      '/admin',
      '/admin/blocks',
      '/sign-in',
      '/link/abc',
      '/no-such-page',
    ]) {
      const bare = await policy(ada, path);
      expect(bare, path).toContain("default-src 'self';");
      expect(bare, path).not.toContain(A);
    }
  });

  it('need a sign-in of their own for each change', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Cleo');
    const begun = await browser.post('/data-sources/begin', {
      action: 'add',
      origin: A,
      days: '30',
      note: '',
    });
    const confirm = begun.headers.get('location') ?? '';
    // The session that began it is not enough.
    expect(await page(browser, confirm)).not.toContain('/finish');
    expect((await browser.post(`${confirm}/finish`, {})).status).toBe(403);
    const other = new Browser(site.url);
    await other.signIn('Dan');
    expect((await other.get(confirm)).status).toBe(404);
    expect((await other.post(`${confirm}/finish`, {})).status).toBe(404);
    expect((await new Browser(site.url).get(confirm)).status).toBe(401);
  });

  it('say what is wrong, above the form with what was written', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Eve');
    const refused = await browser.post('/data-sources/begin', {
      action: 'add',
      origin: '*.example.com<b>',
      days: '180',
      note: 'for "me"',
    });
    expect(refused.status).toBe(400);
    const text = await refused.text();
    expect(text).toContain('Wildcards are not allowed');
    expect(text).toContain('value="*.example.com&lt;b&gt;"');
    expect(text).toContain('value="for &quot;me&quot;"');
    expect((await browser.post('/data-sources/begin', { origin: A, days: '7' })).status).toBe(400);
    expect((await browser.post('/data-sources/remove', { origin: A })).status).toBe(404);
  });

  it('can be cancelled while they wait; what was noticed is put away', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Finn');
    await allow(browser, 'Finn', { origin: A });
    const waiting = await page(browser);
    const cancel = /\/data-sources\/pending\/\d+\/cancel/.exec(waiting)?.[0] ?? '';
    const seen = /\/data-sources\/notices\/\d+\/dismiss/.exec(waiting)?.[0] ?? '';
    // A link changes nothing.
    expect((await browser.get(cancel)).status).toBeGreaterThanOrEqual(404);
    expect((await browser.post(seen, {})).status).toBe(303);
    expect((await browser.post(cancel, {})).status).toBe(303);
    await wait();
    const after = await page(browser);
    expect(after).not.toContain(`<strong><bdi>${A}</bdi></strong>`);
    expect(after).not.toContain(seen);
  });

  it('tell on every page what waits, until it was seen', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Hal');
    await allow(browser, 'Hal', { origin: A });
    for (const path of ['/help', '/projects', '/data-sources'])
      expect(await page(browser, path)).toContain(`A change of your data sources waits: ${A}`);
    expect(await page(new Browser(site.url), '/help')).not.toContain('data sources waits');
    const seen = /\/data-sources\/notices\/\d+\/dismiss/.exec(await page(browser, '/help'))?.[0] ?? '';
    const back = await browser.post(seen, { next: '/help' });
    expect(back.headers.get('location')).toBe('/help');
    expect((await browser.post(seen, { next: 'https://evil.example/' })).headers.get('location')).toBe('/');
    expect(await page(browser, '/help')).not.toContain('data sources waits');
  });

  it('tell what should be known before it is confirmed', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Joy');
    const told = async (origin: string) => {
      const begun = await browser.post('/data-sources/begin', {
        action: 'add',
        origin,
        days: '30',
        note: '',
      });
      return page(browser, begun.headers.get('location') ?? '');
    };
    expect(await told('bücher.example.com')).toContain('In letters it is https://bücher.example.com.');
    expect(await told('https://api.example.org/a/')).toContain('Everything below this path is allowed.');
    expect(await told('https://api.example.org/a.json')).toContain('Only this one address is allowed');
    expect(await told('wss://api.example.org')).toContain('This allows WebSockets alone');
    expect(await told('https://tools.wmflabs.org/x/')).toContain('This host only redirects today.');
  });

  it('refuse in the reader’s language', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Ida');
    await browser.post('/language', { language: 'nb' });
    const refused = await browser.post('/data-sources/begin', {
      action: 'add',
      origin: '*.example.com',
      days: '30',
      note: '',
    });
    expect(await refused.text()).toContain('Jokertegn er ikke tillatt');
  });

  it('are renewed and changed, each after a sign-in', async () => {
    const browser = new Browser(site.url);
    await browser.signIn('Gus');
    await allow(browser, 'Gus', { origin: A, days: '30' });
    await wait();
    await page(browser);
    await allow(browser, 'Gus', {
      action: 'edit',
      from: A,
      origin: `${A}/people/`,
      days: '365',
      note: 'portraits',
    });
    await wait();
    const listed = await page(browser);
    expect(listed).toContain(`<strong><bdi>${A}/people/</bdi></strong> <bdi>portraits</bdi>`);
    expect(await policy(browser, '/')).toContain(`default-src 'self' ${A}/people/;`);
  });
});
