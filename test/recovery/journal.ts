import { answersOf } from '../../src/core/review/reactions.ts';
import type { Answer } from '../../src/core/store/schema.ts';

/** What somebody did, in the order in which the chat or the site took it. */
export type Deed =
  | {
      readonly where: 'chat';
      readonly who: string;
      readonly messageId: string;
      readonly emoji: string;
      readonly change: 'added' | 'taken back';
    }
  | {
      readonly where: 'web';
      readonly who: string;
      readonly faceId: number;
      readonly answer: Answer | null;
      /** The site said that it was taken; otherwise nobody knows, and the person says it again. */
      readonly taken: boolean;
    };

/** What a person's answers about one face must be, one after the other. */
export interface Expected {
  readonly who: string;
  readonly faceId: number;
  readonly answers: readonly (Answer | null)[];
  /** An attempt of which nobody knows whether it was taken comes last. */
  readonly open: boolean;
}

/**
 * Follows a journal: a new answer is what somebody says that they did not say before.
 * @param faceOf the only face of the question in a message; messages that are no question say nothing
 */
export function expectedAnswers(
  journal: readonly Deed[],
  faceOf: (messageId: string) => number | undefined,
): Expected[] {
  const standing = new Map<string, string[]>();
  const answers = new Map<
    string,
    { who: string; faceId: number; answers: (Answer | null)[]; open: boolean }
  >();
  const of = (who: string, faceId: number) => {
    const key = `${who} ${faceId}`;
    const known = answers.get(key) ?? { who, faceId, answers: [], open: false };
    answers.set(key, known);
    return known;
  };
  for (const deed of journal) {
    if (deed.where === 'web') {
      const own = of(deed.who, deed.faceId);
      own.open = !deed.taken;
      if (deed.taken && deed.answer !== (own.answers.at(-1) ?? null)) own.answers.push(deed.answer);
      continue;
    }
    const faceId = faceOf(deed.messageId);
    if (faceId === undefined) continue;
    const key = `${deed.who} ${deed.messageId}`;
    const before = standing.get(key) ?? [];
    const without = before.filter((one) => one !== deed.emoji);
    const after = deed.change === 'added' ? [...without, deed.emoji] : without;
    standing.set(key, after);
    const said = answerTo(after);
    const own = of(deed.who, faceId);
    if (said !== answerTo(before) && said !== (own.answers.at(-1) ?? null)) own.answers.push(said);
  }
  return [...answers.values()];
}

/** Below a question about one face. */
function answerTo(emoji: readonly string[]): Answer | null {
  const said = answersOf('single', [1], emoji).get(1) ?? null;
  return said === 'somebody_else' ? 'no' : said;
}
