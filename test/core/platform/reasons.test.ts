import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { barReason } from '../../../src/core/accounts/eligibility.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { createMessages } from '../../../src/core/platform/messages.ts';
import {
  REASONS,
  type ReasonName,
  readReason,
  reason,
  reasonError,
  reasonInDetail,
  reasonOf,
  reasonWords,
} from '../../../src/core/platform/reasons.ts';
import { refusal } from '../../../src/core/platform/refusals.ts';
import { FailedAttempt } from '../../../src/core/wiki/attempt.ts';
import { errorFromAttempt, OWN_WORDS } from '../../../src/core/wiki/wiki-error.ts';

const messages = createMessages(join(import.meta.dirname, '../../../i18n'));
const english = messages.translator('en');

describe.each(Object.keys(REASONS) as ReasonName[])('%s', (name) => {
  const kept = reason(name, ['Q21', 22]);

  test('says the same on English pages as in logs and exports', () => {
    expect(reasonWords(english, kept)).toBe(readReason(kept).text);
    expect(readReason(kept).text).not.toMatch(/\$\d/);
  });

  test.each(['nb', 'es', 'fr'])('speaks %s', (language) => {
    const words = reasonWords(messages.translator(language), kept);
    expect(words).not.toBe(readReason(kept).text);
    expect(words).not.toMatch(/[⧼$]/);
  });
});

test.each([
  'The page is protected.',
  '',
  '{not JSON',
  '{"key":"reason-theirs"}',
  '[1,2]',
  'null',
  '"quoted"',
])('%j, which is no reason as it is kept now, is shown as it is', (kept) => {
  expect(reasonWords(messages.translator('nb'), kept)).toBe(kept);
  expect(readReason(kept)).toEqual({ text: kept, say: null });
});

test('an error keeps what it says to people', () => {
  const t = messages.translator('es');
  const error = reasonError('picture_too_large', 'picture-bytes', [50]);
  expect(error).toMatchObject({ code: 'picture_too_large', message: 'the picture is larger than 50 MB' });
  expect(reasonWords(t, reasonOf(error))).toBe(t('reason-picture-bytes', 50));
  expect(reasonWords(t, reasonOf(refusal('run-active', [7])))).toBe(t('refusal-run-active', 7));
});

test('what happened inside is for administrators alone', () => {
  const t = messages.translator('fr');
  for (const [error, key] of [
    [new VisavisError('database', 'connect ECONNREFUSED 10.0.0.7:3306'), 'error-database'],
    [new TypeError('connect ECONNREFUSED 10.0.0.7:3306'), 'error-internal'],
  ] as const) {
    const kept = reasonOf(error);
    expect(reasonWords(t, kept)).toBe(t(key));
    expect(reasonInDetail(t, kept)).toBe(`${t(key)} (connect ECONNREFUSED 10.0.0.7:3306)`);
  }
  const plain = reason('theirs');
  expect(reasonInDetail(t, plain)).toBe(t('reason-theirs'));
});

test.each(Object.keys(OWN_WORDS))('%s, below the wiki’s API, is told in every language', (code) => {
  const kept = reasonOf(errorFromAttempt(new FailedAttempt({ codes: [code], arrived: 'yes' }), 'unknown'));
  const said = messages.languages.map((language) => reasonWords(messages.translator(language), kept));
  expect(new Set(said).size).toBe(messages.languages.length);
  expect(said.join()).not.toContain('⧼');
});

test('why an account may not take part fits where it is kept, and is told in every language', () => {
  for (const bar of [
    { rule: 'list', username: 'Ada' },
    { rule: 'edits', needed: 51, has: 50 },
    { rule: 'days', needed: 31, has: 30 },
    { rule: 'group', needed: 'g'.repeat(100) },
  ] as const) {
    const kept = barReason(bar);
    expect(kept.length).toBeLessThanOrEqual(500);
    const said = messages.languages.map((language) => reasonWords(messages.translator(language), kept));
    expect(new Set(said).size).toBe(messages.languages.length);
  }
});
