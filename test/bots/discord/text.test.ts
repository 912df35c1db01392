import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderCard } from '../../../src/bots/discord/render.ts';
import { escapeText, fitText, maskedLink } from '../../../src/bots/discord/text.ts';
import { checkMessage } from '../../fakes/discord/bodies.ts';
import { PICTURE } from './harness.ts';

test.each([
  [
    '**bold** _it_ ~~no~~ `code` ||spoiler||',
    '\\*\\*bold\\*\\* \\_it\\_ \\~\\~no\\~\\~ \\`code\\` \\|\\|spoiler\\|\\|',
  ],
  ['@everyone <@123> <#1> <:x:1>', '\\@everyone \\<\\@123\\> \\<\\#1\\> \\<:x:1\\>'],
  ['[here](https://evil.example)', '\\[here\\](https\\://evil.example)'],
  ['# big\n> quoted\n- item\n1. first\n-# small', '\\# big\n\\> quoted\n\\- item\n1\\. first\n\\-\\# small'],
  ['back\\slash', 'back\\\\slash'],
  ['a\u{202E}b\u{2066}c\td\u{0000}', 'abc d '],
  ['✅ yes · ❌ no (Ada, 1840)', '✅ yes · ❌ no (Ada, 1840)'],
])('escapes %j', (plain, written) => {
  expect(escapeText(plain)).toBe(written);
});

test('shortens at the end of a word, as long as Discord takes it', () => {
  expect(fitText('the quick brown fox', 12)).toBe('the quick…');
  expect(fitText('the quick brown fox', 19)).toBe('the quick brown fox');
  expect(fitText('unbreakable', 5)).toBe('unbr…');
  expect(fitText('a 😀😀😀😀', 6)).toBe('a 😀…');
  expect(fitText('***** five stars', 11, escapeText)).toBe('\\*\\*\\*\\*\\*…');
});

test('a link cannot be broken out of', () => {
  expect(maskedLink('a](b', 'https://x.example/a(b) c')).toBe('[a\\](b](https://x.example/a%28b%29%20c)');
});

const words = fc.string({
  unit: fc.constantFrom('a', '*', '_', '@', '\\', ' ', '\n', '😀', '<', '1.', '# '),
  maxLength: 7000,
});

test('no card is more than Discord takes', () => {
  fc.assert(
    fc.property(
      words,
      words,
      words,
      words,
      fc.nat(30),
      fc.nat(12),
      (title, text, footer, value, fields, links) => {
        const { body } = renderCard(
          {
            title,
            text,
            footer,
            fields: Array.from({ length: fields }, (_, i) => ({ label: `label ${i}`, value })),
            links: Array.from({ length: links }, (_, i) => ({
              text: value.slice(0, 300),
              url: `https://x.example/${i}`,
            })),
            buttons: Array.from({ length: 12 }, (_, i) => ({
              emoji: String.fromCodePoint(0x1f600 + i),
              label: value,
            })),
            picture: { ...PICTURE, alt: text },
          },
          { buttons: true, name: 'picture' },
        );
        checkMessage(body, ['picture.jpg']);
      },
    ),
    { numRuns: 60 },
  );
});
