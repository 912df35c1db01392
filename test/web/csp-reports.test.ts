import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_CHOICES, SITE_SETTING } from '../../src/core/origins/site.ts';
import { READ_ONLY } from '../../src/core/platform/read-only.ts';
import type { Store } from '../../src/core/store/store.ts';
import { LIMITS, memoryLimits } from '../../src/web/rate-limits.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';
import { accountNamed, addSource } from './support/sources.ts';

const PATH = '/api/csp/reports';
const OWN = 'http://localhost:8080';
const legacy = (blocked: string, directive = 'connect-src') => ({
  'csp-report': {
    'document-uri': `${OWN}/projects/7/review?secret=1`,
    'blocked-uri': blocked,
    'effective-directive': directive,
  },
});
const modern = (blocked: string) => ({
  type: 'csp-violation',
  age: 1,
  url: `${OWN}/help`,
  user_agent: 'somebody',
  body: { documentURL: `${OWN}/help`, blockedURL: blocked, effectiveDirective: 'img-src' },
});

describe('the collector of reports', () => {
  let store: Store;
  let site: Site;
  let dispose: () => Promise<void>;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    site = await startSite(store);
  });
  afterAll(async () => {
    await site.close();
    await dispose();
  });

  const report = (
    body: unknown,
    type: string,
    given: { to: Site; cookies?: Browser['cookies']; headers?: Record<string, string> },
  ) => {
    const browser = new Browser(given.to.url);
    for (const [name, value] of given.cookies ?? []) browser.cookies.set(name, value);
    return browser.send(PATH, {
      method: 'POST',
      headers: { 'content-type': type, ...given.headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  };
  /** Sends them to a site of its own, which writes everything when it is closed. */
  const written = async (send: (to: Site) => Promise<void>, changes = {}) => {
    await store.db.deleteFrom('csp_violations').execute();
    await store.db.deleteFrom('csp_own_violations').execute();
    const to = await startSite(store, changes);
    await send(to);
    await to.close();
    return store.db
      .selectFrom('csp_violations')
      .select(['origin', 'directive', 'route', 'seen'])
      .orderBy('origin')
      .execute();
  };

  it('takes what browsers and wikis send, and keeps neither queries nor names', async () => {
    const rows = await written(async (to) => {
      const sent = [
        await report(legacy('https://name:pass@a.example.com:8443/x?token=1'), 'application/csp-report', {
          to,
        }),
        await report(
          [modern('https://b.example.com/y?z'), modern('https://b.example.com/w')],
          'application/reports+json',
          { to },
        ),
        await report(legacy('inline', 'script-src-elem'), 'application/json; charset=utf-8', { to }),
        // No report, or about another site's page: answered all the same.
        await report('{', 'application/csp-report', { to }),
        await report(
          {
            'csp-report': {
              'document-uri': 'https://other.example/',
              'blocked-uri': 'https://c.example.com',
              'effective-directive': 'img-src',
            },
          },
          'application/csp-report',
          { to },
        ),
      ];
      for (const response of sent) {
        expect(response.status).toBe(204);
        expect(await response.text()).toBe('');
        // No session begins.
        expect(response.headers.getSetCookie()).toEqual([]);
      }
    });
    expect(rows).toEqual([
      {
        origin: 'https://a.example.com:8443',
        directive: 'connect-src',
        route: '/projects/:id/review',
        seen: 1,
      },
      { origin: 'https://b.example.com', directive: 'img-src', route: '/help', seen: 2 },
      { origin: 'inline', directive: 'script-src-elem', route: '/projects/:id/review', seen: 1 },
    ]);
  });

  it('refuses other types and pages of other sites, and reads nothing that is too long', async () => {
    const rows = await written(async (to) => {
      expect((await report(legacy('https://a.example.com'), 'text/plain', { to })).status).toBe(415);
      const foreign = { to, headers: { 'sec-fetch-site': 'cross-site' } };
      expect((await report(legacy('https://a.example.com'), 'application/csp-report', foreign)).status).toBe(
        403,
      );
      const long = await report(
        [modern('https://a.example.com'), 'x'.repeat(70_000)],
        'application/reports+json',
        { to },
      );
      expect(long.status).toBe(204);
      expect((await fetch(to.url + PATH)).status).toBe(404);
    });
    expect(rows).toEqual([]);
  });

  it('remembers for the reader alone what was blocked, and nothing that they allowed', async () => {
    const ada = new Browser(site.url);
    await ada.signIn('Ada');
    const { user } = await accountNamed(store, 'Ada');
    await addSource(store, user, 'https://mine.example.com');
    const rows = await written(async (to) => {
      const given = { to, cookies: ada.cookies };
      await report(legacy('https://new.example.com/a'), 'application/csp-report', given);
      await report(
        legacy('https://evil.example.com/a.js', 'script-src-elem'),
        'application/csp-report',
        given,
      );
      await report(legacy('https://mine.example.com/a'), 'application/csp-report', given);
    });
    expect(rows.map((row) => row.origin)).toEqual(['https://evil.example.com', 'https://new.example.com']);
    const page = await (await ada.get('/data-sources')).text();
    expect(page).toContain('https://new.example.com');
    expect(page).toContain('unconfirmed');
    expect(page).toContain('href="/data-sources?origin=https%3A%2F%2Fnew.example.com#add"');
    // A script is shown, and never suggested.
    expect(page).toContain('https://evil.example.com');
    expect(page).not.toContain('origin=https%3A%2F%2Fevil');
    // The link fills the form in, and allows nothing.
    const filled = await ada.get('/data-sources?origin=https%3A%2F%2Fnew.example.com');
    expect(await filled.text()).toContain('value="https://new.example.com"');
    expect((await ada.get('/')).headers.get('content-security-policy')).not.toContain('new.example.com');
    const bob = new Browser(site.url);
    await bob.signIn('Bob');
    expect(await (await bob.get('/data-sources')).text()).not.toContain('new.example.com');
  });

  it('takes so many from one address in a minute', async () => {
    const rows = await written(
      async (to) => {
        for (let i = 0; i < LIMITS.reports + 5; i++)
          expect(
            (await report(legacy('https://a.example.com'), 'application/csp-report', { to })).status,
          ).toBe(204);
      },
      { limits: memoryLimits() },
    );
    // Fewer when they all came within one second, which has a limit of its own.
    expect(rows[0]?.seen).toBeGreaterThan(0);
    expect(rows[0]?.seen).toBeLessThanOrEqual(LIMITS.reports);
  });

  it('writes nothing while the site is read-only', async () => {
    const value = JSON.stringify({ since: 0, reason: '' });
    await store.db.insertInto('settings').values({ name: READ_ONLY, value }).execute();
    const rows = await written(async (to) => {
      expect((await report(legacy('https://a.example.com'), 'application/csp-report', { to })).status).toBe(
        204,
      );
    });
    await store.db.deleteFrom('settings').where('name', '=', READ_ONLY).execute();
    expect(rows).toEqual([]);
  });

  it('keeps one in so many when an administrator wants it so', async () => {
    const choose = (sampling: number) =>
      store.db
        .insertInto('settings')
        .values({ name: SITE_SETTING, value: JSON.stringify({ ...DEFAULT_CHOICES, sampling }) })
        .execute();
    await choose(10_000);
    const rows = await written(async (to) => {
      // A page is answered after the site has looked at what was chosen.
      await fetch(`${to.url}/help`);
      for (let i = 0; i < 20; i++)
        await report(legacy('https://a.example.com'), 'application/csp-report', { to });
    });
    await store.db.deleteFrom('settings').where('name', '=', SITE_SETTING).execute();
    expect(rows.reduce((sum, row) => sum + row.seen, 0)).toBeLessThan(20);
  });
});
