import type { Answer, QuestionKind } from '../store/schema.ts';

/** What a reaction says, whatever the platform writes it as. */
export type Sign = 'yes' | 'no' | 'unsure' | 'none' | number;

const YES = '✅';
const NO = '❌';
const UNSURE = '🤷';
const NONE = '🚫';
/** 1️⃣ to 9️⃣ without the variation selector: the digit and the enclosing keycap. */
const NUMBERS = Array.from({ length: 9 }, (_, i) => `${i + 1}\u{20E3}`);
/** 🇦 to 🇮 */
const LETTERS = Array.from({ length: 9 }, (_, i) => String.fromCodePoint(0x1f1e6 + i));

/** The number or letter drawn beside the face at a position (1 to 9). */
export function markLabel(kind: QuestionKind, position: number): string {
  return kind === 'batch' ? String.fromCharCode(64 + position) : String(position);
}

/** The bot's own reactions below a question, in order, as platforms show them. */
export function seedsFor(kind: QuestionKind, faces: number): string[] {
  const shown = (emoji: string) => (emoji.endsWith('\u{20E3}') ? `${emoji[0]}\u{FE0F}\u{20E3}` : emoji);
  if (kind === 'single') return [YES, NO, UNSURE];
  if (kind === 'several') return [...NUMBERS.slice(0, faces).map(shown), NONE, UNSURE];
  return [YES, NO, ...LETTERS.slice(0, faces), UNSURE];
}

/**
 * Platforms add variation selectors and skin tones, or leave them out: 🤷🏽‍♀️ is 🤷. Returns what is compared
 * and stored.
 */
export function normaliseEmoji(emoji: string): string {
  return emoji.replace(/[\u{FE0E}\u{FE0F}\u{1F3FB}-\u{1F3FF}]/gu, '').replace(/\u{200D}[♀♂]$/u, '');
}

/** What an emoji says below a question of this kind; null when it says nothing. */
export function signOf(kind: QuestionKind, emoji: string): Sign | null {
  const plain = normaliseEmoji(emoji);
  if (plain === UNSURE) return 'unsure';
  if (kind === 'several') {
    if (plain === NONE) return 'none';
    const number = NUMBERS.indexOf(plain);
    return number >= 0 ? number + 1 : null;
  }
  if (plain === YES) return 'yes';
  if (plain === NO) return 'no';
  if (kind === 'batch') {
    const letter = LETTERS.indexOf(plain);
    return letter >= 0 ? letter + 1 : null;
  }
  return null;
}

/**
 * One person's standing reactions below one question, as answers (PRODUCT C4, C6).
 *
 * @param emoji in the order in which they were added; those taken back are left out
 * @param positions of the question's faces, 1 to 9
 * @returns the answer for each position; null where the reactions say nothing about that face
 */
export function answersOf(
  kind: QuestionKind,
  positions: readonly number[],
  emoji: readonly string[],
): Map<number, Answer | null> {
  const signs = emoji.map((one) => signOf(kind, one)).filter((sign): sign is Sign => sign !== null);
  const all = (answer: Answer | null) => new Map(positions.map((position) => [position, answer]));
  const numbers = signs.filter((sign) => typeof sign === 'number' && positions.includes(sign));
  // Of contradicting answers the last one counts. Numbers do not contradict each other.
  const words = signs.filter((sign) => typeof sign !== 'number');
  const lastWord = words.at(-1);

  if (kind === 'single')
    return all(lastWord === 'yes' || lastWord === 'no' || lastWord === 'unsure' ? lastWord : null);

  if (kind === 'batch') {
    if (lastWord === 'no' || lastWord === 'unsure') return all(lastWord);
    if (lastWord !== 'yes') return all(null);
    // Lettered faces are left out of the "yes"; they are asked again one by one.
    return new Map(positions.map((position) => [position, numbers.includes(position) ? null : 'yes']));
  }

  const afterLastWord = signs.slice(signs.findLastIndex((sign) => typeof sign !== 'number') + 1);
  const chosen = afterLastWord.filter((sign) => numbers.includes(sign));
  if (chosen.length > 0) {
    return new Map(positions.map((position) => [position, chosen.includes(position) ? 'yes' : 'no']));
  }
  if (lastWord === 'none') return all('no');
  if (lastWord === 'unsure') return all('unsure');
  return all(null);
}
