import { afterAll, beforeAll, expect, test } from 'vitest';
import { plainRequest, sendRaw } from './raw.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
let asked: number[];

beforeAll(async () => {
  asked = [];
  world = await buildWorld('sqlite', {
    crops: {
      crop: async (faceId) => {
        asked.push(faceId);
        return null;
      },
    },
  });
});
afterAll(() => world.dispose());

/** Names of what is beside the public files and above them. */
const GOALS = [
  'package.json',
  'server.ts',
  'etc/passwd',
  '.env',
  'proc/self/environ',
  'views/layout.eta',
  'site.css',
];
const UPS = [
  '../',
  '..%2f',
  '%2e%2e/',
  '%2e%2e%2f',
  '%252e%252e%252f',
  '..%5c',
  '..\\',
  '..%00/',
  '....//',
  '..;/',
  '.%2e/',
  '%c0%ae%c0%ae/',
  '%c0%ae%c0%ae%c0%af',
  '%e0%80%ae/',
  '..%u2215',
  '..%ef%bc%8f',
  '/',
  '//',
  '%2f',
  '\\\\',
  'file:///',
];

async function ask(target: string) {
  return sendRaw(world.site.url, plainRequest(target));
}

test('no path leads out of the public files', async () => {
  const page = await (await world.browsers.visitor.get('/')).text();
  const version = /\/assets\/(\w+)\/site\.css/.exec(page)?.[1] ?? '';
  expect((await ask(`/assets/${version}/site.css`)).status).toBe(200);
  const wrong: string[] = [];
  for (const base of [`/assets/${version}/`, '/assets/', '/assets/x/', '/']) {
    for (const up of UPS) {
      for (const goal of GOALS) {
        for (const times of [1, 4]) {
          const target = `${base}${up.repeat(times)}${goal}`;
          const answer = await ask(target);
          // With `/` and `//` in front it may be a public file by its own address, which is no secret.
          const isPublic =
            answer.status === 200 && answer.headers.get('content-type')?.[0] === 'text/css; charset=utf-8';
          if (![400, 404].includes(answer.status) && !isPublic) wrong.push(`${target}: ${answer.status}`);
          if (/root:x:|"devDependencies"|import |DATABASE_URL/.test(answer.body))
            wrong.push(`${target}: its text`);
        }
      }
    }
  }
  expect(wrong).toEqual([]);
});

test('null bytes, broken encodings and endless names are no files and no ids', async () => {
  const odd = [
    '%00',
    '%00.css',
    'site.css%00',
    'site.css%00.jpg',
    '%',
    '%zz',
    '%E0%A4%A',
    '%ff',
    '%ED%A0%80',
    'x'.repeat(7000),
    '1%00',
    '1%20',
    '%201',
    '+1',
    '-1',
    '0',
    '00',
    '1.0',
    '1e1',
    '0x1',
    '1;',
    "1'",
    '1%20or%201=1',
    '9'.repeat(14),
    '9'.repeat(15),
    '9'.repeat(16),
    '9'.repeat(400),
    '१',
    'NaN',
    'Infinity',
    '__proto__',
    'constructor',
    'toString',
    '%F0%9F%98%80',
    '..',
    '.',
    '*',
    '1,2',
    '[1]',
    '{}',
    'null',
    'undefined',
    'true',
  ];
  const wrong: string[] = [];
  for (const one of odd) {
    for (const path of [
      `/assets/x/${one}`,
      `/assets/${one}/site.css`,
      `/faces/${one}`,
      `/faces/${one}/crop.jpg`,
      `/projects/${one}`,
      `/projects/${one}/live`,
      `/projects/${one}/events`,
      `/projects/1/runs/${one}`,
      `/link/${one}`,
      `/join/${one}`,
      `/room/${one}`,
      `/room/${one}/messages`,
      `/room/practice/pictures/${one}`,
      `/room?channel=${one}`,
      `/${one}`,
      `/projects/1?page=${one}&verdict=${one}&person=${one}`,
      `/leaderboard?period=${one}`,
      `/?uselang=${one}&done=${one}`,
    ]) {
      const { status } = await ask(path);
      if (status >= 500) wrong.push(`${path.slice(0, 80)}: ${status}`);
    }
  }
  expect(wrong).toEqual([]);
  // Nothing but a number was ever looked up, and none that was not written as one.
  expect(asked.filter((id) => !Number.isSafeInteger(id) || id < 0)).toEqual([]);
});
