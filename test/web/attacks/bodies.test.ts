import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { changesBetween, type Dump, dump } from './dump.ts';
import { sendRaw } from './raw.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
let start: Dump;
let csrf: string;

beforeAll(async () => {
  world = await buildWorld();
  start = await dump(world.store);
  csrf = await world.browsers.owner.csrf();
});
afterAll(() => world.dispose());

type SentBody = NonNullable<RequestInit['body']>;

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

/** To a form that takes what it is given, with the right token. */
async function post(type: string, body: SentBody, headers: Record<string, string> = {}): Promise<Response> {
  const response = await world.browsers.owner.send('/language', {
    method: 'POST',
    headers: { 'content-type': type, 'x-csrf-token': csrf, accept: 'text/html', ...headers },
    body,
  });
  await response.body?.cancel();
  return response;
}
const statusOf = async (...args: Parameters<typeof post>) => (await post(...args)).status;

test('more than 64 KB is too much, as a form and as JSON', async () => {
  const fits = 'x'.repeat(60_000);
  const large = 'x'.repeat(70_000);
  expect(await statusOf(FORM, `language=xx&a=${fits}`)).toBe(303);
  expect(await statusOf(FORM, `language=xx&a=${large}`)).toBe(413);
  expect(await statusOf(JSON_TYPE, JSON.stringify({ language: 'xx', a: fits }))).toBe(303);
  expect(await statusOf(JSON_TYPE, JSON.stringify({ language: 'xx', a: large }))).toBe(413);
});

test('what says that it is short and is not, and what does not say, is measured', async () => {
  const stream = () =>
    new ReadableStream({
      start(out) {
        out.enqueue(new TextEncoder().encode('a='));
        for (let i = 0; i < 20; i++) out.enqueue(new TextEncoder().encode('x'.repeat(10_000)));
        out.close();
      },
    });
  const response = await world.browsers.owner.send('/language', {
    method: 'POST',
    headers: { 'content-type': FORM, 'x-csrf-token': csrf },
    body: stream(),
    duplex: 'half',
  } as RequestInit);
  expect(response.status).toBe(413);
  const lie = await sendRaw(
    world.site.url,
    `POST /language HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${FORM}\r\nContent-Length: 99999999999\r\n\r\na=b`,
  );
  expect(lie.status).toBe(413);
});

test('a body that grows when it is unpacked is measured unpacked', async () => {
  const bomb = gzipSync(`a=${'0'.repeat(30_000_000)}`);
  expect(bomb.length).toBeLessThan(64_000);
  expect(await statusOf(FORM, bomb, { 'content-encoding': 'gzip' })).toBe(413);
  for (const encoding of ['deflate', 'br', 'gzip, gzip', 'zstd', 'x'])
    expect([
      encoding,
      [400, 413, 415].includes(await statusOf(FORM, bomb, { 'content-encoding': encoding })),
    ]).toEqual([encoding, true]);
});

test('after what was too much, the next request on the connection is answered at once', async () => {
  const bomb = gzipSync(`a=${'0'.repeat(3_000_000)}`);
  for (const [body, headers] of [
    [bomb, { 'content-encoding': 'gzip' }],
    ['x'.repeat(70_000), {}],
    ['not packed', { 'content-encoding': 'br' }],
  ] as const) {
    const response = await post(FORM, body, headers);
    expect([response.status >= 400 && response.status < 500, response.headers.get('connection')]).toEqual([
      true,
      'close',
    ]);
    expect((await world.browsers.owner.get('/live')).status).toBe(200);
  }
});

test('many fields, deep nesting and odd names are read or refused, and harm nobody', async () => {
  const deep = (open: string, close: string) =>
    open.repeat(30_000 / open.length) + close.repeat(30_000 / open.length);
  const bodies: [string, string][] = [
    [FORM, Array.from({ length: 10_000 }, (_, i) => `a${i}=1`).join('&')],
    [FORM, 'a=1&'.repeat(15_000)],
    [FORM, `a${'[b]'.repeat(10_000)}=1`],
    [FORM, 'a[]=1&'.repeat(9_000)],
    [FORM, 'a[999999999]=1'],
    [FORM, 'language[0]=nb&language[length]=9999999999'],
    [FORM, '__proto__[admin]=1&constructor[prototype][admin]=1&__proto__.admin=1&admin=1'],
    [FORM, '%&%%&=&==&&&%zz=%zz&%00=%00'],
    [FORM, 'hasOwnProperty=x&toString=x&valueOf=x&then=x&language=xx'],
    [JSON_TYPE, deep('[', ']')],
    [JSON_TYPE, deep('{"a":', '').concat('1', '}'.repeat(6000))],
    [JSON_TYPE, '{"__proto__":{"admin":true,"language":"nb"}}'],
    [JSON_TYPE, '{"constructor":{"prototype":{"admin":true}}}'],
    [JSON_TYPE, '{"language":{"toString":"x"}}'],
    [JSON_TYPE, '{"language":1e999}'],
    [JSON_TYPE, `{"language":${'9'.repeat(60_000)}}`],
    [JSON_TYPE, 'null'],
    [JSON_TYPE, '1'],
    [JSON_TYPE, '"text"'],
    [JSON_TYPE, '{'],
    [JSON_TYPE, '{"a":"\\ud800"}'],
    [JSON_TYPE, '\u0000'],
    [JSON_TYPE, ''],
    ['application/json; charset=nothing', '{}'],
    ['application/json; charset=utf-16', '{}'],
    ['application/x-www-form-urlencoded; charset=__proto__', 'a=b'],
    ['multipart/form-data', 'x'],
    ['multipart/form-data; boundary=', 'x'],
    ['/', 'x'],
    [';;;', 'x'],
  ];
  const wrong: string[] = [];
  for (const [type, body] of bodies) {
    const status = await statusOf(type, body);
    if (status >= 500) wrong.push(`${type} ${body.slice(0, 60)}: ${status}`);
  }
  expect(wrong).toEqual([]);
  const plain: Record<string, unknown> = {};
  expect([plain.admin, plain.language, ({} as { length?: unknown }).length]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  // Nor has anybody become an administrator.
  expect((await world.browsers.owner.get('/admin/blocks')).status).toBe(403);
  const changes = changesBetween(start, await dump(world.store)).filter(
    (line) => !line.startsWith('account_profiles'),
  );
  expect(changes).toEqual([]);
});

test('people who send their forms a byte at a time, or never to the end, hold nobody up', async () => {
  const { port } = new URL(world.site.url);
  const sockets: Socket[] = [];
  try {
    for (let i = 0; i < 300; i++) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('error', () => {});
      sockets.push(socket);
      const opened = Promise.withResolvers<void>();
      socket.once('connect', () => opened.resolve());
      await opened.promise;
      socket.write(
        i % 2 === 0
          ? `POST /language HTTP/1.1\r\nHost: x\r\nContent-Type: ${FORM}\r\nContent-Length: 1000\r\n\r\na=`
          : 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ',
      );
    }
    const answers = await Promise.all(
      ['/', '/projects', '/account', '/live', '/health'].map(
        async (path) => (await world.browsers.owner.get(path)).status,
      ),
    );
    expect(answers).toEqual([200, 200, 200, 200, 200]);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});
