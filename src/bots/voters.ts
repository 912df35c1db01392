/** Who said what about the faces of a question, below its verdict. */
import { postedNamesOf } from '../core/review/names.ts';
import { pairKey } from '../core/review/pairs.ts';
import { markLabel } from '../core/review/reactions.ts';
import { type StandingAnswer, standingVotesOf } from '../core/review/standing.ts';
import type { Store } from '../core/store/store.ts';
import type { Question, ShownFace, Translate } from './cards.ts';

/**
 * One line for each group of faces about which the same people said the same.
 * @param faces those about which it may be told
 */
export async function voterLines(
  store: Store,
  question: Question,
  faces: readonly ShownFace[],
  t: Translate,
): Promise<string[]> {
  const standing = await standingVotesOf(
    store.db,
    question.projectId,
    faces.map((face) => face.faceId),
  );
  const votesOn = (face: ShownFace) =>
    standing.get(pairKey({ faceId: face.faceId, person: question.person })) ?? [];
  const names = await postedNamesOf(
    store.db,
    faces.flatMap(votesOn).map((vote) => vote.accountId),
  );
  const groups = Map.groupBy(faces, (face) => inWords(votesOn(face), names, t));
  return [...groups].flatMap(([words, group]) => {
    if (words === '') return [];
    if (group.length === question.faces.length) return [words];
    return [
      t('bot-voters-faces', group.map((face) => markLabel(question.kind, face.position)).join(', '), words),
    ];
  });
}

/** @param names those that may be shown; the others are counted */
function inWords(votes: readonly StandingAnswer[], names: ReadonlyMap<number, string>, t: Translate): string {
  // As in `decide`: the latest decision of an owner stands above all.
  const decision = votes
    .filter((vote) => vote.decides && vote.answer !== 'unsure')
    .toSorted((a, b) => b.id - a.id)[0];
  const parts = (['yes', 'no'] as const).flatMap((side) => {
    const own = votes.filter((vote) => vote.answer === side && vote !== decision);
    if (own.length === 0) return [];
    const shown = own.flatMap((vote) => names.get(vote.accountId) ?? []).sort();
    const unnamed = own.length - shown.length;
    return [
      t(
        `bot-voters-${side}`,
        [...shown, ...(unnamed > 0 ? [t('bot-voters-unnamed', unnamed)] : [])].join(', '),
      ),
    ];
  });
  if (decision) {
    const owner = names.get(decision.accountId);
    parts.push(owner === undefined ? t('bot-voters-owner-unnamed') : t('bot-voters-owner', owner));
  }
  return parts.join(' · ');
}
