import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepReport } from '../../src/core/privacy/retention-report.ts';
import type { Store } from '../../src/core/store/store.ts';
import { accountIdOf, addChannel } from '../support/people.ts';
import { addFile } from '../support/pictures.ts';
import { engines, freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { HOSTILE, seedProject } from './support/project.ts';
import { fakeOAuth, type Site, startSite } from './support/site.ts';

describe.each(engines())('administration on %s', (kind) => {
  let site: Site;
  let store: Store;
  let dispose: () => Promise<void>;
  let admin: Browser;
  let owner: Browser;
  let project: number;
  /** Goes on with every look, so that no test waits for what is looked at once a second. */
  let now = Date.UTC(2026, 5, 1);

  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    const clock = {
      now: () => {
        now += 5_000;
        return now;
      },
      sleep: () => new Promise<void>(() => {}),
    };
    site = await startSite(store, { admins: ['Admin'], clock });
    admin = await signedIn('Admin');
    owner = await signedIn('Owner');
    project = await seedProject(store, await accountIdOf(store, 'Owner'));
  });
  afterAll(async () => {
    await site.close();
    await dispose();
  });

  async function signedIn(name: string): Promise<Browser> {
    const browser = new Browser(site.url);
    await browser.signIn(name);
    return browser;
  }
  const read = async (who: Browser, path: string) => (await who.get(path)).text();
  const failed = (failure: string | null, reason: string) =>
    addFile(store, project, { state: 'set_aside', failure, reason });
  const fileRow = (id: number) =>
    store.db
      .selectFrom('files')
      .select(['state', 'reason', 'failure', 'attempts'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();

  test('is for administrators alone, whatever the method', async () => {
    const visitor = new Browser(site.url);
    for (const path of ['', '/projects', '/accounts', '/files', '/runs', '/log', '/log/check', '/blocks']) {
      expect([path, (await owner.get(`/admin${path}`)).status]).toEqual([path, 403]);
      expect([path, (await visitor.get(`/admin${path}`)).status]).toEqual([path, 401]);
      const page = await admin.get(`/admin${path}`);
      expect([path, page.status]).toEqual([path, 200]);
      expect(page.headers.get('cache-control')).toBe('no-store');
    }
    for (const path of ['/read-only', '/files/retry', '/files/1/retry']) {
      const fields = { on: 'yes', kind: 'internal' };
      expect([path, (await owner.post(`/admin${path}`, fields)).status]).toEqual([path, 403]);
      expect([path, (await visitor.post(`/admin${path}`, fields)).status]).toEqual([path, 401]);
    }
    expect(await read(owner, '/')).not.toContain('href="/admin"');
    expect(await read(admin, '/')).toContain('href="/admin"');
  });

  test('an account is found, blocked with a reason that it reads, and let in again', async () => {
    const troll = await signedIn('Troll');
    const id = await accountIdOf(store, 'Troll');
    const path = `/admin/accounts/${id}`;
    expect(await read(admin, '/admin/accounts?name=tROL')).toContain(`action="${path}/block"`);
    expect(await read(admin, '/admin/accounts?name=nobody')).not.toContain('<bdi>Troll</bdi>');
    expect((await admin.post(`${path}/block`, { reason: '' })).status).toBe(400);
    expect((await admin.post(`${path}/block`, { reason: HOSTILE })).status).toBe(303);
    expect((await troll.get('/account')).status).toBe(401);
    await troll.signIn('Troll');
    const start = await read(troll, '/');
    expect(start).toContain('An administrator of this site has blocked your account');
    expect(start).not.toContain('<script>alert');
    expect((await troll.post('/projects/new', { act: 'create' })).status).not.toBe(303);
    expect(await read(admin, '/admin/accounts')).toContain(`action="${path}/unblock"`);
    expect((await admin.post(`${path}/unblock`, {})).status).toBe(303);
    expect(await read(troll, '/')).not.toContain('has blocked your account');
  });

  test('a name that somebody else takes over opens nothing', async () => {
    const oauth = fakeOAuth();
    const taken = await startSite(store, {
      admins: ['Admin'],
      oauth: {
        ...oauth,
        profile: async (token) => ({ ...(await oauth.profile(token)), centralId: '99999' }),
      },
    });
    const thief = new Browser(taken.url);
    await thief.signIn('Admin');
    expect(await read(thief, '/account')).toContain('Admin');
    expect((await thief.get('/admin')).status).toBe(403);
    await taken.close();
  });

  test('the overview shows queues, processes, what was deleted, and the parts', async () => {
    expect(await read(admin, '/admin')).toContain('The daily job has not run yet.');
    const seen = Date.UTC(2020, 0, 1);
    await store.db
      .insertInto('workers')
      .values([
        { id: 'old', roles: 'worker', host: HOSTILE, version: '1.0', started_at: seen, seen_at: seen },
        { id: 'new', roles: 'web bots', host: 'here', version: '2.0', started_at: seen, seen_at: now },
      ])
      .execute();
    await addFile(store, project, { state: 'waiting' });
    const none = { portraits: 0, linkRequests: 0, hints: 0, reports: 0, counts: 0 };
    const well = { ...none, at: seen, embeddings: 1234, sessions: 5, failed: [] };
    const badly = {
      ...none,
      at: now,
      embeddings: 0,
      sessions: 0,
      failed: [{ kind: 'embeddings' as const, reason: HOSTILE }],
    };
    for (const report of [well, badly]) await keepReport(store, report);
    const page = await read(admin, '/admin');
    expect(page).toMatch(/Worker<\/strong> <span class="chip">not seen for long/);
    expect(page).toMatch(/Web site · Bots<\/strong> <span class="chip">at work/);
    expect(page).toContain('version 2.0 on here');
    expect(page).toMatch(/Files to be looked at<\/th><td class="number">1</);
    expect(page).toContain('<code>database</code>');
    expect(page).toContain('Embeddings of faces: 1,234 · Sessions: 5');
    expect(page).toContain('nothing was left to delete');
    expect(page).toContain('failed, tried again every hour');
    expect(page).not.toContain(HOSTILE);
    await store.db.deleteFrom('workers').execute();
  });

  test('who is missing is told on every page, and gone when it is back', async () => {
    const worker = 'No worker has been seen for five minutes';
    const bots = 'No bot has been seen for five minutes';
    now += 10 * 60_000;
    const page = await read(admin, '/');
    expect(page).toContain(worker);
    expect(page).not.toContain(bots);
    await addChannel(store, project);
    now += 60_000;
    expect(await read(admin, '/')).toContain(bots);
    await store.db
      .insertInto('workers')
      .values({ id: 'back', roles: 'bots worker', host: 'h', started_at: now, seen_at: now })
      .execute();
    now += 60_000;
    const again = await read(admin, '/');
    expect(again).not.toContain(worker);
    expect(again).not.toContain(bots);
  });

  test('every project is there with its owner, and its pages are open', async () => {
    const page = await read(admin, '/admin/projects');
    expect(page).toContain('Owner');
    expect(page).not.toContain(HOSTILE);
    for (const path of ['', '/members', '/settings', '/disputes', '/review', '/write'])
      expect([path, (await admin.get(`/projects/${project}${path}`)).status]).toEqual([path, 200]);
    const stranger = await signedIn('Stranger');
    expect((await stranger.get(`/projects/${project}/settings`)).status).toBe(403);
    const paused = await admin.post(`/projects/${project}/state`, { state: 'paused' });
    expect(paused.headers.get('location')).toBe(`/projects/${project}/settings?done=state`);
    const log = await read(admin, `/admin/log?project=${project}`);
    expect(log).toContain('project paused');
    expect(log).toContain('as administrator');
  });

  test('failed files stand with their reason, and are tried again: one, or all of a kind', async () => {
    const [one, two, other, old] = await Promise.all([
      failed('broken_picture', 'It ends early.'),
      failed('broken_picture', 'It ends early.'),
      failed('too_large', HOSTILE),
      failed(null, 'From before.'),
    ]);
    const page = await read(admin, '/admin/files');
    expect(page).toContain('It ends early.');
    expect(page).not.toContain(HOSTILE);
    const kind = await read(admin, '/admin/files?kind=too_large');
    expect(kind).not.toContain('It ends early.');
    const again = { state: 'waiting', reason: null, failure: null, attempts: 0 };
    await admin.post(`/admin/files/${one}/retry`, {});
    expect([await fileRow(one), (await fileRow(two)).state]).toEqual([again, 'set_aside']);
    await failed('broken_picture', 'It ends early.');
    await admin.post('/admin/files/retry', { kind: 'broken_picture' });
    expect([await fileRow(two), (await fileRow(other)).state]).toEqual([again, 'set_aside']);
    await admin.post('/admin/files/retry', { kind: 'unknown' });
    expect(await fileRow(old)).toEqual(again);
    expect((await admin.post(`/admin/files/${one}/retry`, {})).status).toBe(404);
    expect((await admin.post('/admin/files/retry', { kind: 'broken_picture' })).status).toBe(404);
    const log = await read(admin, '/admin/log?what=tried+again');
    expect(log).toContain('broken_picture');
    expect(log).not.toContain('project paused');
  });

  test('the log is filtered, paged, and its chain checked', async () => {
    const who = await read(admin, '/admin/log?who=Owner');
    expect(who).not.toContain('project paused');
    expect(await read(admin, '/admin/log?who=Admin')).toContain('project paused');
    // A part of a name is no pattern.
    expect(await read(admin, '/admin/log?what=%25')).toContain('Nothing in the log fits');
    expect(await read(admin, '/admin/log?from=2030-01-01')).toContain('Nothing in the log fits');
    expect(await read(admin, '/admin/log?from=2020-01-01&until=2030-01-01')).toContain('project paused');
    expect(await read(admin, '/admin/log?project=999999')).toContain('Nothing in the log fits');
    for (let i = 0; i < 60; i++)
      await admin.post(`/projects/${project}/state`, { state: i % 2 ? 'paused' : 'completed' });
    const first = await read(admin, `/admin/log?project=${project}`);
    const older = /href="(\/admin\/log\?project=\d+&(?:amp;)?before=\d+)"/.exec(first)?.[1] ?? '';
    expect(older).not.toBe('');
    expect(await read(admin, older.replace('&amp;', '&'))).not.toContain('before=');
    expect(await read(admin, '/admin/log/check')).toContain('The log is whole');
    await store.db.updateTable('audit').set({ action: 'nothing' }).where('id', '=', 1).execute();
    expect(await read(admin, '/admin/log/check')).toContain('entry 1 does not fit');
  });

  test('read-only: a banner everywhere, nothing is taken, and the administrator turns it off again', async () => {
    const title = async () =>
      (
        await store.db
          .selectFrom('projects')
          .select('state')
          .where('id', '=', project)
          .executeTakeFirstOrThrow()
      ).state;
    const before = await title();
    await admin.post('/admin/read-only', { on: 'yes', reason: `We move ${HOSTILE}` });
    const visitor = new Browser(site.url);
    const page = await read(visitor, '/');
    expect(page).toContain('The site is read-only for a while (“We move');
    expect(page).not.toContain(HOSTILE);
    const wish = { state: before === 'paused' ? 'completed' : 'paused' };
    const refused = await owner.post(`/projects/${project}/state`, wish);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
    expect(await refused.text()).toContain('Nothing can be changed for a while');
    expect((await admin.post(`/projects/${project}/state`, wish)).status).toBe(503);
    expect(await title()).toBe(before);
    // An administrator who was signed out gets in, and everybody can choose a language.
    const back = await signedIn('Admin');
    expect((await back.post('/language', { language: 'nb', next: '/' })).status).toBe(303);
    expect((await back.post('/admin/read-only', { on: 'no' })).status).toBe(303);
    expect(await read(visitor, '/')).not.toContain('read-only for a while');
    expect((await owner.post(`/projects/${project}/state`, wish)).status).toBe(303);
    expect(await title()).toBe(wish.state);
  });
});
