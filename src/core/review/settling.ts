import type { QuestionKind, QuestionPurpose, QuestionState, VerdictValue } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import { inChunks, type Pair, pairKey } from './pairs.ts';
import { markPosts } from './questions.ts';
import { standingVotesOf } from './standing.ts';
import { askedRows } from './verdict-rows.ts';
import { settleVerdicts, type VerdictChange } from './verdicts.ts';

/** Verdicts, questions and posts follow votes that count no more, or count again. */
export async function resettle(
  store: Store,
  trx: Trx,
  projectId: number,
  pairs: readonly Pair[],
  now: number,
): Promise<VerdictChange[]> {
  const changes = await settleVerdicts(store, trx, projectId, pairs, now);
  await settleQuestions(trx, projectId, pairs, changes, now);
  return changes;
}

/**
 * After votes: a question is decided when no face of it is open any more, wherever it was decided, and open
 * again when a vote was taken back. Posts that show something else now are marked for an edit.
 * @returns whether there are any
 */
export async function settleQuestions(
  trx: Trx,
  projectId: number,
  pairs: readonly Pair[],
  changes: readonly VerdictChange[],
  now: number,
): Promise<boolean> {
  const changed = new Set(changes.map(pairKey));
  const touched = new Set(pairs.map(pairKey));
  const faces = await facesAskedWith(trx, projectId, pairs);
  const states = new Map<QuestionState, number[]>();
  const shownAnew: number[] = [];
  for (const [id, own] of Map.groupBy(faces, (face) => face.questionId)) {
    const [question] = own;
    if (!question) continue;
    const state = await stateOf(trx, projectId, own, changed);
    // One whose message is gone stays closed: its faces are asked about anew, in a question that can be seen.
    const isNew = state !== question.state && (state !== 'open' || (await isShown(trx, id)));
    if (isNew) states.set(state, [...(states.get(state) ?? []), id]);
    // Before there is a verdict a post does not show who said what.
    const isSeen = own.some(
      (face) => touched.has(pairKey(face)) && (face.verdict !== 'open' || changed.has(pairKey(face))),
    );
    if (isNew || isSeen) shownAnew.push(id);
  }
  for (const [state, ids] of states) {
    await trx
      .updateTable('questions')
      .set({ state, closed_at: state === 'open' ? null : now })
      .where('id', 'in', ids)
      .execute();
  }
  await markPosts(trx, ...shownAnew);
  return shownAnew.length > 0;
}

interface AskedFace extends Pair {
  readonly questionId: number;
  readonly state: QuestionState;
  readonly kind: QuestionKind;
  readonly purpose: QuestionPurpose;
  readonly verdict: VerdictValue;
}

/** All faces of the questions, open or decided, that show one of the given faces for its person. */
async function facesAskedWith(trx: Trx, projectId: number, pairs: readonly Pair[]): Promise<AskedFace[]> {
  const found: AskedFace[] = [];
  for (const chunk of inChunks(pairs)) {
    const persons = [...new Set(chunk.map((pair) => pair.person))];
    const faceIds = [...new Set(chunk.map((pair) => pair.faceId))];
    const rows = await askedRows(trx)
      .select([
        'questions.id as questionId',
        'questions.state',
        'questions.kind',
        'questions.purpose',
        'questions.person',
        'question_faces.face_id as faceId',
        'verdicts.verdict',
      ])
      .where('questions.project_id', '=', projectId)
      .where('questions.person', 'in', persons)
      .where('questions.state', 'in', ['open', 'decided'])
      .where('questions.id', 'in', (eb) =>
        eb
          .selectFrom('question_faces as asked')
          .select('asked.question_id')
          .where('asked.face_id', 'in', faceIds),
      )
      .execute();
    found.push(...rows.map((row) => ({ ...row, verdict: row.verdict ?? ('open' as const) })));
  }
  const wanted = new Set(pairs.map(pairKey));
  const asked = new Set(found.filter((face) => wanted.has(pairKey(face))).map((face) => face.questionId));
  // The faces of two chunks may share a question.
  return [
    ...new Map(
      found
        .filter((face) => asked.has(face.questionId))
        .map((face) => [`${face.questionId} ${face.faceId}`, face]),
    ).values(),
  ];
}

/**
 * A batch is also done when every face of it that is open still was lettered by somebody who accepted the
 * others: such faces are asked one by one.
 */
async function stateOf(
  trx: Trx,
  projectId: number,
  faces: readonly AskedFace[],
  changed: ReadonlySet<string>,
): Promise<QuestionState> {
  const [first] = faces;
  // What a check expects is not so certain any more.
  if (first?.purpose === 'check')
    return first.state === 'open' && changed.has(pairKey(first)) ? 'over' : first.state;
  if (first?.purpose === 'dispute') return first.verdict === 'disputed' ? 'open' : 'decided';
  const undecided = faces.filter((face) => face.verdict === 'open');
  if (undecided.length === 0) return 'decided';
  if (first?.kind !== 'batch' || undecided.length === faces.length) return 'open';
  const accepted = await acceptedFaces(trx, projectId, faces);
  const lettered = (faceId: number) => accepted.some((faceIds) => !faceIds.has(faceId));
  return undecided.every((face) => lettered(face.faceId)) ? 'decided' : 'open';
}

/** Of everybody who accepted faces of this question: which ones, as their answers stand. */
async function acceptedFaces(
  trx: Trx,
  projectId: number,
  faces: readonly AskedFace[],
): Promise<ReadonlySet<number>[]> {
  const standing = await standingVotesOf(
    trx,
    projectId,
    faces.map((face) => face.faceId),
  );
  const accepted = faces
    .flatMap((face) => standing.get(pairKey(face)) ?? [])
    .filter((vote) => vote.questionId === faces[0]?.questionId && vote.answer === 'yes');
  return [...Map.groupBy(accepted, (vote) => vote.accountId).values()].map(
    (own) => new Set(own.map((vote) => vote.faceId)),
  );
}

async function isShown(trx: Trx, questionId: number): Promise<boolean> {
  const post = await trx
    .selectFrom('posts')
    .select('id')
    .where('question_id', '=', questionId)
    .where('state', 'in', ['waiting', 'up'])
    .executeTakeFirst();
  return post !== undefined;
}
