import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMessages } from '../../../src/core/platform/messages.ts';

const folder = join(import.meta.dirname, '../../../i18n');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, string>;
const english = read('en.json');
const messages = createMessages(folder);

describe.each(files)('%s', (name) => {
  const texts = read(name);

  test('has the keys of English and no others', () => {
    expect(Object.keys(texts).sort()).toEqual(Object.keys(english).sort());
  });

  test('holds one key a line, sorted', () => {
    const keys = Object.keys(texts).sort();
    const lines = keys.map((key) => `  ${JSON.stringify(key)}: ${JSON.stringify(texts[key])}`);
    expect(readFileSync(join(folder, name), 'utf8')).toBe(`{\n${lines.join(',\n')}\n}\n`);
  });

  if (name === 'qqq.json') return;
  test('uses the parameters of English, in messages that can be shown', () => {
    const t = messages.translator(name.replace('.json', ''));
    for (const [key, text] of Object.entries(texts)) {
      expect([key, parameters(text)]).toEqual([key, parameters(english[key] ?? '')]);
      for (const n of [0, 1, 2, 5]) expect(t(key, n, n, n, n, n)).not.toMatch(/\$\d|\{\{|\}\}|⧼/);
    }
  });
});

test('every parameter is documented', () => {
  for (const [key, text] of Object.entries(read('qqq.json'))) {
    for (const parameter of parameters(english[key] ?? '')) expect(`${key}: ${text}`).toContain(parameter);
  }
});

test('fallbacks: the nearest language that has a file, with its own plural', () => {
  expect(messages.translator('nn').language).toBe('nb');
  expect(messages.translator('no').language).toBe('nb');
  expect(messages.translator('de').language).toBe('en');
  expect(messages.translator('fr-CA').language).toBe('fr');
  expect(messages.supported('xx')).toBeNull();
  expect(messages.translator('en')('web-count-files', 1)).toBe('1 file');
  expect(messages.translator('en')('web-count-files', 2)).toBe('2 files');
  expect(messages.translator('xx')('no-such-key')).toBe('⧼no-such-key⧽');
});

test('parameters come through as they are: markup in them is not read', () => {
  const name = '<b>$2 {{PLURAL:1|x|y}} [[a]] "&amp;"';
  expect(messages.translator('en')('web-account-signed-in', name)).toBe(`You are signed in as ${name}.`);
});

function parameters(text: string): string[] {
  return [...new Set(text.match(/\$\d/g) ?? [])].sort();
}
