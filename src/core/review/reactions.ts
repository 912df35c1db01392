import type { Answer, QuestionKind } from '../store/schema.ts';
import type { Pair } from './pairs.ts';

/** What a reaction says, whatever the platform writes it as. */
export type Sign = 'yes' | 'no' | 'unsure' | 'none' | 'somebody_else' | number;

/** What somebody says about one face: `somebody_else` is a no about every person of the project. */
export type Said = Answer | 'somebody_else';

const YES = '✅';
const NO = '❌';
const UNSURE = '🤷';
const NONE = '🚫';
const SOMEBODY_ELSE = '👤';
/** 1️⃣ to 9️⃣ without the variation selector: the digit and the enclosing keycap. */
const NUMBERS = Array.from({ length: 9 }, (_, i) => `${i + 1}\u{20E3}`);
/** 🇦 to 🇮 */
const LETTERS = Array.from({ length: 9 }, (_, i) => String.fromCodePoint(0x1f1e6 + i));

/** The number or letter drawn beside the face at a position (1 to 9). */
export function markLabel(kind: QuestionKind, position: number): string {
  return kind === 'batch' ? String.fromCharCode(64 + position) : String(position);
}

/**
 * The bot's own reactions below a question, in order, as platforms show them.
 * @param persons whom the project looks for: "somebody else" says more than "no" only where there are several
 */
export function seedsFor(kind: QuestionKind, faces: number, persons: number): string[] {
  const shown = (emoji: string) => (emoji.endsWith('\u{20E3}') ? `${emoji[0]}\u{FE0F}\u{20E3}` : emoji);
  const nobody = persons > 1 ? [SOMEBODY_ELSE] : [];
  if (kind === 'single') return [YES, NO, ...nobody, UNSURE];
  if (kind === 'several') return [...NUMBERS.slice(0, faces).map(shown), NONE, ...nobody, UNSURE];
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
  if (plain === SOMEBODY_ELSE && kind !== 'batch') return 'somebody_else';
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
 * One person's standing reactions below one question, as answers.
 *
 * @param emoji in the order in which they were added; those taken back are left out
 * @param positions of the question's faces, 1 to 9
 * @returns what is said for each position; null where the reactions say nothing about that face
 */
export function answersOf(
  kind: QuestionKind,
  positions: readonly number[],
  emoji: readonly string[],
): Map<number, Said | null> {
  const signs = emoji.map((one) => signOf(kind, one)).filter((sign): sign is Sign => sign !== null);
  const all = (answer: Said | null) => new Map(positions.map((position) => [position, answer]));
  const numbers = signs.filter((sign) => typeof sign === 'number' && positions.includes(sign));
  // Of contradicting answers the last one counts. Numbers do not contradict each other.
  const words = signs.filter((sign) => typeof sign !== 'number');
  const lastWord = words.at(-1);

  if (kind === 'single') return all(lastWord === undefined || lastWord === 'none' ? null : lastWord);

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
  return all(lastWord === 'unsure' || lastWord === 'somebody_else' ? lastWord : null);
}

/**
 * What changes when somebody who said one thing says another, as answers about faces and persons.
 * @param asked the question's person, and all persons of the project
 */
export function changedAnswers(
  faces: readonly { readonly faceId: number; readonly position: number }[],
  asked: { readonly person: string; readonly persons: readonly string[] },
  before: ReadonlyMap<number, Said | null>,
  after: ReadonlyMap<number, Said | null>,
): (Pair & { readonly answer: Answer | null })[] {
  return faces.flatMap(({ faceId, position }) => {
    const was = inAnswers(faceId, asked, before.get(position) ?? null);
    const is = inAnswers(faceId, asked, after.get(position) ?? null);
    return is.filter((answer, i) => answer.answer !== was[i]?.answer);
  });
}

/** One answer for each person of the project; the question's own comes first. */
function inAnswers(
  faceId: number,
  { person, persons }: { readonly person: string; readonly persons: readonly string[] },
  said: Said | null,
): (Pair & { readonly answer: Answer | null })[] {
  const others = persons.filter((one) => one !== person);
  const [own, other] = said === 'somebody_else' ? (['no', 'no'] as const) : ([said, null] as const);
  return [{ faceId, person, answer: own }, ...others.map((one) => ({ faceId, person: one, answer: other }))];
}
