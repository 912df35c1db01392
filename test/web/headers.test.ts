import { afterAll, beforeAll, expect, test } from 'vitest';
import { contentSecurityPolicy } from '../../src/web/middleware/security-headers.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let production: Site;
let dispose: () => Promise<void>;

beforeAll(async () => {
  const fresh = await freshStore();
  dispose = fresh.dispose;
  site = await startSite(fresh.store);
  production = await startSite(fresh.store, { production: true });
});
afterAll(async () => {
  await site.close();
  await production.close();
  await dispose();
});

const POLICY =
  "default-src 'self'; img-src 'self' data: http://localhost:9999 https://upload.wikimedia.org; " +
  "script-src 'self'; script-src-attr 'none'; worker-src 'none'; child-src 'none'; frame-src 'none'; " +
  "object-src 'none'; style-src 'self'; manifest-src 'self'; base-uri 'none'; " +
  "form-action 'self' http://wiki.localhost; frame-ancestors 'none'; report-to csp; report-uri /api/csp/reports";

test.each(['/', '/room/practice', '/no-such-page', '/health', '/api/items', '/projects/9'])(
  '%s has the headers',
  async (path) => {
    const { headers } = await fetch(site.url + path);
    expect(headers.get('content-security-policy')).toBe(POLICY);
    expect(headers.get('reporting-endpoints')).toBe('csp="/api/csp/reports"');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    expect(headers.get('permissions-policy')).toContain('camera=()');
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(headers.get('strict-transport-security')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{12}$/);
    expect(headers.get('cache-control')).toContain('private');
  },
);

test('no policy is unsafe anywhere', () => {
  const policy = contentSecurityPolicy({
    production: true,
    pictureHosts: [],
    oauthOrigin: 'https://m.example',
  });
  expect(policy).not.toMatch(/unsafe|blob:|\*/);
});

test('in production: https for a year, and a cookie for this host over https alone', async () => {
  const response = await fetch(`${production.url}/room/practice`);
  expect(response.headers.get('strict-transport-security')).toBe('max-age=31536000');
  const [cookie = ''] = response.headers.getSetCookie();
  expect(cookie).toMatch(
    /^__Host-visavis=[\w-]{43}; path=\/; expires=[^;]+; samesite=lax; secure; httponly$/i,
  );
});

test('style sheets and modules: packed, typed, kept for a year under their version', async () => {
  const page = await (await fetch(site.url)).text();
  const [path = ''] = /\/assets\/\w+\/codex\.css/.exec(page) ?? [];
  const response = await fetch(site.url + path);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/css; charset=utf-8');
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  const old = await fetch(site.url + path.replace(/assets\/\w+/, 'assets/0123'));
  expect(old.headers.get('cache-control')).toBe('public, max-age=60');
  for (const bad of [
    '/assets/x/../../../package.json',
    '/assets/x/%2e%2e%2fserver.ts',
    '/assets/x/none.css',
  ]) {
    expect((await fetch(site.url + bad)).status).toBe(404);
  }
});

test('no page holds inline scripts, styles or handlers', async () => {
  const browser = new Browser(site.url);
  await browser.signIn('Ada');
  for (const path of [
    '/',
    '/room/practice',
    '/projects',
    '/projects/new',
    '/account',
    '/help',
    '/privacy',
    '/x',
  ]) {
    const page = await (await browser.get(path)).text();
    expect(page, path).toContain('</html>');
    expect(page, path).not.toMatch(
      /<style|\sstyle=|\son\w+=|<script(?! type="module" src="\/assets\/)|javascript:/,
    );
  }
});

test('who only reads a page gets no cookie', async () => {
  for (const path of ['/', '/projects', '/help', '/privacy', '/health']) {
    expect((await fetch(site.url + path)).headers.getSetCookie()).toEqual([]);
  }
});
