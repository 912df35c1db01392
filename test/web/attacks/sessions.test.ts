import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { buildWorld, type World } from './world.ts';

const COOKIE = 'visavis';

let world: World;
beforeAll(async () => {
  world = await buildWorld();
});
afterAll(() => world.dispose());

const open = () => new Browser(world.site.url);
const statusOf = async (browser: Browser) => (await browser.get('/account')).status;
const withCookie = (value: string | undefined) => {
  const browser = open();
  browser.cookies.set(COOKIE, value ?? '');
  return browser;
};

test('a cookie that somebody made up is not taken over', async () => {
  for (const made of [
    randomBytes(32).toString('base64url'),
    'x',
    '../../etc',
    '%00',
    "' or 1=1 --",
    'a'.repeat(3000),
  ]) {
    const victim = withCookie(encodeURIComponent(made));
    await victim.signIn('linked');
    expect(victim.cookies.get(COOKIE)).not.toBe(encodeURIComponent(made));
    expect([made, await statusOf(withCookie(encodeURIComponent(made)))]).toEqual([made, 401]);
    expect(await statusOf(victim)).toBe(200);
  }
});

test('a session that an attacker began is not the one after the sign-in', async () => {
  const attacker = open();
  await attacker.csrf();
  const planted = attacker.cookies.get(COOKIE);
  const victim = withCookie(planted);
  await victim.signIn('linked');
  expect(victim.cookies.get(COOKIE)).not.toBe(planted);
  expect([await statusOf(attacker), await statusOf(withCookie(planted))]).toEqual([401, 401]);
  expect(await statusOf(victim)).toBe(200);
});

test('a session planted in the middle of a sign-in ends nobody’s in the attacker’s hands', async () => {
  const attacker = open();
  const begun = await attacker.get('/sign-in');
  const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
  const planted = attacker.cookies.get(COOKIE);
  const victim = withCookie(planted);
  await victim.get(`/oauth/callback?code=linked&state=${state}`);
  expect([await statusOf(attacker), await statusOf(victim)]).toEqual([401, 200]);
  // Used once: the same answer of the wiki a second time signs nobody in.
  const again = await withCookie(planted).get(`/oauth/callback?code=linked&state=${state}`);
  expect(again.status).toBe(400);
});

test('the answer of a sign-in that another browser began is refused', async () => {
  const [attacker, victim] = [open(), open()];
  const begun = await attacker.get('/sign-in');
  const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
  for (const cookie of [false, true]) {
    if (cookie) await victim.csrf();
    expect((await victim.get(`/oauth/callback?code=linked&state=${state}`)).status).toBe(400);
    expect(await statusOf(victim)).toBe(401);
  }
  await victim.get('/sign-in');
  expect((await victim.get(`/oauth/callback?code=linked&state=${state}`)).status).toBe(400);
  expect(await statusOf(victim)).toBe(401);
});

test('who signs in anew gets a new session, and the old one is over', async () => {
  const browser = open();
  await browser.signIn('linked');
  const first = browser.cookies.get(COOKIE);
  await browser.post('/sign-out', {});
  await browser.signIn('member');
  expect(browser.cookies.get(COOKIE)).not.toBe(first);
  expect(await statusOf(withCookie(first))).toBe(401);
});

test('signed out here: this session is over, the others are not', async () => {
  const [here, there] = [open(), open()];
  for (const browser of [here, there]) await browser.signIn('linked');
  const cookie = here.cookies.get(COOKIE);
  expect((await here.post('/sign-out', {})).status).toBe(303);
  expect([await statusOf(withCookie(cookie)), await statusOf(there)]).toEqual([401, 200]);
});

test('signed out everywhere: no session of the account is left, in no browser', async () => {
  const browsers = [open(), open(), open()];
  for (const browser of browsers) await browser.signIn('linked');
  const other = open();
  await other.signIn('member');
  const cookies = browsers.map((browser) => browser.cookies.get(COOKIE));
  expect((await browsers[0]?.post('/sign-out-everywhere', {}))?.status).toBe(303);
  for (const cookie of cookies) {
    expect(await statusOf(withCookie(cookie))).toBe(401);
    // Nor does a visit bring it back to life.
    await withCookie(cookie).get('/language');
    expect(await statusOf(withCookie(cookie))).toBe(401);
  }
  expect(await statusOf(other)).toBe(200);
  const { store, accounts } = world;
  const left = await store.db
    .selectFrom('sessions')
    .select('data')
    .where('account_id', '=', accounts.linked)
    .execute();
  expect(left).toEqual([]);
});

test('a request that is under way when everybody is signed out does not save its session', async () => {
  const [slow, quick] = [open(), open()];
  for (const browser of [slow, quick]) await browser.signIn('linked');
  const csrf = await slow.csrf();
  // A body that is not there yet holds the request after its session was read.
  const rest = Promise.withResolvers<void>();
  const answer = slow.send('/room/practice/name', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new ReadableStream({
      async start(stream) {
        stream.enqueue(new TextEncoder().encode(`csrf=${csrf}&`));
        await rest.promise;
        stream.enqueue(new TextEncoder().encode('name=Zombie'));
        stream.close();
      },
    }),
    duplex: 'half',
  } as RequestInit);
  await quick.post('/sign-out-everywhere', {});
  const cookie = slow.cookies.get(COOKIE);
  rest.resolve();
  await answer;
  expect([await statusOf(slow), await statusOf(withCookie(cookie))]).toEqual([401, 401]);
});

test('a deleted account is signed in nowhere', async () => {
  const [here, there] = [open(), open()];
  for (const browser of [here, there]) await browser.signIn('Somebody new');
  expect((await here.post('/account/delete', { sure: 'on' })).status).toBe(303);
  expect([await statusOf(here), await statusOf(there)]).toEqual([401, 401]);
});

test('the database does not hold what a cookie says', async () => {
  const browser = open();
  await browser.signIn('linked');
  const value = browser.cookies.get(COOKIE) ?? '';
  const rows = await world.store.db.selectFrom('sessions').selectAll().execute();
  const all = rows.map((row) => `${Buffer.from(row.id_hash)} ${row.data}`).join('\n');
  expect(value).toHaveLength(43);
  expect(all).not.toContain(value);
  expect(all).not.toContain(Buffer.from(value, 'base64url').toString('latin1'));
});
