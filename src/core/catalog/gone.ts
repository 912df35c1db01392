import { projectsChanged } from '../projects/changes.ts';
import { markPosts } from '../review/questions.ts';
import type { Trx } from '../store/store.ts';

/**
 * A file is not on the wiki any more. It is kept with its faces and votes, because files are also restored; its
 * open questions are withdrawn, and a detection that is under way is refused its result. A batch, which asks
 * about other files too, is closed instead, so that the others are asked again.
 */
export async function markGone(trx: Trx, fileId: number, now: number): Promise<void> {
  const gone = await trx
    .updateTable('files')
    .set((eb) => ({
      state: 'gone',
      gone_at: now,
      lease_owner: null,
      lease_expires_at: null,
      fence: eb('fence', '+', 1),
    }))
    .where('id', '=', fileId)
    .where('state', '!=', 'gone')
    .executeTakeFirst();
  if (gone.numUpdatedRows === 0n) return;
  for (const question of await questionsAbout(trx, fileId)) {
    if (question.state === 'open') {
      await trx
        .updateTable('questions')
        .set({ state: question.kind === 'batch' ? 'decided' : 'withdrawn', closed_at: now })
        .where('id', '=', question.id)
        .execute();
    }
    await markPosts(trx, question.id);
  }
  await projectsChanged(trx, fileId);
}

/**
 * The file is back: questions that were withdrawn when it went are over, so that its faces are asked about anew.
 * What an owner withdrew at another time stays withdrawn.
 */
export async function askAgainAfterReturn(trx: Trx, fileId: number, goneAt: number): Promise<void> {
  for (const question of await questionsAbout(trx, fileId)) {
    if (question.state !== 'withdrawn' || question.closed_at !== goneAt) continue;
    await trx.updateTable('questions').set({ state: 'decided' }).where('id', '=', question.id).execute();
    await markPosts(trx, question.id);
  }
  await projectsChanged(trx, fileId);
}

async function questionsAbout(trx: Trx, fileId: number) {
  return trx
    .selectFrom('questions')
    .innerJoin('question_faces', 'question_faces.question_id', 'questions.id')
    .innerJoin('faces', 'faces.id', 'question_faces.face_id')
    .select(['questions.id', 'questions.kind', 'questions.state', 'questions.closed_at'])
    .distinct()
    .where('faces.file_id', '=', fileId)
    .orderBy('questions.id')
    .execute();
}
