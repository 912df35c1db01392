import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { MAY } from './asking.ts';
import { changesBetween, type Dump, dump } from './dump.ts';
import { addressOf, RULES } from './rules.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
let start: Dump;

beforeAll(async () => {
  world = await buildWorld();
  start = await dump(world.store);
});
afterAll(() => world.dispose());

/** What a browser says of a request that a page of another site makes. */
const FOREIGN = {
  origin: 'https://evil.example',
  referer: 'https://evil.example/attack.html',
  'sec-fetch-site': 'cross-site',
  'sec-fetch-mode': 'navigate',
};

type SentBody = NonNullable<RequestInit['body']>;
type Body = readonly [type: string | null, write: (fields: Record<string, string>) => SentBody];
const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
const multipart = (fields: Record<string, string>) =>
  `${Object.entries(fields)
    .map(([name, value]) => `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join('')}--x--\r\n`;

/** The three that any page can send without being asked, and others that parsers have taken for one of them. */
const BODIES: Readonly<Record<string, Body>> = {
  'a form': ['application/x-www-form-urlencoded', form],
  'a form in another charset': ['application/x-www-form-urlencoded; charset=utf-16le', form],
  'a form in UTF-7': ['application/x-www-form-urlencoded; charset=utf-7', form],
  'a form with files': ['multipart/form-data; boundary=x', multipart],
  'plain text that is JSON': ['text/plain', (fields) => JSON.stringify(fields)],
  'plain text that is a form': ['text/plain', form],
  JSON: ['application/json', (fields) => JSON.stringify(fields)],
  'JSON of another name': ['application/csp-report', (fields) => JSON.stringify(fields)],
  'JSON by a parameter': ['text/plain; application/json', (fields) => JSON.stringify(fields)],
  'a list in JSON': ['application/json', (fields) => JSON.stringify([fields])],
  'a form without a type': [null, form],
  nothing: [null, () => ''],
};

const POSTS = Object.keys(RULES).filter((name) => name.startsWith('POST '));

/** Somebody who may, so that nothing but the token is in the way. */
const mayDo = (name: string) =>
  MAY[RULES[name]?.right ?? 'owner'].includes('owner') ? 'owner' : 'administrator';

test.each(POSTS)('%s from another site', async (name) => {
  const rule = RULES[name];
  if (!rule) throw new Error(name);
  const kind = mayDo(name);
  const asking = { world, kind, ids: world.ours } as const;
  const address = addressOf(name.slice(5), rule, asking);
  const stranger = new Browser(world.site.url);
  const tokens = {
    none: undefined,
    empty: '',
    madeUp: 'A'.repeat(32),
    ofAnotherSession: await stranger.csrf(),
  };
  const wrong: string[] = [];
  for (const [said, [type, write]] of Object.entries(BODIES)) {
    for (const [which, csrf] of Object.entries(tokens)) {
      const fields = { ...rule.fields?.(asking), ...(csrf === undefined ? {} : { csrf }) };
      const response = await world.browsers[kind].send(address, {
        method: 'POST',
        headers: { ...FOREIGN, accept: 'text/html', ...(type ? { 'content-type': type } : {}) },
        body: write(fields),
      });
      await response.body?.cancel();
      // A damaged body is refused before anybody looks for the token.
      if (![403, 400, 415].includes(response.status))
        wrong.push(`${said}, token ${which}: ${response.status}`);
    }
  }
  expect(wrong).toEqual([]);
  expect(changesBetween(start, await dump(world.store))).toEqual([]);
  expect(world.edits).toEqual([]);
  expect((await world.browsers[kind].get('/account')).status).toBe(200);
});

test('the token counts nowhere but in the body and its own header', async () => {
  const { owner } = world.browsers;
  const csrf = await owner.csrf();
  for (const init of [
    { address: `/sign-out?csrf=${csrf}` },
    { address: `/sign-out?csrf=${csrf}`, headers: { 'content-type': 'text/plain' }, body: `csrf=${csrf}` },
    { address: '/sign-out', headers: { cookie: `csrf=${csrf}; ${cookieOf(owner)}` } },
    { address: '/sign-out', headers: { authorization: `Bearer ${csrf}` } },
    { address: '/sign-out', body: new URLSearchParams([['csrf[]', csrf]]) },
    { address: '/sign-out', body: new URLSearchParams([['csrf[csrf]', csrf]]) },
    { address: '/sign-out', body: new URLSearchParams([['Csrf', csrf]]) },
    { address: '/sign-out', headers: { 'content-type': 'application/json' }, body: `{"csrf":["${csrf}"]}` },
    {
      address: '/sign-out',
      headers: { 'content-type': 'application/json' },
      body: `{"__proto__":{"csrf":"${csrf}"},"constructor":{"prototype":{"csrf":"${csrf}"}}}`,
    },
    { address: '/sign-out', body: new URLSearchParams([['__proto__[csrf]', csrf]]) },
  ]) {
    const { address, ...rest } = init;
    const response = await owner.send(address, { method: 'POST', ...rest });
    // A body that would pollute prototypes is not even read.
    expect([init, [403, 400].includes(response.status)]).toEqual([init, true]);
  }
  expect((await owner.get('/account')).status).toBe(200);
});

test('a token is worth nothing after the sign-out, nor before the next sign-in', async () => {
  const browser = new Browser(world.site.url);
  await browser.signIn('linked');
  const first = await browser.csrf();
  await browser.post('/sign-out', {});
  await browser.signIn('linked');
  const second = await browser.csrf();
  expect(second).not.toBe(first);
  expect((await browser.post('/account/leaderboard', { csrf: first, hide: 'on' })).status).toBe(403);
  expect((await browser.post('/account/leaderboard', { csrf: second, hide: 'on' })).status).toBe(303);
});

test('another site reads no answer: nothing says that it may', async () => {
  for (const path of ['/account', '/account/data.json', '/api/items?search=a', '/health', '/']) {
    for (const method of ['GET', 'OPTIONS']) {
      const { headers } = await world.browsers.owner.send(path, {
        method,
        headers: { ...FOREIGN, 'access-control-request-method': 'POST' },
      });
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    }
  }
});

test('the cookie does not go along with what another site sends', async () => {
  const response = await new Browser(world.site.url).get('/language');
  for (const line of response.headers.getSetCookie())
    expect(line.toLowerCase()).toMatch(/samesite=lax.*httponly|httponly.*samesite=lax/);
  expect(response.headers.getSetCookie()).not.toEqual([]);
});

function cookieOf(browser: Browser): string {
  return [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
