import { audit } from '../platform/audit.ts';
import { VisavisError } from '../platform/errors.ts';
import { assertMember } from '../projects/members.ts';
import type { QuestionKind, QuestionState, VerdictValue } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import type { VoteDeps } from './votes.ts';

export interface NewQuestion {
  readonly projectId: number;
  readonly kind: QuestionKind;
  readonly person: string;
  /** One to nine, in the order of their numbers. */
  readonly faceIds: readonly number[];
}

/** Makes a question and its post in one channel; the desk shows it there. */
export async function openQuestion(
  trx: Trx,
  question: NewQuestion,
  channelId: number,
  now: number,
): Promise<{ questionId: number; postId: number }> {
  const { id: questionId } = await trx
    .insertInto('questions')
    .values({
      project_id: question.projectId,
      kind: question.kind,
      person: question.person,
      state: 'open',
      created_at: now,
      closed_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  for (const [i, faceId] of question.faceIds.entries()) {
    await trx
      .insertInto('question_faces')
      .values({ question_id: questionId, face_id: faceId, position: i + 1 })
      .execute();
  }
  const { id: postId } = await trx
    .insertInto('posts')
    .values({
      question_id: questionId,
      channel_id: channelId,
      state: 'waiting',
      external_id: null,
      created_at: now,
      posted_at: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { questionId, postId };
}

/**
 * After votes: a question is decided when no face of it is open any more, wherever it was decided, and open
 * again when a vote was taken back. Posts of every question that shows one of the faces are marked for an edit.
 */
export async function settleQuestions(
  trx: Trx,
  projectId: number,
  answers: readonly { readonly faceId: number; readonly person: string }[],
  now: number,
): Promise<void> {
  const faceIds = [...new Set(answers.map((answer) => answer.faceId))];
  const persons = [...new Set(answers.map((answer) => answer.person))];
  if (faceIds.length === 0) return;
  const questions = await trx
    .selectFrom('questions')
    .innerJoin('question_faces', 'question_faces.question_id', 'questions.id')
    .select(['questions.id', 'questions.state'])
    .distinct()
    .where('questions.project_id', '=', projectId)
    .where('questions.person', 'in', persons)
    .where('questions.state', '!=', 'withdrawn')
    .where('question_faces.face_id', 'in', faceIds)
    .execute();
  for (const question of questions) {
    const state = await stateOf(trx, question.id);
    // One whose message is gone stays closed: its faces are asked about anew, in a question that can be seen.
    if (state !== question.state && (state !== 'open' || (await isShown(trx, question.id)))) {
      await trx
        .updateTable('questions')
        .set({ state, closed_at: state === 'open' ? null : now })
        .where('id', '=', question.id)
        .execute();
    }
    await markPosts(trx, question.id);
  }
}

/**
 * A batch is also done when every face of it that is open still was lettered by somebody who accepted the
 * others: such faces are asked one by one.
 */
async function stateOf(trx: Trx, questionId: number): Promise<QuestionState> {
  const faces = await questionFaces(trx, questionId);
  const undecided = faces.filter((face) => face.verdict === 'open');
  if (undecided.length === 0) return 'decided';
  const [first] = faces;
  if (first?.kind !== 'batch' || undecided.length === faces.length) return 'open';
  const accepted = await acceptedFaces(trx, questionId);
  const lettered = (faceId: number) => accepted.some((faceIds) => !faceIds.has(faceId));
  return undecided.every((face) => lettered(face.faceId)) ? 'decided' : 'open';
}

/** Of everybody who accepted faces of this question: which ones, as their answers stand. */
async function acceptedFaces(trx: Trx, questionId: number): Promise<ReadonlySet<number>[]> {
  const votes = await trx
    .selectFrom('votes')
    .select(['face_id', 'account_id', 'answer'])
    .where('question_id', '=', questionId)
    .orderBy('id')
    .execute();
  const latest = new Map(votes.map((vote) => [`${vote.account_id} ${vote.face_id}`, vote]));
  const yes = [...latest.values()].filter((vote) => vote.answer === 'yes');
  return [...Map.groupBy(yes, (vote) => vote.account_id).values()].map(
    (own) => new Set(own.map((vote) => vote.face_id)),
  );
}

async function isShown(trx: Trx, questionId: number): Promise<boolean> {
  const post = await trx
    .selectFrom('posts')
    .select('id')
    .where('question_id', '=', questionId)
    .where('state', '!=', 'gone')
    .executeTakeFirst();
  return post !== undefined;
}

/** The posts of a question show something else now. */
export async function markPosts(trx: Trx, questionId: number): Promise<void> {
  await trx
    .updateTable('posts')
    .set((eb) => ({ wanted: eb('wanted', '+', 1) }))
    .where('question_id', '=', questionId)
    .where('state', '!=', 'gone')
    .execute();
}

export interface QuestionFace {
  readonly kind: QuestionKind;
  readonly faceId: number;
  readonly position: number;
  readonly verdict: VerdictValue;
}

export async function questionFaces(trx: Trx | Store['db'], questionId: number): Promise<QuestionFace[]> {
  const rows = await trx
    .selectFrom('question_faces')
    .innerJoin('questions', 'questions.id', 'question_faces.question_id')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.project_id', '=', 'questions.project_id')
        .onRef('verdicts.face_id', '=', 'question_faces.face_id')
        .onRef('verdicts.person', '=', 'questions.person'),
    )
    .select(['questions.kind', 'question_faces.face_id', 'question_faces.position', 'verdicts.verdict'])
    .where('question_faces.question_id', '=', questionId)
    .orderBy('question_faces.position')
    .execute();
  return rows.map((row) => ({
    kind: row.kind,
    faceId: row.face_id,
    position: row.position,
    verdict: row.verdict ?? 'open',
  }));
}

/** An owner takes a question out; its votes stand. */
export async function withdrawQuestion(deps: VoteDeps, questionId: number, accountId: number): Promise<void> {
  const { store, clock, nudges } = deps;
  await store.transaction(async (trx) => {
    const question = await trx
      .selectFrom('questions')
      .select('project_id')
      .where('id', '=', questionId)
      .executeTakeFirst();
    if (!question) throw new VisavisError('not_found', 'There is no such question.');
    // Ballots hold the project too: one that is under way must not decide what is withdrawn meanwhile.
    await forUpdate(
      store,
      trx.selectFrom('projects').select('id').where('id', '=', question.project_id),
    ).executeTakeFirst();
    await assertMember(store, trx, question.project_id, accountId, 'owner');
    await trx
      .updateTable('questions')
      .set({ state: 'withdrawn', closed_at: clock.now() })
      .where('id', '=', questionId)
      .execute();
    await markPosts(trx, questionId);
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'question withdrawn',
      subject: `question ${questionId}`,
    });
  });
  nudges.nudge('posts');
}
