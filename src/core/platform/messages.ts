import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import BananaClass from 'banana-i18n';

/** The part of banana-i18n that is used; its own types do not resolve under `nodenext`. */
interface Banana {
  i18n(key: string, ...params: readonly string[]): string;
  getFallbackLocales(): string[];
}
const Banana = BananaClass as unknown as new (
  locale: string,
  options?: { messages: Readonly<Record<string, string>> },
) => Banana;

/** Plain text in one language. Parameters are not escaped: whoever shows the text does that. */
export interface Translator {
  (key: string, ...params: readonly (string | number)[]): string;
  /** BCP 47 code. */
  readonly language: string;
  readonly direction: 'ltr' | 'rtl';
}

export interface Messages {
  /** Languages that have a file, English first. */
  readonly languages: readonly string[];
  /** The language itself, or a fallback of it that has a file; null when there is none. */
  supported(code: string): string | null;
  /** Every code gives a translator; what is missing comes from the fallbacks and at last from English. */
  translator(code: string): Translator;
}

const RIGHT_TO_LEFT = new Set([
  'ar',
  'arc',
  'ckb',
  'dv',
  'fa',
  'he',
  'ku-arab',
  'ps',
  'sd',
  'ug',
  'ur',
  'yi',
]);

/**
 * Messages from a folder with one JSON file for each language (banana format; `qqq` documents the keys).
 * Each language has a Banana of its own: plural rules are those of the language that has the message, not of
 * the one that was asked for.
 */
export function createMessages(folder: string): Messages {
  const files = new Map<string, Map<string, string>>();
  const bananas = new Map<string, Banana>();
  for (const name of readdirSync(folder)) {
    const code = /^([a-z][a-z-]*)\.json$/.exec(name)?.[1];
    if (!code || code === 'qqq') continue;
    const messages = readMessages(join(folder, name));
    files.set(code, new Map(Object.entries(messages)));
    const banana = new Banana(code, { messages });
    bananas.set(code, banana);
  }
  const english = files.get('en');
  if (!english) throw new Error(`no en.json in ${folder}`);
  const translators = new Map<string, Translator>();
  const texts = new Map([...files.keys()].map((code) => [code, new Map<string, string>()]));
  const textsOf = (code: string) => texts.get(code) ?? new Map<string, string>();
  const languages = ['en', ...[...files.keys()].filter((code) => code !== 'en').sort()];

  return {
    languages,
    supported: (code) => chain(code).find((one) => files.has(one)) ?? null,
    translator(code) {
      const lower = code.toLowerCase();
      const known = translators.get(lower);
      if (known) return known;
      const candidates = [...chain(lower), 'en'];
      const format = (key: string, ...params: readonly (string | number)[]): string => {
        for (const candidate of candidates) {
          if (!files.get(candidate)?.has(key)) continue;
          const banana = bananas.get(candidate);
          if (banana) return remembered(textsOf(candidate), banana, key, params.map(String));
        }
        return `⧼${key}⧽`;
      };
      const language = candidates.find((one) => files.has(one)) ?? 'en';
      const direction: 'ltr' | 'rtl' = RIGHT_TO_LEFT.has(language) ? 'rtl' : 'ltr';
      const translator = Object.assign(format, { language, direction });
      // Codes come from outside; only those with a file are kept.
      if (files.has(lower)) translators.set(lower, translator);
      return translator;
    },
  };
}

const MOST_TEXTS = 2000;

/** A page shows the same few dozen texts with numbers, and for each plural Banana makes a rule anew. */
function remembered(
  texts: Map<string, string>,
  banana: Banana,
  key: string,
  params: readonly string[],
): string {
  // Names come from outside: what has more than numbers in it is not kept.
  if (params.length === 0 || !params.every((param) => /^[\d.,\s]{1,12}$/.test(param)))
    return banana.i18n(key, ...params);
  const mark = [key, ...params].join('|');
  const known = texts.get(mark);
  if (known !== undefined) return known;
  const text = banana.i18n(key, ...params);
  if (texts.size >= MOST_TEXTS) texts.clear();
  texts.set(mark, text);
  return text;
}

/** `nb-NO` → nb-no, nb, and what its readers understand before English. Empty for what is no code of a language. */
function chain(code: string): string[] {
  const lower = code.toLowerCase();
  // Codes come from outside, and Banana looks them up in a plain object: `__proto__` breaks it.
  if (!/^[a-z]{2,3}(-[a-z0-9]{1,8})*$/.test(lower)) return [];
  const bare = lower.split('-')[0] ?? lower;
  const fallbacks = new Banana(lower).getFallbackLocales().filter((one) => one !== 'en');
  return [...new Set([lower, bare, ...fallbacks, ...(SIBLINGS[bare] ?? [])])];
}

/** Banana's table leaves these out. */
const SIBLINGS: Readonly<Record<string, readonly string[]>> = { no: ['nb'], nn: ['nb'], da: ['nb'] };

function readMessages(path: string): Record<string, string> {
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof json !== 'object' || json === null) throw new Error(`${path} holds no messages`);
  return Object.fromEntries(
    Object.entries(json).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
