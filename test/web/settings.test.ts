import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepBotName } from '../../src/core/projects/bot-names.ts';
import { bindByCode } from '../../src/core/projects/channel-codes.ts';
import { bindChannel, channelByExternalId } from '../../src/core/projects/channels.ts';
import { projectSettings } from '../../src/core/projects/settings.ts';
import type { Store } from '../../src/core/store/store.ts';
import { notedNudges } from '../support/nudges.ts';
import { accountIdOf, addMember, addProject } from '../support/people.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { HOSTILE } from './support/project.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
let owner: Browser;
let member: Browser;
let project: number;
let ownerId: number;
let path: string;

beforeAll(async () => {
  ({ dispose, store } = await freshStore());
  site = await startSite(store);
  [owner, member] = [new Browser(site.url), new Browser(site.url)];
  await owner.signIn('Owner');
  await member.signIn('Member');
  ownerId = await accountIdOf(store, 'Owner');
  project = (await addProject(store, { created_by: ownerId })).id;
  await addMember(store, project, { accountId: await accountIdOf(store, 'Member') });
  path = `/projects/${project}`;
});
afterAll(async () => {
  await site.close();
  await dispose();
});

const read = async (who: Browser, at: string) => (await who.get(at)).text();
const FORM = {
  title: 'A title',
  language: 'nb',
  votesNeeded: '3',
  threshold: '0,55',
  minConfirmed: '4',
  depth: '1',
  open: 'on',
};

test('owners change the rules; commas are numbers too', async () => {
  const saved = await owner.post(`${path}/settings`, FORM);
  expect(saved.headers.get('location')).toBe(`${path}/settings?done=saved`);
  expect(await projectSettings(store, project)).toEqual({
    title: 'A title',
    language: 'nb',
    votesNeeded: 3,
    threshold: 0.55,
    minConfirmed: 4,
    depth: 1,
    fileCap: 9000,
    open: true,
    matching: false,
    smallFaces: false,
  });
  const page = await read(owner, `${path}/settings`);
  expect(page).toMatch(/<option value="nb" selected[ >]/);
  expect(page).toMatch(/name="open" value="on"[^>]* checked/);
  expect(page).not.toMatch(/name="matching" value="on"[^>]* checked/);
});

test('what does not fit is refused with the reason, and what was typed stays', async () => {
  const before = await projectSettings(store, project);
  const refused = await owner.post(`${path}/settings`, { ...FORM, title: HOSTILE, threshold: '7' });
  expect(refused.status).toBe(400);
  const page = await refused.text();
  expect(page).toContain('The threshold is a number from 0.1 to 1');
  expect(page).toContain('value="7"');
  expect(page).not.toMatch(/<script>alert|<img src=x/);
  expect((await owner.post(`${path}/settings`, { ...FORM, language: 'xx' })).status).toBe(400);
  expect((await owner.post(`${path}/settings`, {})).status).toBe(400);
  expect(await projectSettings(store, project)).toEqual(before);
});

test('the pages of owners are for owners', async () => {
  for (const who of [member, new Browser(site.url)]) {
    const status = who === member ? 403 : 401;
    expect((await who.get(`${path}/settings`)).status).toBe(status);
    for (const act of ['settings', 'care', 'exclusions', 'state'])
      expect([
        act,
        (await who.post(`${path}/${act}`, { ...FORM, state: 'paused', checkEvery: '2', pausePercent: '3' }))
          .status,
      ]).toEqual([act, status]);
  }
});

test('owners say how careful the project is', async () => {
  const refused = await owner.post(`${path}/care`, { checkEvery: '1', pausePercent: '30', careful: 'on' });
  expect([
    refused.status,
    (await refused.text()).includes('name="checkEvery" type="number" value="1"'),
  ]).toEqual([400, true]);
  expect(
    (await owner.post(`${path}/care`, { checkEvery: '10', pausePercent: '30', careful: 'on' })).status,
  ).toBe(303);
  const row = await store.db
    .selectFrom('projects')
    .select(['check_every', 'careful', 'pause_percent'])
    .where('id', '=', project)
    .executeTakeFirstOrThrow();
  expect(row).toEqual({ check_every: 10, careful: 1, pause_percent: 30 });
});

test('channels are listed, and unbound by owners of their project', async () => {
  await bindChannel(site.deps, {
    platform: 'matrix',
    externalId: '!a:example.org',
    name: '<i>Faces</i>',
    projectId: project,
    accountId: ownerId,
  });
  const page = await read(owner, `${path}/settings`);
  expect(page).toContain('<bdi>&lt;i&gt;Faces&lt;/i&gt;</bdi>');
  const unbind = /action="([^"]+\/unbind)"/.exec(page)?.[1] ?? '';
  expect((await member.post(unbind, {})).status).toBe(403);
  const elsewhere = await addProject(store, { created_by: ownerId });
  expect((await owner.post(unbind.replace(path, `/projects/${elsewhere.id}`), {})).status).toBe(404);
  expect((await owner.post(unbind, {})).status).toBe(303);
  expect(await read(owner, `${path}/settings`)).toContain('No channel is bound yet.');
  expect((await owner.post(unbind, {})).status).toBe(404);
});

