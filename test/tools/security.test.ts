import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const rows = readFileSync(join(root, 'SECURITY.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && line.includes('.test.ts`: '))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

/** A name in quotes, right behind the bracket that a test, a group of tests or a table of them opens. */
const NAMES = /\(\s*(['"`])((?:\\.|(?!\1).)*)\1,/g;

/** FILE and NAME of each test in the last cell of a row. */
function testsOf(row: readonly string[]): { file: string; name: string }[] {
  return (row.at(-1) ?? '').split('<br>').map((one) => {
    const [, file = '', name = ''] = /^`([^`]+)`: (.+)$/.exec(one) ?? [];
    return { file, name };
  });
}

describe('the promises in SECURITY.md', () => {
  it.each(Array.from({ length: 20 }, (_, n) => `S${n + 1}`))('%s is there, with a test', (promise) => {
    const row = rows.find(([first]) => first === promise);
    expect(row && testsOf(row).length).toBeGreaterThan(0);
  });

  it.each(rows.flatMap(testsOf))('$file has “$name”', ({ file, name }) => {
    const path = join(root, 'test', file);
    expect(existsSync(path), `${file} is there`).toBe(true);
    const names = [...readFileSync(path, 'utf8').matchAll(NAMES)].map(([, , text = '']) =>
      text.replace(/\\(.)/g, '$1'),
    );
    expect(names).toContain(name);
  });
});
