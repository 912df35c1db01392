import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { DEFAULT_CHOICES, SITE_SETTING } from '../../src/core/origins/site.ts';
import type { Store } from '../../src/core/store/store.ts';
import { freePort } from '../support/free-port.ts';
import { freshStore } from '../support/stores.ts';
import { fakeOAuth, type Site, startSite } from '../web/support/site.ts';
import { openBrowser } from './browser.ts';

const A = 'https://gallery.example.com';

/** Chromium's own virtual authenticator, on a site with a name: passkeys need one. */
describe.skipIf(!inject('chromium'))('passkeys in a browser', { timeout: 240_000 }, () => {
  let store: Store;
  let site: Site;
  let dispose: () => Promise<void>;
  let context: BrowserContext;
  let page: Page;
  let devtools: CDPSession;
  let authenticatorId: string;
  let url: string;
  const problems: string[] = [];

  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    // What a new passkey waits for is tested where the clock can be moved.
    await store.db
      .insertInto('settings')
      .values({ name: SITE_SETTING, value: JSON.stringify({ ...DEFAULT_CHOICES, passkeyWaitMs: 0 }) })
      .execute();
    const port = await freePort();
    url = `http://localhost:${port}`;
    const oauth = {
      ...fakeOAuth(),
      // The wiki sends everybody back at once, as it does where consent exists.
      authorizationUrl: ({ state }: { state: string }) =>
        new URL(`${url}/oauth/callback?code=Ada&state=${encodeURIComponent(state)}`),
    };
    site = await startSite(store, { publicUrl: url, oauthOrigin: url, oauth }, port);
    context = await openBrowser();
    page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    devtools = await context.newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    ({ authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    }));
    await page.goto(`${url}/sign-in?next=/data-sources`);
  }, 120_000);
  afterAll(async () => {
    await context?.close();
    await site?.close();
    await dispose?.();
  });

  const begin = async (origin: string) => {
    await page.goto(`${url}/data-sources`);
    await page.getByLabel('Origin', { exact: true }).last().fill(origin);
    await page.getByRole('button', { name: 'Continue to confirm' }).last().click();
    await page.waitForURL(`${url}/data-sources/confirm/*`);
  };
  const listed = async () => (await page.getByRole('strong').allTextContents()).join(' ');

  it('are made after a fresh sign-in', async () => {
    await page.getByLabel('Name of a new passkey').fill('My laptop');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('button', { name: 'Sign in anew' }).click();
    await page.getByRole('button', { name: 'Continue to confirm' }).click();
    await page.getByRole('button', { name: 'Make the passkey' }).click();
    await page.waitForURL(`${url}/data-sources?done=saved`);
    expect(await listed()).toContain('My laptop');
  });

  it('confirm an act at once', async () => {
    await begin(A);
    await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
    await page.waitForURL(`${url}/data-sources?done=saved`);
    expect(await listed()).toContain(A);
    const answer = await page.goto(`${url}/projects`);
    expect(answer?.headers()['content-security-policy']).toContain(`default-src 'self' ${A};`);
  });

  it('confirm nothing without verification of the user', async () => {
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    await begin('https://second.example.com');
    await page.getByRole('button', { name: 'Confirm with a passkey' }).click();
    await page.getByText('The passkey was not used').waitFor();
    await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    await page.goto(`${url}/data-sources`);
    expect(await listed()).not.toContain('second.example.com');
  });

  it('can be left aside for a sign-in', async () => {
    await begin('https://third.example.com');
    await page.getByRole('button', { name: 'Sign in anew instead' }).click();
    await page.getByRole('button', { name: 'Sign in anew', exact: true }).click();
    await page.getByRole('button', { name: 'Allow it in fifteen minutes' }).click();
    await page.waitForURL(`${url}/data-sources`);
    await page.getByRole('heading', { name: 'Waiting' }).waitFor();
    expect(await store.db.selectFrom('csp_pending').select('subject').execute()).toEqual([
      { subject: 'https://third.example.com' },
    ]);
    expect(problems).toEqual([]);
  });
});