describe('the settings of a channel', () => {
  const bind = async (externalId: string, platform = 'discord') => {
    await bindChannel(site.deps, {
      platform,
      externalId,
      name: externalId,
      projectId: project,
      accountId: ownerId,
    });
    const found = await channelByExternalId(store, platform, externalId);
    if (!found) throw new Error('it is not bound');
    const form = (values: Record<string, string>) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [`${name}-${found.id}`, value]));
    const read = async () => (await channelByExternalId(store, platform, externalId))?.settings;
    return { at: `${path}/channels/${found.id}`, id: found.id, form, read };
  };
  const GIVEN = {
    language: 'nb',
    maxOpen: '5',
    pace: '6',
    quiet: '22–7:30',
    timeZone: 'europe/oslo',
    blind: 'on',
  };

  test('are saved, shown, and taken away again', async () => {
    const { at, id, form, read: settings } = await bind('#faces');
    const saved = await owner.post(at, form(GIVEN));
    expect(saved.headers.get('location')).toBe(`${path}/settings?done=saved#channels`);
    expect(await settings()).toEqual({
      language: 'nb',
      maxOpen: 5,
      pace: 6,
      quiet: { from: 1320, to: 450 },
      timeZone: 'Europe/Oslo',
      blind: true,
    });
    const page = await read(owner, `${path}/settings`);
    expect(page).toContain(`name="quiet-${id}" type="text" value="22:00–07:30"`);
    expect(page).toMatch(new RegExp(`name="blind-${id}" value="on"[^>]* checked`));
    await owner.post(at, form({ maxOpen: '3', timeZone: 'UTC' }));
    expect(await settings()).toEqual({
      language: null,
      maxOpen: 3,
      pace: null,
      quiet: null,
      timeZone: 'UTC',
      blind: false,
    });
  });

  test.each([
    ['quiet', '22-22', 'Quiet hours are written like'],
    ['pace', '0', 'from 1 to 60'],
    ['maxOpen', '21', 'from 1 to 20'],
    ['timeZone', 'Oslo', 'There is no such time zone'],
    ['language', 'xx', 'The form could not be read'],
  ])('%s “%s” is refused, and what was typed stays', async (name, value, words) => {
    const { at, id, form, read: settings } = await bind(`#${name}`);
    const before = await settings();
    const refused = await owner.post(at, form({ ...GIVEN, [name]: value }));
    const page = await refused.text();
    expect(refused.status).toBe(400);
    expect(page).toContain(words);
    const shown =
      name === 'language'
        ? `name="timeZone-${id}" type="text" value="${GIVEN.timeZone}"`
        : `value="${value}"`;
    expect(page).toContain(shown);
    expect(await settings()).toEqual(before);
  });

  test('are for owners of the project, and Matrix has no blind mode', async () => {
    const { at, form, read: settings } = await bind('!room:example.org', 'matrix');
    expect((await member.post(at, form(GIVEN))).status).toBe(403);
    expect((await new Browser(site.url).post(at, form(GIVEN))).status).toBe(401);
    expect((await owner.post(at, form(GIVEN))).status).toBe(400);
    expect((await settings())?.maxOpen).toBe(3);
    expect(await read(owner, `${path}/settings`)).toContain('This channel cannot be blind');
    const elsewhere = await addProject(store, { created_by: ownerId });
    expect((await owner.post(at.replace(path, `/projects/${elsewhere.id}`), form(GIVEN))).status).toBe(404);
  });
});

test('a code that binds a channel is shown to owners once, and is in no address', async () => {
  expect((await member.post(`${path}/channel-codes`, {})).status).toBe(403);
  const answer = await owner.post(`${path}/channel-codes`, {});
  expect(answer.status).toBe(200);
  const [, code = ''] = /setup ([2-9A-Z]{4}-[2-9A-Z]{4})</.exec(await answer.text()) ?? [];
  expect(await read(owner, `${path}/settings`)).not.toContain(code);
  const deps = { store, clock: { now: () => Date.now(), sleep: async () => {} }, nudges: notedNudges() };
  const said = { platform: 'room', externalId: 'by-code', name: 'By code', code };
  expect(await bindByCode(deps, { ...said, accountId: await accountIdOf(store, 'Member') })).toBe(project);
  expect(await read(owner, `${path}/settings`)).toContain('<bdi>By code</bdi>');
});

test('the pages tell how to invite the bot, where there is one', async () => {
  const link = 'https://discord.com/oauth2/authorize?client_id=1&permissions=2';
  for (const at of ['/help', `${path}/settings`])
    expect(await read(owner, at)).toContain('This site has no bot on Discord or Matrix.');
  await keepBotName(store, 'matrix', '@old:example.org');
  await keepBotName(store, 'matrix', '@visavis:example.org');
  const withBots = await startSite(store, { chats: { discord: link, matrix: true } });
  const visitor = await (await new Browser(withBots.url).get('/help')).text();
  expect(visitor).toContain(`href="${link.replace('&', '&amp;')}"`);
  expect(visitor).toContain('<bdi>@visavis:example.org</bdi>');
  await withBots.close();
});
