import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines } from '../../support/stores.ts';
import { MAY } from './asking.ts';
import { type Dump, dump, restore } from './dump.ts';
import { addressOf, RULES } from './rules.ts';
import { buildWorld, type World } from './world.ts';

/** What nobody types, and databases and templates have stumbled over. */
const NASTY: Readonly<Record<string, string>> = {
  long: 'x'.repeat(20_000),
  'long, four bytes each': '\u{1F600}'.repeat(5_000),
  'null byte': 'a\u0000b',
  'half a surrogate': 'a\ud83db',
  'not a character': '\uffff\ufffe',
  'right to left': '\u202eevil\u2066',
  'combining marks': `a${'\u0301'.repeat(5_000)}`,
  quotes: `'"\`\\`,
  SQL: `'; drop table projects; -- `,
  'a template': '<%= process.env %>#{process.env}{{constructor}}',
  'a message': '{{PLURAL:$1|$2}}[[x]]{{GENDER:x}}$3',
  'a pattern': '%_*?(a+)+$',
  'a large number': '99999999999999999999',
  'a larger number': '1e308',
  'a number below zero': '-1',
  'a fraction': '0.0000001',
  'not a number': 'NaN',
  hexadecimal: '0x7fffffff',
  'many numbers': Array.from({ length: 3000 }, (_, i) => i + 1).join(','),
  'another script’s digits': '१२',
  'many lines': 'x\n'.repeat(9000),
  'line ends': 'a\r\nb',
  'name of a property': '__proto__',
  'an object': '[object Object]',
  empty: '',
};

describe.each(engines())('fields that nobody fills in like that (%s)', (kind) => {
  let world: World;
  let start: Dump;

  beforeAll(async () => {
    world = await buildWorld(kind);
    start = await dump(world.store);
  });
  afterAll(() => world.dispose());
  beforeEach(() => restore(world.store, start));

  const posts = Object.entries(RULES).filter(([name, rule]) => name.startsWith('POST ') && rule.fields);

  test.each(posts.map(([name]) => name))('%s is never broken by one', async (name) => {
    const rule = RULES[name];
    if (!rule) throw new Error(name);
    const who = MAY[rule.right].includes('owner') ? 'owner' : 'administrator';
    const asking = { world, kind: who, ids: world.ours } as const;
    const browser = world.browsers[who];
    const cookies = [...browser.cookies];
    const fields = rule.fields?.(asking) ?? {};
    const wrong: string[] = [];
    // One token for all that is refused: asking for one is as dear as the form itself.
    let csrf = await browser.csrf();
    for (const field of Object.keys(fields)) {
      for (const [what, value] of Object.entries(NASTY)) {
        const response = await browser.post(addressOf(name.slice(5), rule, asking), {
          ...fields,
          [field]: value,
          csrf,
        });
        const text = await response.text();
        if (response.status >= 500) wrong.push(`${field}, ${what}: ${response.status}`);
        if (
          /syntax|SQL|mysql|sqlite|kysely|node_modules|\.ts:\d/i.test(
            text.replaceAll('; drop table', '').replace(/SQL|sql/g, ''),
          )
        )
          wrong.push(`${field}, ${what}: the page tells of the inside`);
        if (response.status < 400) {
          await restore(world.store, start);
          browser.cookies.clear();
          for (const [cookie, kept] of cookies) browser.cookies.set(cookie, kept);
          csrf = await browser.csrf();
        }
      }
    }
    expect(wrong).toEqual([]);
  });
});
