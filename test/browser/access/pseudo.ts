import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMessages, type Messages } from '../../../src/core/platform/messages.ts';

const I18N = join(import.meta.dirname, '../../../i18n');

/** A language that is written from right to left and has no file of its own here. */
export const PSEUDO = 'ar';
export const OPEN = '⟦';
export const CLOSE = '⟧';

/**
 * The messages of the product, and beside them a made-up language from right to left: the English words in brackets,
 * and half as long again, as translations are. What stands outside of brackets on a page was no message.
 */
export function pseudoMessages(): Messages {
  const folder = mkdtempSync(join(tmpdir(), 'visavis-pseudo-'));
  try {
    for (const name of readdirSync(I18N)) {
      const text = readFileSync(join(I18N, name), 'utf8');
      writeFileSync(join(folder, name), text);
      if (name === 'en.json') writeFileSync(join(folder, `${PSEUDO}.json`), JSON.stringify(bracketed(text)));
    }
    return createMessages(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function bracketed(json: string): Record<string, string> {
  const english = JSON.parse(json) as Record<string, unknown>;
  const texts = Object.entries(english).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts.map(([key, text]) => [key, `${OPEN}${text}${longer(text)}${CLOSE}`]));
}

/** Short words grow the most in translation; long texts by a fifth. */
function longer(text: string): string {
  const more = text.length < 20 ? Math.ceil(text.length / 2) : Math.ceil(text.length / 5);
  return ` ${'abcde '
    .repeat(Math.ceil(more / 6))
    .slice(0, more)
    .trim()}`;
}
