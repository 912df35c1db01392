import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from '../support/browser.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await buildWorld();
});
afterAll(() => world.dispose());

/** Ways to say `evil.example` that one browser or library or another has followed. */
const EVIL = [
  'https://evil.example',
  'http://evil.example/',
  'HTTPS://EVIL.EXAMPLE',
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/////evil.example/%2f..',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\\/evil.example',
  '\\/\\/evil.example/',
  'https:evil.example',
  'https:/evil.example',
  'https:\\\\evil.example',
  'http:///evil.example',
  '/%2f/evil.example',
  '/%2fevil.example',
  '/%5cevil.example',
  '/%5c%5cevil.example',
  '%2f%2fevil.example',
  '%5c%5cevil.example',
  '/%252fevil.example',
  '/%25252fevil.example',
  '/%09/evil.example',
  '/%0a/evil.example',
  '/%0d%0aLocation:%20https://evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/\r\nLocation: https://evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/ /evil.example',
  '/\u0000/evil.example',
  '/%00//evil.example',
  '/.//evil.example',
  '/..//evil.example',
  '/a/..//evil.example',
  '/%2e%2e//evil.example',
  '/;@evil.example',
  '@evil.example',
  '//user@evil.example',
  '//evil.example@localhost',
  '//localhost@evil.example',
  '//evil%E3%80%82example',
  '/\u3002/evil.example',
  '/\uff0fevil.example',
  '/\u2028/evil.example',
  '//[::1]/',
  '//2130706433/',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'blob:https://evil.example/x',
  'ftp://evil.example',
  'mailto:a@evil.example',
  '?next=//evil.example',
  '#//evil.example',
  './/evil.example',
  'evil.example',
];

/** Where a browser goes that is on our page and is sent there. */
function leadsTo(location: string | null): URL {
  return new URL(location ?? '', `${world.site.url}/sign-in`);
}

test('the list is long enough to mean something', () => {
  expect(new Set(EVIL).size).toBeGreaterThanOrEqual(40);
});

const ways: Readonly<Record<string, (wish: string) => Promise<Response>>> = {
  'after the sign-in': async (wish) => new Browser(world.site.url).signIn('linked', wish),
  'at the sign-in of who is signed in': (wish) =>
    world.browsers.linked.get(`/sign-in?next=${encodeURIComponent(wish)}`),
  'at the sign-in, as it stands': (wish) => world.browsers.linked.get(`/sign-in?next=${raw(wish)}`),
  'of two the first': (wish) =>
    world.browsers.linked.get(`/sign-in?next=${encodeURIComponent(wish)}&next=/account`),
  'after the choice of a language': (wish) =>
    world.browsers.linked.post('/language', { language: 'en', next: wish }),
  'after an answer': (wish) => {
    const { project, face, person } = world.ours;
    return world.browsers.owner.post(`/faces/${face}/answer`, {
      project: String(project),
      person,
      answer: 'yes',
      next: wish,
    });
  },
};

/** What a person could type without encoding it: an address holds no blanks and controls. */
function raw(wish: string): string {
  return [...wish]
    .map((one) => (/[\x21-\x7e]/.test(one) && !'#&'.includes(one) ? one : encodeURIComponent(one)))
    .join('');
}

test.each(Object.keys(ways))('nobody is sent away %s', async (way) => {
  const wrong: string[] = [];
  for (const wish of EVIL) {
    const response = await ways[way]?.(wish);
    const location = response?.headers.get('location') ?? null;
    const target = leadsTo(location);
    if (
      !response ||
      ![302, 303].includes(response.status) ||
      target.origin !== new URL(world.site.url).origin
    )
      wrong.push(`${JSON.stringify(wish)}: ${response?.status} ${location}`);
    if (location && /[^\x21-\x7e]|\\/.test(location)) wrong.push(`${JSON.stringify(wish)}: ${location}`);
  }
  expect(wrong).toEqual([]);
});

test('no page links to where somebody else wants to lead people', async () => {
  const wrong: string[] = [];
  for (const wish of EVIL) {
    for (const path of [
      `/language?next=${encodeURIComponent(wish)}`,
      `/nowhere${raw(wish)}`,
      raw(`/${wish}`),
    ]) {
      if (!path.startsWith('/')) continue;
      const page = await (await new Browser(world.site.url).get(path)).text();
      const next = /name="next" value="([^"]*)"/.exec(page)?.[1];
      if (next !== undefined && leadsTo(next).origin !== new URL(world.site.url).origin)
        wrong.push(`${path}: ${next}`);
      for (const [, href = ''] of page.matchAll(/ (?:href|action|src)="([^"]*)"/g))
        if (leadsTo(href.replaceAll('&amp;', '&')).origin !== new URL(world.site.url).origin)
          wrong.push(`${path}: ${href}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('signing in from a page that was asked for by another host leads to our own', async () => {
  for (const path of ['//evil.example/%2f..', '/\\evil.example', '//evil.example']) {
    const page = await (await new Browser(world.site.url).send(path, {})).text();
    const link = /href="(\/sign-in\?next=[^"]*)"/.exec(page)?.[1] ?? '';
    const browser = new Browser(world.site.url);
    const next = new URL(link, world.site.url).searchParams.get('next') ?? '';
    const response = await browser.signIn('linked', next);
    expect([path, leadsTo(response.headers.get('location')).origin]).toEqual([
      path,
      new URL(world.site.url).origin,
    ]);
  }
});
