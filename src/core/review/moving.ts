import { lockProject } from '../projects/members.ts';
import type { Store, Trx } from '../store/store.ts';
import { closeQuestions, endQuestion } from './questions.ts';

/** A question that nobody answers for so long moves on; where there is nowhere to go, it rests as long. */
export const PATIENCE_MS = 7 * 24 * 60 * 60_000;

export interface MovingArgs {
  readonly platform: string;
  readonly now: number;
}

/**
 * Moves one question on that nobody has answered for a week: to the project's least busy channel that has room and has
 * not had it yet, otherwise it rests for a week, and then its faces are asked about anew.
 * @returns whether there was one
 */
export async function moveUnanswered(store: Store, { platform, now }: MovingArgs): Promise<boolean> {
  const stale = await store.db
    .selectFrom('posts')
    .innerJoin('channels', 'channels.id', 'posts.channel_id')
    .innerJoin('questions', 'questions.id', 'posts.question_id')
    .select(['posts.id', 'posts.question_id', 'questions.project_id'])
    .where('channels.platform', '=', platform)
    .where('posts.state', '=', 'up')
    .where('posts.posted_at', '<=', now - PATIENCE_MS)
    .where('questions.state', '=', 'open')
    .where('questions.purpose', '=', 'ask')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('votes')
            .select('votes.id')
            .whereRef('votes.question_id', '=', 'questions.id')
            .where('votes.voted_at', '>', now - PATIENCE_MS),
        ),
      ),
    )
    .orderBy('posts.id')
    .executeTakeFirst();
  if (!stale) return false;
  await store.transaction(async (trx) => {
    // The lock keeps votes and other bots away; a vote that came meanwhile does not mind the move.
    await lockProject(store, trx, stale.project_id);
    const question = await trx
      .selectFrom('questions')
      .select('state')
      .where('id', '=', stale.question_id)
      .executeTakeFirst();
    if (question?.state !== 'open') return;
    const channel = await nextChannel(trx, stale.project_id, stale.question_id);
    await trx.updateTable('posts').set({ state: 'leaving' }).where('id', '=', stale.id).execute();
    if (channel === null) return closeQuestions(trx, [stale.question_id], 'resting', now);
    await trx
      .insertInto('posts')
      .values({
        question_id: stale.question_id,
        channel_id: channel,
        state: 'waiting',
        external_id: null,
        created_at: now,
        posted_at: null,
      })
      .execute();
  });
  return true;
}

/** Least busy: the one with the most room. */
async function nextChannel(trx: Trx, projectId: number, questionId: number): Promise<number | null> {
  const channels = await trx
    .selectFrom('channels')
    .select((eb) => [
      'channels.id',
      'channels.max_open',
      eb
        .selectFrom('posts')
        .innerJoin('questions', 'questions.id', 'posts.question_id')
        .select((q) => q.fn.countAll<number>().as('n'))
        .whereRef('posts.channel_id', '=', 'channels.id')
        .where('posts.state', 'in', ['waiting', 'up'])
        .where('questions.state', '=', 'open')
        .as('open'),
    ])
    .where('project_id', '=', projectId)
    .where('for_disputes', '=', 0)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('posts')
            .select('posts.id')
            .whereRef('posts.channel_id', '=', 'channels.id')
            .where('posts.question_id', '=', questionId),
        ),
      ),
    )
    .orderBy('channels.id')
    .execute();
  const room = (channel: (typeof channels)[number]) => channel.max_open - (channel.open ?? 0);
  const [best] = channels.filter((channel) => room(channel) > 0).sort((a, b) => room(b) - room(a));
  return best?.id ?? null;
}

/** Faces of questions that have rested for a week are asked about anew. @returns whether there were any */
export async function endRests(store: Store, now: number): Promise<boolean> {
  const result = await store.db
    .updateTable('questions')
    .set({ state: 'over' })
    .where('state', '=', 'resting')
    .where('closed_at', '<=', now - PATIENCE_MS)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/**
 * Releases the questions that wait in a channel which belongs to another project now, or to none: their messages go,
 * and one that is shown nowhere else is over, so that its faces are asked about elsewhere.
 * @returns whether there were any
 */
export async function releaseStranded(store: Store, { platform, now }: MovingArgs): Promise<boolean> {
  const stranded = await store.db
    .selectFrom('posts')
    .innerJoin('channels', 'channels.id', 'posts.channel_id')
    .innerJoin('questions', 'questions.id', 'posts.question_id')
    .select(['posts.id', 'posts.question_id', 'questions.project_id'])
    .where('channels.platform', '=', platform)
    .where('posts.state', 'in', ['waiting', 'up'])
    .where('questions.state', '=', 'open')
    .where((eb) =>
      eb.or([
        eb('channels.project_id', 'is', null),
        eb('channels.project_id', '!=', eb.ref('questions.project_id')),
      ]),
    )
    .orderBy('posts.id')
    .limit(50)
    .execute();
  for (const [projectId, posts] of Map.groupBy(stranded, (post) => post.project_id)) {
    await store.transaction(async (trx) => {
      await lockProject(store, trx, projectId);
      for (const post of posts) {
        await trx.updateTable('posts').set({ state: 'leaving' }).where('id', '=', post.id).execute();
        await closeUnshown(trx, post.question_id, now);
      }
    });
  }
  return stranded.length > 0;
}

/** A question that is open and shown nowhere any more is over. */
export async function closeUnshown(trx: Trx, questionId: number, now: number): Promise<void> {
  const shown = await trx
    .selectFrom('posts')
    .select('id')
    .where('question_id', '=', questionId)
    .where('state', 'in', ['waiting', 'up'])
    .executeTakeFirst();
  if (!shown) await endQuestion(trx, questionId, now);
}
