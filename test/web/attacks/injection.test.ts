import { afterAll, beforeAll, expect, test } from 'vitest';
import { MAY } from './asking.ts';
import { changesBetween, type Dump, dump } from './dump.ts';
import { plainRequest, sendRaw } from './raw.ts';
import { addressOf, RULES } from './rules.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
let start: Dump;

beforeAll(async () => {
  world = await buildWorld();
  start = await dump(world.store);
});
afterAll(() => world.dispose());

const ownCookie = (kind: 'owner' | 'administrator' = 'owner') =>
  [...world.browsers[kind].cookies].map(([name, value]) => `${name}=${value}`).join('; ');

/** Every parameter of an address that some route reads. */
const PARAMETERS = [
  'next',
  'code',
  'state',
  'error',
  'error_description',
  'done',
  'verdict',
  'person',
  'page',
  'faces',
  'question',
  'uselang',
  'period',
  'since',
  'search',
  'title',
  'channel',
  'v',
  'file',
  'who',
  'what',
  'project',
  'from',
  'until',
];
const BREAKS = [
  '%0d%0aX-Injected:%201',
  '%0aX-Injected:1',
  '%0d%0a%0d%0a<script>',
  '%E5%98%8A%E5%98%8DX-Injected:1',
  '%00X-Injected:1',
  '%u000aX-Injected:1',
];

test.each(Object.keys(RULES).filter((name) => name.startsWith('GET ') && !name.endsWith('/events')))(
  '%s: no parameter, path or header of the request becomes a header of the answer',
  async (name) => {
    const rule = RULES[name];
    if (!rule) throw new Error(name);
    const kind = MAY[rule.right].includes('owner') ? 'owner' : 'administrator';
    const address = addressOf(name.slice(4), rule, { world, kind, ids: world.ours });
    const [path = ''] = address.split('?');
    for (const text of BREAKS) {
      const query = PARAMETERS.map((one) => `${one}=x${text}`).join('&');
      for (const target of [`${path}?${query}`, `${path}${text}`, `${path}/${text}?${query}`]) {
        const answer = await sendRaw(
          world.site.url,
          plainRequest(target, {
            Cookie: ownCookie(kind),
            'Accept-Language': `en${decodeURIComponent(text.replace('%u', '%25u')).replace(/[^\x20-\x7e]/g, '')}`,
            'Last-Event-ID': 'x',
            'X-Request-Id': 'mine',
          }),
        );
        expect([target, answer.headers.has('x-injected')]).toEqual([target, false]);
        expect(answer.headers.get('x-request-id')?.join()).toMatch(/^[0-9a-f]{12}$|^$/);
        expect(answer.headers.get('content-security-policy') ?? []).toHaveLength(1);
        expect([target, answer.status < 500]).toEqual([target, true]);
      }
    }
    expect(changesBetween(start, await dump(world.store))).toEqual([]);
  },
);

test('no field of a form becomes a header', async () => {
  const line = 'x\r\nX-Injected: 1\r\nSet-Cookie: visavis=evil';
  for (const [path, fields] of [
    ['/language', { language: `nb${line}`, next: `/${line}` }],
    ['/language', { language: 'nb', next: `/account${line}` }],
    [`/faces/${world.ours.face}/answer`, { project: '1', person: line, answer: line, next: line }],
    ['/room/practice/messages', { text: line, key: line }],
    ['/room/practice/name', { name: line }],
  ] as const) {
    const response = await world.browsers.owner.post(path, fields);
    await response.body?.cancel();
    expect(response.headers.has('x-injected')).toBe(false);
    expect(response.headers.getSetCookie().join()).not.toContain('evil');
    expect(response.headers.get('location') ?? '').not.toMatch(/[\r\n]|evil/);
  }
});

test('the name of an export is ours, whatever the project is called', async () => {
  await world.store.db
    .updateTable('projects')
    .set({ title: 'x"; filename="evil.exe"\r\nX-Injected: 1' })
    .where('id', '=', world.ours.project)
    .execute();
  for (const [path, file] of [
    [`/projects/${world.ours.project}/verdicts.csv`, `visavis-${world.ours.project}.csv`],
    [`/projects/${world.ours.project}/verdicts.json`, `visavis-${world.ours.project}.json`],
    ['/account/data.json', 'visavis-account.json'],
  ] as const) {
    const { headers } = await world.browsers.owner.get(path);
    expect(headers.get('content-disposition')).toBe(`attachment; filename="${file}"`);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.has('x-injected')).toBe(false);
  }
});

test('a host that somebody makes up stands nowhere', async () => {
  const evil = 'evil.example';
  for (const path of [
    '/',
    '/sign-in',
    '/sign-in?next=/account',
    '/projects',
    '/nowhere',
    '/language',
    '/room',
    '/join',
  ]) {
    for (const headers of [
      { Host: evil },
      { Host: `${evil}:80@127.0.0.1` },
      { Host: `127.0.0.1\t${evil}` },
      { 'X-Forwarded-Host': evil },
      { 'X-Host': evil, 'X-Original-URL': `https://${evil}/`, 'X-Rewrite-URL': '/admin/blocks' },
      { Forwarded: `host=${evil};proto=https` },
      { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': `${evil}, 127.0.0.1` },
    ]) {
      const answer = await sendRaw(world.site.url, plainRequest(path, headers as Record<string, string>));
      expect([path, headers, answer.status < 500]).toEqual([path, headers, true]);
      const all = `${[...answer.headers].flat(2).join('\n')}\n${answer.body}`;
      expect([path, headers, all.includes(evil)]).toEqual([path, headers, false]);
    }
  }
});

test('an address in its long form is the same page, and another host in it leads nowhere', async () => {
  for (const target of [
    'http://evil.example/account',
    'http://evil.example//account',
    'https://evil.example:99/help',
  ]) {
    const answer = await sendRaw(world.site.url, plainRequest(target));
    expect([target, [200, 401, 404].includes(answer.status)]).toEqual([target, true]);
    expect(answer.headers.get('location') ?? []).toEqual([]);
  }
});

test('two requests in one, and damaged ones, are refused by the server', async () => {
  const smuggled = 'GET /admin/blocks HTTP/1.1\r\nHost: x\r\n\r\n';
  for (const request of [
    `POST /language HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n${smuggled}`,
    `POST /language HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 50\r\nConnection: close\r\n\r\nabcde${smuggled}`,
    `GET / HTTP/1.1\r\nHost: x\r\nX-Bad : 1\r\nConnection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\nConnection: close\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: x\r\nCookie: ${'a'.repeat(70_000)}\r\nConnection: close\r\n\r\n`,
  ]) {
    const answer = await sendRaw(world.site.url, request);
    expect([request.slice(0, 60), [400, 431, 0].includes(answer.status)]).toEqual([
      request.slice(0, 60),
      true,
    ]);
    expect(answer.body).not.toContain('HTTP/1.1 200');
  }
});
