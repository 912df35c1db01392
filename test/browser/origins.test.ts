import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { DEFAULT_CHOICES, SITE_SETTING, type SiteChoices } from '../../src/core/origins/site.ts';
import type { Store } from '../../src/core/store/store.ts';
import { freePort } from '../support/free-port.ts';
import { addMember, addProject } from '../support/people.ts';
import { addFace, addFile } from '../support/pictures.ts';
import { freshStore } from '../support/stores.ts';
import { fakeOAuth, type Site, startSite } from '../web/support/site.ts';
import { accountNamed, addSource } from '../web/support/sources.ts';
import { openBrowser } from './browser.ts';
import { type Elsewhere, startElsewhere } from './origins/elsewhere.ts';
import { CODE, type Could, DATA, tryLoads } from './origins/loads.ts';

const GALLERY = 'gallery.example.com';
const MUSEUM = 'museum.example.org';
const STRANGER = 'stranger.example.net';
const HOSTS = [GALLERY, MUSEUM, STRANGER];

/** Nothing from anywhere, but for what is said. */
const only = (given: Partial<Could> = {}): Could =>
  ({ [GALLERY]: [], [MUSEUM]: [], [STRANGER]: [], ...given }) as Could;
const ALL_DATA = [...DATA];
const NO_SOCKET = DATA.filter((kind) => kind !== 'websocket');

/**
 * What a browser really loads: other sites are servers of this machine under their names, over https. A WebSocket
 * needs an entry of its own, which Ada has and Bob has not.
 */
describe.skipIf(!inject('chromium'))('data from elsewhere in a browser', { timeout: 300_000 }, () => {
  let store: Store;
  let site: Site;
  let elsewhere: Elsewhere;
  let dispose: () => Promise<void>;
  let url: string;
  let project: number;
  let confirm: string;
  const contexts: BrowserContext[] = [];
  const pages = {} as Record<'ada' | 'bob' | 'visitor', Page>;

  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    elsewhere = await startElsewhere(HOSTS);
    const port = await freePort();
    url = `http://localhost:${port}`;
    const open = async (name: string | null) => {
      const context = await openBrowser({
        hosts: Object.fromEntries(HOSTS.map((host) => [host, elsewhere.port])),
      });
      contexts.push(context);
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      if (name !== null) {
        signingIn = name;
        await page.goto(`${url}/sign-in?next=/help`);
        await page.waitForURL(`${url}/help`);
      }
      return page;
    };
    let signingIn = '';
    const oauth = {
      ...fakeOAuth(),
      // The wiki sends everybody back at once, as it does where consent exists.
      authorizationUrl: ({ state }: { state: string }) =>
        new URL(`${url}/oauth/callback?code=${signingIn}&state=${encodeURIComponent(state)}`),
    };
    site = await startSite(store, { publicUrl: url, oauthOrigin: url, oauth, admins: ['Ada'] }, port);
    pages.ada = await open('Ada');
    pages.bob = await open('Bob');
    pages.visitor = await open(null);
    const ada = await accountNamed(store, 'Ada');
    const bob = await accountNamed(store, 'Bob');
    await addSource(store, ada.user, `https://${GALLERY}`);
    await addSource(store, ada.user, `wss://${GALLERY}`);
    await addSource(store, bob.user, `https://${MUSEUM}`);
    project = (await addProject(store, { created_by: ada.id, matching: 0 })).id;
    await addMember(store, project, { accountId: bob.id });
    await addFace(store, await addFile(store, project));
    await pages.ada.goto(`${url}/data-sources`);
    await pages.ada.getByLabel('Origin', { exact: true }).last().fill(`https://${STRANGER}`);
    await pages.ada.getByRole('button', { name: 'Continue to confirm' }).last().click();
    await pages.ada.waitForURL(`${url}/data-sources/confirm/*`);
    confirm = new URL(pages.ada.url()).pathname;
  }, 240_000);
  afterAll(async () => {
    for (const context of contexts) await context.close();
    await site?.close();
    await elsewhere?.close();
    await dispose?.();
  });

  const loads = async (who: keyof typeof pages, path: string): Promise<Could> => {
    const page = pages[who];
    await page.goto(url + path);
    return tryLoads(page, elsewhere, HOSTS);
  };
  const choose = async (given: Partial<SiteChoices>) => {
    await store.db.deleteFrom('settings').where('name', '=', SITE_SETTING).execute();
    await store.db
      .insertInto('settings')
      .values({ name: SITE_SETTING, value: JSON.stringify({ ...DEFAULT_CHOICES, ...given }) })
      .execute();
  };

  it('every way to load would be seen: where the policy is only reported, all of it works', async () => {
    await choose({ enforced: false });
    const could = await loads('visitor', '/help');
    // The first form leaves the page, so it is tried with one host.
    expect(could).toEqual(
      only({
        [GALLERY]: [...DATA, ...CODE],
        [MUSEUM]: [...DATA, ...CODE].filter((kind) => kind !== 'form'),
        [STRANGER]: [...DATA, ...CODE].filter((kind) => kind !== 'form'),
      }),
    );
    await choose({});
  });

  it('on ordinary pages exactly the data of the origins that this reader opted in to', async () => {
    for (const path of ['/', '/help', '/projects', `/projects/${project}`, `/projects/${project}/review`]) {
      expect([path, await loads('ada', path)]).toEqual([path, only({ [GALLERY]: ALL_DATA })]);
      expect([path, await loads('bob', path)]).toEqual([path, only({ [MUSEUM]: NO_SOCKET })]);
    }
    expect(await loads('visitor', '/help')).toEqual(only());
  });

  it('on a project’s pages only what the project declares of it', async () => {
    await store.db
      .insertInto('project_origins')
      .values({
        project_id: project,
        origin: `https://${GALLERY}`,
        who: 'x',
        purpose: 'x',
        added_by: (await accountNamed(store, 'Ada')).id,
        added_at: 0,
      })
      .execute();
    const path = `/projects/${project}/review`;
    expect(await loads('ada', path)).toEqual(only({ [GALLERY]: NO_SOCKET }));
    expect(await loads('bob', path)).toEqual(only());
    // Elsewhere on the site nothing is different.
    expect(await loads('bob', '/help')).toEqual(only({ [MUSEUM]: NO_SOCKET }));
  });

  it('nothing where somebody signs in, confirms, decides or administrates, nor on errors', async () => {
    const bare = [
      '/data-sources',
      confirm,
      '/account',
      '/account/delete',
      '/admin',
      '/admin/data-sources',
      `/projects/${project}/data-sources`,
      '/no-such-page',
    ];
    for (const path of bare) expect([path, await loads('ada', path)]).toEqual([path, only()]);
  });

  it('a denied host loads nothing at the next page', async () => {
    const denied = { host: 'example.com', reason: 'x', added_by: (await accountNamed(store, 'Ada')).id };
    await store.db
      .insertInto('csp_denied')
      .values({ ...denied, added_at: 0 })
      .execute();
    expect(await loads('ada', '/help')).toEqual(only());
    await store.db.deleteFrom('csp_denied').execute();
    expect(await loads('ada', '/help')).toEqual(only({ [GALLERY]: ALL_DATA }));
  });
});
