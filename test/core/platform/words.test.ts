import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ERROR_STATUS, type ErrorCode, VisavisError } from '../../../src/core/platform/errors.ts';
import { createMessages } from '../../../src/core/platform/messages.ts';
import { REFUSALS, type RefusalName, refusal } from '../../../src/core/platform/refusals.ts';
import { GENERAL_KEYS, wordsOf } from '../../../src/core/platform/words.ts';
import { FailedAttempt } from '../../../src/core/wiki/attempt.ts';
import { errorFromAttempt } from '../../../src/core/wiki/wiki-error.ts';

const messages = createMessages(join(import.meta.dirname, '../../../i18n'));
const names = Object.keys(REFUSALS) as RefusalName[];

describe.each(names)('%s', (name) => {
  const error = refusal(name, [21, 22]);

  test('says the same in English as the logs do', () => {
    expect(wordsOf(messages.translator('en'), error)).toBe(error.message);
    expect(error.message).not.toMatch(/\$\d/);
  });

  test.each(['nb', 'es', 'fr'])('speaks %s', (language) => {
    const words = wordsOf(messages.translator(language), error);
    expect(words).not.toBe(error.message);
    expect(words).not.toMatch(/[⧼$]/);
  });
});

test('every code has words for people: of its refusals, or of its own', () => {
  const spoken = new Set<ErrorCode>(Object.values(REFUSALS).map(([code]) => code));
  const silent = (Object.keys(ERROR_STATUS) as ErrorCode[]).filter(
    (code) => !spoken.has(code) && !GENERAL_KEYS[code],
  );
  // What the wiki refuses is told with the wiki's own reason.
  expect(silent).toEqual(['wiki', 'sign_in_refused'].filter((code) => !spoken.has(code as ErrorCode)));
});

test('what happened inside stays inside, in every language', () => {
  for (const [code, key] of Object.entries(GENERAL_KEYS)) {
    const error = new VisavisError(code as ErrorCode, 'connect ECONNREFUSED 10.0.0.7:3306');
    for (const language of messages.languages) {
      const t = messages.translator(language);
      expect(wordsOf(t, error)).toBe(t(key));
    }
  }
  const t = messages.translator('fr');
  expect(wordsOf(t, new TypeError('x is not a function'))).toBe(t('error-internal'));
});

test('the wiki’s reason stands in a sentence of the reader', () => {
  const failure = new FailedAttempt({
    codes: ['protectedpage'],
    texts: new Map([['protectedpage', 'Denne siden er låst.']]),
    arrived: 'yes',
  });
  const words = wordsOf(messages.translator('nb'), errorFromAttempt(failure, 'refused'));
  expect(words).toMatch(/^Wikien .*Denne siden er låst\., protectedpage/);
});

test('why an origin is refused stands in every language', () => {
  const error = new VisavisError('bad_input', 'Leave out the dot.', { details: { refusal: 'trailing_dot' } });
  const t = messages.translator('es');
  expect(wordsOf(t, error)).toBe(t('web-sources-refused-trailing_dot'));
  expect(wordsOf(t, error)).not.toContain('⧼');
});
