import type { Store } from '../store/store.ts';
import { closeUnshown } from './moving.ts';

/** A message that has to leave its chat. */
export interface LeavingPost {
  readonly id: number;
  readonly questionId: number;
  /** The platform's ids; null: it was never shown. */
  readonly channel: string;
  readonly messageId: string | null;
}

/**
 * Posts of a platform that must not be in its chats any more: moved on or released, of a deleted
 * project, showing a file that is gone, or marked to be erased (block list).
 */
export async function postsToRemove(
  store: Store,
  args: { platform: string; limit: number; except: readonly number[] },
): Promise<LeavingPost[]> {
  const marked = await posts(store, args)
    .innerJoin('projects', 'projects.id', 'questions.project_id')
    .where((eb) =>
      eb.or([
        eb('posts.state', '=', 'leaving'),
        eb('projects.state', '=', 'deleted'),
        eb('questions.erase', '=', 1),
      ]),
    )
    .execute();
  if (marked.length > 0) return marked;
  // From the few files that are gone, not from the many posts.
  return posts(store, args)
    .innerJoin('question_faces', 'question_faces.question_id', 'posts.question_id')
    .innerJoin('faces', 'faces.id', 'question_faces.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .distinct()
    .where('files.state', '=', 'gone')
    .execute();
}

function posts(
  { db }: Store,
  { platform, limit, except }: { platform: string; limit: number; except: readonly number[] },
) {
  return db
    .selectFrom('posts')
    .innerJoin('channels', 'channels.id', 'posts.channel_id')
    .innerJoin('questions', 'questions.id', 'posts.question_id')
    .select(['posts.id', 'posts.question_id as questionId'])
    .select(['posts.external_id as messageId', 'channels.external_id as channel'])
    .where('channels.platform', '=', platform)
    .where('posts.state', '!=', 'gone')
    .$if(except.length > 0, (query) => query.where('posts.id', 'not in', except))
    .orderBy('posts.id')
    .limit(limit);
}

/** The message is out of the chat. A question that was open only there is over. */
export async function notePostGone(store: Store, post: LeavingPost, now: number): Promise<void> {
  await store.transaction(async (trx) => {
    await trx.updateTable('posts').set({ state: 'gone' }).where('id', '=', post.id).execute();
    await closeUnshown(trx, post.questionId, now);
  });
}
