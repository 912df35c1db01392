import { afterAll, beforeAll, expect, test } from 'vitest';
import { listInvitations } from '../../src/core/projects/invitations.ts';
import { roleOf } from '../../src/core/projects/members.ts';
import { ownAnswers } from '../../src/core/review/own.ts';
import type { Store } from '../../src/core/store/store.ts';
import { memoryLimits } from '../../src/web/rate-limits.ts';
import { accountIdOf, addMember } from '../support/people.ts';
import { freshStore } from '../support/stores.ts';
import { Browser } from './support/browser.ts';
import { seedProject } from './support/project.ts';
import { type Site, startSite } from './support/site.ts';

let site: Site;
let store: Store;
let dispose: () => Promise<void>;
let owner: Browser;
let member: Browser;
let guest: Browser;
let project: number;
let path: string;

beforeAll(async () => {
  ({ dispose, store } = await freshStore());
  site = await startSite(store);
  [owner, member, guest] = (await Promise.all(['Owner', 'Member <b>', 'Guest'].map(signedIn))) as [
    Browser,
    Browser,
    Browser,
  ];
  project = await seedProject(store, await accountIdOf(store, 'Owner'));
  path = `/projects/${project}`;
  await addMember(store, project, { accountId: await accountIdOf(store, 'Member <b>') });
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
const read = async (who: Browser, at: string) => (await who.get(at)).text();
const role = async (name: string) => roleOf(store, project, await accountIdOf(store, name));
const makeCode = async () => {
  const page = await (await owner.post(`${path}/invitations`, {})).text();
  return /\/join\/([2-9A-Z]{16})"/.exec(page)?.[1] ?? '';
};
const toMember = async (name: string, act: string, fields: Record<string, string> = {}, by = owner) =>
  by.post(`${path}/members/${await accountIdOf(store, name)}/${act}`, fields);

test('everybody sees the members, and only owners what can be done with them', async () => {
  for (const who of [new Browser(site.url), guest, member]) {
    const page = await read(who, `${path}/members`);
    expect(page).toContain('<bdi>Member &lt;b&gt;</bdi>');
    expect(page).not.toMatch(/class="manage"|\/invitations"/);
  }
  expect(await read(owner, `${path}/members`)).toMatch(/class="manage"[\s\S]*\/invitations"/);
  expect((await owner.get('/projects/999/members')).status).toBe(404);
});

test('a code is shown once, and makes whoever says yes on its page a member', async () => {
  const code = await makeCode();
  expect(code).toHaveLength(16);
  expect(await read(owner, `${path}/members`)).not.toContain(code);
  const visitor = new Browser(site.url);
  expect(await read(visitor, `/join/${code}`)).toContain(`/sign-in?next=%2Fjoin%2F${code}`);
  expect((await visitor.post(`/join/${code}`, {})).status).toBe(401);
  const page = await read(guest, `/join/${code}`);
  expect(page).toContain('Owner invites you.');
  expect(page).not.toMatch(/<script>/);
  expect(await role('Guest')).toBeNull();
  const typed = await guest.get(`/join?code=${code.toLowerCase().replace(/(.{4})/g, '$1-')}`);
  expect(typed.headers.get('location')).toBe(`/join/${code}`);
  const joined = await guest.post(`/join/${code}`, {});
  expect(joined.headers.get('location')).toBe(`${path}?done=joined`);
  expect(await role('Guest')).toBe('member');
  expect(await read(guest, `/join/${code}`)).toContain('You are a member of this project already.');
});

test('codes that are wrong or taken back lead nowhere', async () => {
  const code = await makeCode();
  const [newest] = await listInvitations(site.deps, project);
  const revoke = `${path}/invitations/${newest?.id}/revoke`;
  expect((await member.post(revoke, {})).status).toBe(403);
  expect((await owner.post(revoke, {})).headers.get('location')).toBe(`${path}/members?done=revoked`);
  for (const wrong of [code, 'ABCD', '%22%3E%3Cb%3E', `${code}%2F..`]) {
    expect((await guest.get(`/join/${wrong}`)).status).toBe(404);
    expect((await guest.post(`/join/${wrong}`, {})).status).toBe(404);
  }
  expect(await read(guest, '/join?code=nonsense')).toContain('not valid any more');
  expect((await member.post(`${path}/invitations`, {})).status).toBe(403);
});

test('guessing codes is limited, looking included', async () => {
  const limited = await startSite(store, { limits: memoryLimits() });
  const guesser = new Browser(limited.url);
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++) statuses.push((await guesser.get('/join/ABCDEFGHABCDEFGH')).status);
  await limited.close();
  expect(statuses).toEqual([...Array<number>(10).fill(404), 429, 429]);
});

test('owners change roles, and a project keeps one owner', async () => {
  expect((await toMember('Guest', 'role', { role: 'owner' }, member)).status).toBe(403);
  expect((await toMember('Guest', 'role', { role: 'king' })).status).toBe(400);
  await toMember('Guest', 'role', { role: 'owner' });
  expect(await role('Guest')).toBe('owner');
  await toMember('Guest', 'role', { role: 'member' });
  expect(await role('Guest')).toBe('member');
  const refused = await owner.post(`${path}/leave`, {});
  expect(refused.status).toBe(409);
  expect(await refused.text()).toContain('A project needs an owner.');
  expect(await role('Owner')).toBe('owner');
});

test('owners shut out, count without, let in again and remove', async () => {
  expect((await toMember('Guest', 'ban', {}, member)).status).toBe(403);
  await toMember('Guest', 'ban');
  expect(await role('Guest')).toBeNull();
  expect(await read(owner, `${path}/members`)).toContain('What was decided with these answers stands.');
  expect((await guest.post(`/join/${await makeCode()}`, {})).status).toBe(403);
  await toMember('Guest', 'recount');
  expect(await read(owner, `${path}/members`)).toContain('Everything was counted without these answers.');
  await toMember('Guest', 'unban');
  expect(await role('Guest')).toBe('member');
  await toMember('Guest', 'ban', { recount: 'on' });
  expect(await read(owner, `${path}/members`)).toContain('Everything was counted without these answers.');
  await toMember('Guest', 'unban');
  await toMember('Guest', 'remove');
  expect(await role('Guest')).toBeNull();
  expect((await toMember('Guest', 'remove')).status).toBe(404);
  expect((await toMember('Owner', 'ban')).status).toBe(409);
});

test('a member ends up outside by leaving, and its answers stay', async () => {
  const answers = () => store.db.selectFrom('votes').select('id').execute();
  const before = await answers();
  expect((await member.post(`${path}/leave`, {})).headers.get('location')).toBe(`${path}?done=left`);
  expect(await role('Member <b>')).toBeNull();
  expect(await answers()).toEqual(before);
  expect((await member.post(`${path}/leave`, {})).status).toBe(403);
});

test('an owner undoes what a member has answered since a time', async () => {
  const accountOf = await accountIdOf(store, 'Member <b>');
  const faceId = 2;
  await addMember(store, project, { accountId: accountOf }).catch(() => {});
  const answer = () =>
    member.post(`/faces/${faceId}/answer`, {
      project: String(project),
      person: 'Q7259',
      answer: 'no',
      next: path,
    });
  expect((await answer()).status).toBe(303);
  const standing = async () =>
    (await ownAnswers(store, { projectId: project, accountId: accountOf, faceIds: [faceId] })).size;
  expect(await standing()).toBe(1);
  expect((await toMember('Member <b>', 'undo', { hours: '24' }, member)).status).toBe(403);
  for (const hours of ['0', '-1', '1e9', 'x'])
    expect((await toMember('Member <b>', 'undo', { hours })).status).toBe(400);
  expect(await standing()).toBe(1);
  expect((await toMember('Member <b>', 'undo', { hours: '1' })).status).toBe(303);
  expect(await standing()).toBe(0);
});

test('an owner has a decided face asked about again', async () => {
  const fields = { project: String(project), person: 'Q7259' };
  expect(await read(owner, '/faces/1')).toContain('/faces/1/reopen');
  expect(await read(member, '/faces/1')).not.toContain('/reopen');
  expect((await member.post('/faces/1/reopen', fields)).status).toBe(403);
  expect((await owner.post('/faces/1/reopen', { ...fields, project: 'x' })).status).toBe(400);
  expect((await owner.post('/faces/1/reopen', fields)).headers.get('location')).toBe(
    '/faces/1?done=reopened',
  );
  expect(await read(owner, '/faces/1')).not.toContain('/faces/1/reopen');
  expect((await owner.post('/faces/1/reopen', fields)).status).toBe(409);
});
