/**
 * Host names that look like others. Scripts may be mixed as browsers allow it (UTS 39, "highly restrictive"): Latin
 * with the scripts of Chinese, Japanese and Korean, otherwise one script a label.
 */
const RECOMMENDED = [
  'Arabic',
  'Armenian',
  'Bengali',
  'Bopomofo',
  'Cyrillic',
  'Devanagari',
  'Ethiopic',
  'Georgian',
  'Greek',
  'Gujarati',
  'Gurmukhi',
  'Han',
  'Hangul',
  'Hebrew',
  'Hiragana',
  'Kannada',
  'Katakana',
  'Khmer',
  'Lao',
  'Latin',
  'Malayalam',
  'Myanmar',
  'Oriya',
  'Sinhala',
  'Tamil',
  'Telugu',
  'Thaana',
  'Thai',
  'Tibetan',
] as const;

const SCRIPTS = RECOMMENDED.map((name) => ({ name, pattern: new RegExp(`\\p{Script=${name}}`, 'u') }));
const NO_SCRIPT = /[\p{Script=Common}\p{Script=Inherited}]/u;

const TOGETHER = [
  ['Latin', 'Han', 'Hiragana', 'Katakana'],
  ['Latin', 'Han', 'Bopomofo'],
  ['Latin', 'Han', 'Hangul'],
];

/** Letters of other alphabets that are drawn as Latin ones, or as digits (Unicode's confusables.txt, the lower case). */
const LIKE_LATIN: Readonly<Record<string, RegExp>> = {
  Cyrillic: /^[асԁеһіјӏоорԛѕтһԝхуүгьпкмнвабзэ0-9-]+$/u,
  Greek: /^[αγικνορυτωχϳεηβσ0-9-]+$/u,
  Armenian: /^[ցօուհոսզբոյքեգղցլ0-9-]+$/u,
};
/** Latin letters that are drawn as the plain ones: dotless i, IPA, the long s, small capitals. */
const LATIN_DOUBLES = /[ıȷſɐ-ʯᴀ-ᶿǀ-ǃ]/u;

/** What is wrong with one label in Unicode, or null. `asciiEnd`: the name ends in a plain top-level domain. */
export function scriptProblem(
  label: string,
  asciiEnd: boolean,
): 'mixed_script_idn' | 'confusable_idn' | null {
  if (/^[\x20-\x7e]*$/.test(label)) return null;
  const used = new Set<string>();
  for (const character of label) {
    if (NO_SCRIPT.test(character)) continue;
    const script = SCRIPTS.find(({ pattern }) => pattern.test(character));
    // Historic and little used scripts are full of copies of Latin letters.
    if (!script) return 'confusable_idn';
    used.add(script.name);
  }
  const mayStandTogether =
    used.size <= 1 || TOGETHER.some((together) => [...used].every((name) => together.includes(name)));
  if (!mayStandTogether) return 'mixed_script_idn';
  if (LATIN_DOUBLES.test(label)) return 'confusable_idn';
  const [only] = used;
  // Signs and digits of no script alone: their only use in a name is to look like something.
  if (only === undefined) return 'confusable_idn';
  if (asciiEnd && used.size === 1 && LIKE_LATIN[only]?.test(label)) return 'confusable_idn';
  return null;
}
