import { sql } from 'kysely';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openBrowser } from '../../browser/browser.ts';
import { MAY } from './asking.ts';
import { type Dump, dump, restore } from './dump.ts';
import { addressOf, RULES } from './rules.ts';
import { buildWorld, type Kind, type World } from './world.ts';

/**
 * Everything that breaks out of somewhere: of an attribute in either quotes or none, of a text, of elements whose
 * content is no HTML, of a comment, of a script, of a template.
 */
const BREAKS_OUT = [
  `"><x-evil></x-evil><a href="`,
  `'><x-evil></x-evil>`,
  `" onmouseover="evil()" x-evil="`,
  `' onmouseover='evil()' x-evil='`,
  ` onmouseover=evil() x-evil=1 `,
  '</title></textarea></style></script></noscript></option></select></svg></bdi><x-evil></x-evil>',
  '<script>evil()</script><img src=x onerror=evil()><svg onload=evil()><iframe src=javascript:evil()></iframe>',
  '--><x-evil></x-evil><!--',
  ']]><x-evil></x-evil><![CDATA[',
  '&lt;x-evil&gt;&#60;x-evil&#62;',
  '\u003cx-evil\u003e<%~ "<x-evil>" %>{{PLURAL:1|<x-evil>}}$1',
].join('');
const BAD_ADDRESSES = [
  'javascript:evil()',
  'data:text/html,<x-evil>',
  'java\tscript:evil()',
  '/\t/evil.example/x',
  '//evil.example',
];

/** What people, chats and the wiki fill; what is made by us alone, such as states and hashes, cannot be. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  account_profiles: ['username'],
  identities: ['display_name'],
  link_requests: ['display_name'],
  projects: ['title', 'category'],
  project_persons: ['label', 'description', 'portrait_title', 'portrait_author', 'portrait_licence'],
  project_exclusions: ['category'],
  files: ['title', 'author', 'licence', 'reason'],
  channels: ['name', 'external_id'],
  room_messages: ['user_name'],
  runs: ['reason'],
  sdc_claims: ['reason', 'other_statement_id'],
  block_list: ['label', 'reason'],
  workers: ['id', 'host'],
  audit: ['subject', 'detail'],
};
const ADDRESSES: Readonly<Record<string, readonly string[]>> = {
  project_persons: ['portrait_url', 'portrait_page_url', 'portrait_licence_url'],
  files: ['page_url', 'licence_url', 'thumb_url'],
};
/** These are stored, and no page shows them. */
const UNSEEN = [
  // Only where the channel has no name.
  'channels.external_id',
  'workers.id',
  'workers.host',
  'audit.subject',
  'audit.detail',
];

const markOf = (table: string, column: string) => `mark-${table}-${column}-`.replaceAll('_', '-');

let world: World;
let start: Dump;
let chromium: BrowserContext;
let page: Page;
/** Text that pages have shown. */
let seen = '';

