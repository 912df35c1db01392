import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import { enterProject } from '../projects/members.ts';
import type { QuestionKind, QuestionPurpose, VerdictValue } from '../store/schema.ts';
import type { Db, Trx } from '../store/store.ts';
import { inChunks } from './pairs.ts';
import { askedRows } from './verdict-rows.ts';
import type { VoteDeps } from './votes.ts';

export interface NewQuestion {
  readonly projectId: number;
  readonly kind: QuestionKind;
  readonly person: string;
  /** One to nine, in the order of their numbers. */
  readonly faceIds: readonly number[];
  /** Default: to learn the answer. */
  readonly purpose?: QuestionPurpose;
  /** Of a check. */
  readonly expected?: 'yes' | 'no';
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
      purpose: question.purpose ?? 'ask',
      expected: question.expected ?? null,
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

/** In `posts.shown`: the picture is of a box that is not there any more. */
export const OLD_PICTURE = -1;

/** The posts of questions show something else now. */
export async function markPosts(trx: Trx, ...questionIds: readonly number[]): Promise<void> {
  for (const ids of inChunks(questionIds)) {
    await trx
      .updateTable('posts')
      .set((eb) => ({ wanted: eb('wanted', '+', 1) }))
      .where('question_id', 'in', ids)
      .where('state', '!=', 'gone')
      .execute();
  }
}

/** As `markPosts`, and the pictures of the posts show something else too: a box was drawn anew. */
export async function markPictures(trx: Trx, questionIds: readonly number[]): Promise<void> {
  await markPosts(trx, ...questionIds);
  for (const ids of inChunks(questionIds)) {
    await trx
      .updateTable('posts')
      .set({ shown: OLD_PICTURE })
      .where('question_id', 'in', ids)
      .where('state', '!=', 'gone')
      .execute();
  }
}

/** Closes questions without an answer; their posts say so. */
export async function closeQuestions(
  trx: Trx,
  questionIds: readonly number[],
  state: 'over' | 'resting' | 'decided',
  now: number,
): Promise<void> {
  for (const ids of inChunks(questionIds)) {
    await trx
      .updateTable('questions')
      .set({ state, closed_at: now })
      .where('id', 'in', ids)
      .where('state', 'in', ['open', 'decided'])
      .execute();
  }
  await markPosts(trx, ...questionIds);
}

/** A question that nobody sees any more is over, unless it is decided: its faces can be asked about anew. */
export async function endQuestion(trx: Trx, questionId: number, now: number): Promise<void> {
  await trx
    .updateTable('questions')
    .set({ state: 'over', closed_at: now })
    .where('id', '=', questionId)
    .where('state', '=', 'open')
    .execute();
}

/** The open questions about a face, of every project. */
export async function openQuestionsAbout(trx: Trx, faceId: number): Promise<number[]> {
  const rows = await trx
    .selectFrom('question_faces')
    .innerJoin('questions', 'questions.id', 'question_faces.question_id')
    .select('questions.id')
    .where('face_id', '=', faceId)
    .where('questions.state', '=', 'open')
    .execute();
  return rows.map((row) => row.id);
}

/** Whether a channel wants one more question: so many of a kind wait there for an answer already. */
export async function hasRoom(
  db: Db,
  channel: { channelId: number; maxOpen: number },
  purposes: readonly QuestionPurpose[],
): Promise<boolean> {
  const open = await db
    .selectFrom('posts')
    .innerJoin('questions', 'questions.id', 'posts.question_id')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('posts.channel_id', '=', channel.channelId)
    .where('posts.state', 'in', ['waiting', 'up'])
    .where('questions.state', '=', 'open')
    .where('questions.purpose', 'in', purposes)
    .executeTakeFirstOrThrow();
  return open.n < channel.maxOpen;
}

/** In the order of their numbers. */
export async function questionFaces(
  db: Db,
  questionId: number,
): Promise<{ faceId: number; verdict: VerdictValue }[]> {
  const rows = await askedRows(db)
    .select(['question_faces.face_id', 'verdicts.verdict'])
    .where('question_faces.question_id', '=', questionId)
    .orderBy('question_faces.position')
    .execute();
  return rows.map((row) => ({ faceId: row.face_id, verdict: row.verdict ?? 'open' }));
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
    if (!question) throw refusal('question-unknown');
    // Ballots hold the project too: one that is under way must not decide what is withdrawn meanwhile.
    await enterProject(store, trx, question.project_id, accountId, 'owner');
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
