import { expect, test } from 'vitest';
import { optionsOf, spellCommand } from '../../../src/bots/discord/definitions.ts';

test('options come from the usage', () => {
  expect(optionsOf(undefined)).toEqual([]);
  expect(optionsOf('NUMBER [disputes] [on|off] [pace=COUNT] [blind=on|off]')).toEqual([
    { name: 'number', required: true, words: [], named: false },
    { name: 'disputes', required: false, words: ['disputes'], named: false },
    { name: 'on-off', required: false, words: ['on', 'off'], named: false },
    { name: 'pace', required: false, words: [], named: true },
    { name: 'blind', required: false, words: ['on', 'off'], named: true },
  ]);
});

test.each([
  ['/visavis link', ['link']],
  ['/visavis write yes:yes', ['write', 'yes']],
  ['/visavis undo run:3 statement:17 yes:yes', ['undo', '3', 'statement=17', 'yes']],
  ['/visavis undo yes:yes', ['undo', 'yes']],
  ['/visavis setup number:2 disputes:disputes blind:on', ['setup', '2', 'disputes', 'blind=on']],
  ['/visavis language code:CODE', ['language', 'CODE']],
] as const)('“%s” is how a command is typed', (typed, [name, ...args]) => {
  expect(spellCommand(name, ...args)).toBe(typed);
});
