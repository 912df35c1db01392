import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Dump, dump, restore } from './dump.ts';
import { buildWorld, type World } from './world.ts';

let world: World;
let start: Dump;
beforeAll(async () => {
  world = await buildWorld();
  start = await dump(world.store);
});
afterAll(() => world.dispose());
beforeEach(() => restore(world.store, start));

/** What a spreadsheet runs, also where it splits a line in other places than we do. */
const FORMULAS = [
  '=1+1',
  '+1+1',
  '-1+1',
  '@SUM(1+1)',
  '\t=1+1',
  '\r=1+1',
  '\n=1+1',
  "=cmd|' /C calc'!A0",
  '=HYPERLINK("http://evil.example","x")',
  'a,=1+1',
  'a;=1+1',
  'a\t=1+1',
  'a\n=1+1',
  'a\r\n=1+1',
  '",=1+1',
  '";=1+1',
  '"\n=1+1',
  'a";=1+1;"',
  '\uff1d1+1',
  '\uff0b1+1',
  '\uff0d1+1',
  '\uff201+1',
  ' =1+1',
  '\u00a0=1+1',
  '\ufeff=1+1',
  "'=1+1",
];
const STARTS = /^[\s\ufeff\u00a0"]*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

async function csvOf(change: { title?: string; page_url?: string }): Promise<string> {
  const { file_id } = await world.store.db
    .selectFrom('faces')
    .select('file_id')
    .where('id', '=', world.ours.matched)
    .executeTakeFirstOrThrow();
  await world.store.db.updateTable('files').set(change).where('id', '=', file_id).execute();
  const response = await world.browsers.owner.get(`/projects/${world.ours.project}/verdicts.csv`);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/csv; charset=utf-8; header=present',
  ]);
  return Buffer.from(await response.arrayBuffer()).toString();
}

/** The cells as a program takes them that splits at this character. */
function cells(csv: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = '';
  let quoted = false;
  for (let i = 0; i < csv.length; i++) {
    const one = csv[i] ?? '';
    if (quoted) {
      if (one === '"' && csv[i + 1] === '"') {
        cell += '"';
        i++;
      } else if (one === '"') quoted = false;
      else cell += one;
    } else if (one === '"' && cell === '') quoted = true;
    else if (one === separator || one === '\n') {
      row.push(cell.replace(/\r$/, ''));
      cell = '';
      if (one === '\n') {
        rows.push(row);
        row = [];
      }
    } else cell += one;
  }
  // Where it splits elsewhere, a quote may stay open to the end.
  return cell === '' && row.length === 0 ? rows : [...rows, [...row, cell]];
}

test.each(FORMULAS)('no cell runs %j, however the program splits the line', async (formula) => {
  for (const field of ['title', 'page_url'] as const) {
    const csv = (await csvOf({ [field]: formula })).replace(/^\ufeff/, '');
    // A number below zero is a number.
    for (const separator of [',', ';', '\t'])
      for (const [line, row] of cells(csv, separator).entries())
        for (const cell of row.filter((one) => !/^-?[\d.]+(e-?\d+)?$/.test(one)))
          expect([field, separator, line, cell, STARTS.test(cell)]).toEqual([
            field,
            separator,
            line,
            cell,
            false,
          ]);
    // And it is still the same table for whoever reads it as we wrote it.
    const rows = cells(csv, ',');
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    expect(rows.length).toBeGreaterThan(1);
  }
});

test('an ordinary title is not changed', async () => {
  const title = 'File:Ada "the Countess" Lovelace, 1843; a portrait.jpg';
  const [, ...rows] = cells((await csvOf({ title })).replace(/^\ufeff/, ''), ',');
  expect(rows.map((row) => row[0])).toContain(title);
});

test('JSON stays JSON, and is nothing else to a browser', async () => {
  const evil = '</script><script>alert(1)</script>\u2028"\\';
  const { file_id } = await world.store.db
    .selectFrom('faces')
    .select('file_id')
    .where('id', '=', world.ours.matched)
    .executeTakeFirstOrThrow();
  await world.store.db.updateTable('files').set({ title: evil }).where('id', '=', file_id).execute();
  await world.store.db.updateTable('identities').set({ display_name: evil }).execute();
  for (const path of [`/projects/${world.ours.project}/verdicts.json`, '/account/data.json']) {
    const response = await world.browsers.owner.get(path);
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(JSON.stringify(JSON.parse(await response.text()))).toContain(JSON.stringify(evil).slice(1, -1));
  }
});

test('nobody’s account data is in somebody else’s', async () => {
  const text = await (await world.browsers.owner.get('/account/data.json')).text();
  expect(text).toContain('"owner"');
  for (const name of ['other owner', 'administrator', 'linked']) expect(text).not.toContain(`"${name}"`);
});