beforeAll(async () => {
  world = await buildWorld();
  const { store, ours } = world;
  const aside = await store.db
    .selectFrom('faces')
    .select('file_id')
    .where('id', '=', ours.disputed)
    .execute();
  const asideIds = aside.map((face) => face.file_id);
  await store.db.updateTable('files').set({ state: 'set_aside' }).where('id', 'in', asideIds).execute();
  await store.db
    .insertInto('project_exclusions')
    .values({ project_id: ours.project, category: 'x' })
    .execute();
  await store.db
    .insertInto('workers')
    .values({ id: 'x', roles: 'web', host: 'x', started_at: 0, seen_at: Date.now() })
    .execute();
  // An owner is shown which statement of somebody else would be removed.
  await store.db.updateTable('sdc_claims').set({ state: 'present' }).execute();
  await world.browsers.owner.post('/room/practice/messages', { text: `said${BREAKS_OUT}` });
  for (const [table, columns] of Object.entries(TEXTS))
    for (const column of columns) {
      const text = `${markOf(table, column)}${BREAKS_OUT}`;
      // Names of people and files stay different from each other.
      await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${text} || rowid`.execute(store.db);
    }
  for (const [table, columns] of Object.entries(ADDRESSES))
    for (const column of columns) {
      const { rows } = await sql<{ n: number }>`select rowid as n from ${sql.table(table)}`.execute(store.db);
      for (const { n } of rows) {
        const address = BAD_ADDRESSES[n % BAD_ADDRESSES.length];
        await sql`update ${sql.table(table)} set ${sql.ref(column)} = ${address} where rowid = ${n}`.execute(
          store.db,
        );
      }
    }
  start = await dump(store);
  chromium = await openBrowser();
  page = await chromium.newPage();
});
afterAll(async () => {
  await chromium.close();
  await world.dispose();
});

/** What of the browser's own parser is used. */
interface Parser {
  parseFromString(source: string, type: 'text/html'): Parsed;
}
interface Parsed {
  readonly documentElement: Element;
  querySelectorAll(selector: string): Iterable<Element>;
}
interface Element {
  readonly localName: string;
  readonly textContent: string | null;
  readonly outerHTML: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
  getAttribute(name: string): string | null;
}

/** What a browser makes of a page: everything that should not be there, and the text of what is. */
async function inspect(html: string): Promise<{ wrong: string[]; text: string }> {
  return page.evaluate((source) => {
    const { DOMParser } = globalThis as unknown as { DOMParser: new () => Parser };
    const parsed = new DOMParser().parseFromString(source, 'text/html');
    const wrong: string[] = [];
    // No page of ours has them.
    const FOREIGN = 'x-evil iframe frame object embed applet base style noscript math marquee'.split(' ');
    for (const element of parsed.querySelectorAll('*')) {
      const name = element.localName.toLowerCase();
      if (FOREIGN.includes(name)) wrong.push(`<${name}>`);
      if (
        name === 'script' &&
        (element.textContent !== '' || !/^\/assets\//.test(element.getAttribute('src') ?? ''))
      )
        wrong.push(element.outerHTML.slice(0, 100));
      for (const attribute of element.attributes) {
        const said = `${name} ${attribute.name}="${attribute.value.slice(0, 60)}"`;
        if (/^on|^style$|^srcdoc$|evil|[^a-z0-9:-]/i.test(attribute.name.replace('viewBox', 'viewbox')))
          wrong.push(said);
        if (
          [
            'href',
            'src',
            'action',
            'formaction',
            'xlink:href',
            'poster',
            'data-live',
            'data-events',
            'data-ahead',
          ].includes(attribute.name)
        ) {
          // As the browser itself resolves it.
          const target = new URL(attribute.value, 'http://own.localhost/');
          if (!/^https?:$/.test(target.protocol) || target.hostname.includes('evil')) wrong.push(said);
        }
      }
    }
    const shown = [
      ...parsed.querySelectorAll('[value], [alt], [aria-label], [title], [placeholder]'),
    ].flatMap((one) =>
      ['value', 'alt', 'aria-label', 'title', 'placeholder'].map((name) => one.getAttribute(name) ?? ''),
    );
    return { wrong, text: `${parsed.documentElement.textContent ?? ''}\n${shown.join('\n')}` };
  }, html);
}

const asker = (name: string): Kind =>
  MAY[RULES[name]?.right ?? 'owner'].includes('owner') ? 'owner' : 'administrator';
const GETS = Object.keys(RULES).filter((name) => name.startsWith('GET ') && !name.endsWith('/events'));
const POSTS = Object.keys(RULES).filter((name) => name.startsWith('POST '));

test.each(GETS)('%s holds nothing that somebody stored there but text', async (name) => {
  const rule = RULES[name];
  if (!rule) throw new Error(name);
  for (const kind of new Set<Kind>([asker(name), 'administrator', 'member', 'visitor'])) {
    const asking = { world, kind, ids: world.ours } as const;
    const response = await world.browsers[kind].get(addressOf(name.slice(4), rule, asking));
    const type = response.headers.get('content-type') ?? '';
    const body = await response.text();
    if (!type.startsWith('text/html')) {
      expect([type, response.headers.get('x-content-type-options')]).toEqual([type, 'nosniff']);
      expect(type).not.toMatch(/html|xml|javascript/);
      seen += body;
      continue;
    }
    const { wrong, text } = await inspect(body);
    expect([kind, wrong]).toEqual([kind, []]);
    seen += text;
  }
});

test('every field was shown somewhere, so that the pages above mean something', () => {
  const marks = Object.entries(TEXTS).flatMap(([table, columns]) =>
    columns.filter((column) => !UNSEEN.includes(`${table}.${column}`)).map((column) => markOf(table, column)),
  );
  expect(marks.filter((mark) => !seen.includes(mark))).toEqual([]);
  expect(seen).toContain(`said${BREAKS_OUT}`);
});

test.each(POSTS)('%s shows again what was sent as text', async (name) => {
  const rule = RULES[name];
  if (!rule) throw new Error(name);
  const kind = asker(name);
  const asking = { world, kind, ids: world.ours } as const;
  const browser = world.browsers[kind];
  const cookies = [...browser.cookies];
  const fields = rule.fields?.(asking) ?? {};
  for (const field of [...Object.keys(fields), 'next', 'search']) {
    const csrf = await browser.csrf();
    const response = await browser.post(addressOf(name.slice(5), rule, asking), {
      ...fields,
      [field]: BREAKS_OUT,
      csrf,
    });
    const { wrong } = await inspect(await response.text());
    expect([field, wrong]).toEqual([field, []]);
    await restore(world.store, start);
    browser.cookies.clear();
    for (const [cookie, value] of cookies) browser.cookies.set(cookie, value);
  }
});

test.each(GETS)('%s shows what stands in its address as text', async (name) => {
  const rule = RULES[name];
  if (!rule) throw new Error(name);
  const kind = asker(name);
  const path = addressOf(name.slice(4), rule, { world, kind, ids: world.ours }).split('?')[0] ?? '';
  const evil = encodeURIComponent(BREAKS_OUT);
  const query = [
    'next',
    'code',
    'error',
    'done',
    'verdict',
    'person',
    'page',
    'faces',
    'uselang',
    'period',
    'search',
    'title',
    'channel',
    'file',
    'who',
    'what',
    'project',
    'from',
    'until',
    'source',
    'x',
  ]
    .map((one) => `${one}=${evil}`)
    .join('&');
  for (const address of [
    `${path}?${query}`,
    `${path}?${evil}`,
    `${path}${evil}`,
    `${path}?code=${evil}&${evil}=1`,
  ]) {
    const response = await world.browsers[kind].get(address);
    const body = await response.text();
    if (response.headers.get('content-type')?.startsWith('text/html'))
      expect([address, (await inspect(body)).wrong]).toEqual([address, []]);
  }
});

test('the events of a live page are its own lines alone', async () => {
  for (const path of [
    `/projects/${world.ours.project}/events?since=x%0a%0aevent:%20evil`,
    '/room/practice/events?since=%0ddata:evil',
  ]) {
    const response = await world.browsers.owner.get(path, { 'last-event-id': 'x' });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const reader = response.body?.getReader();
    let text = '';
    while (!text.includes('data:')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    await reader?.cancel();
    expect(text).toMatch(/^retry: 2000\n\nid: [\w.-]+\nevent: change\ndata: [\w.-]+\n\n$/);
  }
});

test('in a real browser, with its modules, nothing runs and nothing is made of it', async () => {
  const visit = await chromium.newPage();
  const bad: string[] = [];
  visit.on('dialog', (dialog) => {
    bad.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  await visit.exposeFunction('evil', () => bad.push('evil() ran'));
  const { url } = world.site;
  await chromium.addCookies([...world.browsers.owner.cookies].map(([name, value]) => ({ name, value, url })));
  const { project, face, run } = world.ours;
  for (const path of [
    '/',
    '/projects',
    `/projects/${project}`,
    `/projects/${project}/review`,
    `/projects/${project}/settings`,
    `/projects/${project}/members`,
    `/projects/${project}/disputes`,
    `/projects/${project}/runs/${run}`,
    `/faces/${face}`,
    '/room/practice',
    '/leaderboard',
    '/account',
  ]) {
    await visit.goto(url + path, { waitUntil: 'load' });
    for (const element of await visit
      .locator('body *')
      .all()
      .then((all) => all.slice(0, 40)))
      await element.dispatchEvent('mouseover');
    expect([
      path,
      await visit.locator('x-evil, [x-evil], [onmouseover], [onerror], [onload]').count(),
    ]).toEqual([path, 0]);
  }
  // What comes later by the live page is put together by a module.
  await visit.goto(`${url}/room/practice`);
  await world.browsers.member.post('/room/practice/messages', { text: `later${BREAKS_OUT}` });
  await visit.locator('#messages').getByText('later').waitFor();
  expect(await visit.locator('x-evil, [x-evil], [onmouseover]').count()).toBe(0);
  expect(bad).toEqual([]);
});
