import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { HOUR_MS, standingAnswers } from '../statistics/leaderboard.ts';
import { releaseLease, takeLease } from '../store/leases.ts';
import type { Store, Trx } from '../store/store.ts';
import { eraseEmbeddings } from './embeddings.ts';

export interface PurgeDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly workerId: string;
}

const LEASE_MS = 10 * 60_000;
/** A chat that cannot be reached for so long does not keep data here. */
const CHATS_WAIT_MS = 7 * 24 * 60 * 60_000;
const FILES_AT_ONCE = 200;

/**
 * Takes out the rows of one deleted project, of one person or of one file on the block list, once its posts are out
 * of the chats; then files that no project has any more.
 * @returns whether there was something to do
 */
export async function purgeStep(deps: PurgeDeps): Promise<boolean> {
  const { store, clock, workerId } = deps;
  const lease = await takeLease(store, {
    name: 'purge',
    owner: workerId,
    now: clock.now(),
    ttl: LEASE_MS,
  });
  if (!lease) return false;
  try {
    return (await purgeProject(deps)) || (await purgeQuestions(deps)) || (await purgeFiles(deps));
  } finally {
    await releaseLease(store, lease);
  }
}

async function purgeProject({ store, clock, log }: PurgeDeps): Promise<boolean> {
  const project = await store.db
    .selectFrom('projects')
    .select('id')
    .where('state', '=', 'deleted')
    .where('purged_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb('deleted_at', 'is', null),
        eb('deleted_at', '<', clock.now() - CHATS_WAIT_MS),
        eb.not(
          eb.exists(
            eb
              .selectFrom('questions')
              .innerJoin('posts', 'posts.question_id', 'questions.id')
              .select('posts.id')
              .whereRef('questions.project_id', '=', 'projects.id')
              .where('posts.state', '!=', 'gone'),
          ),
        ),
      ]),
    )
    .executeTakeFirst();
  if (!project) return false;
  await store.transaction(async (trx) => {
    const votes = await trx.selectFrom('votes').select('id').where('project_id', '=', project.id).execute();
    await dropVotes(
      trx,
      votes.map((vote) => vote.id),
    );
    const questions = await trx
      .selectFrom('questions')
      .select('id')
      .where('project_id', '=', project.id)
      .execute();
    await dropQuestions(
      trx,
      questions.map((question) => question.id),
    );
    for (const table of OF_A_PROJECT)
      await trx.deleteFrom(table).where('project_id', '=', project.id).execute();
    await trx.updateTable('projects').set({ purged_at: clock.now() }).where('id', '=', project.id).execute();
  });
  log.info({ project: project.id }, 'the rows of a deleted project were taken out');
  return true;
}

/** Everything else that belongs to one project. The ledger and its runs stay: they say what is on the wiki. */
const OF_A_PROJECT = [
  'suggestions',
  'matched_persons',
  'verdicts',
  'kept_votes',
  'reopenings',
  'check_answers',
  'skips',
  'ballots',
  'face_boxes',
  'invitations',
  'channel_codes',
  'project_origins',
  'project_references',
  'crawl_queue',
  'crawl_members',
  'project_exclusions',
  'project_files',
  'project_persons',
  'project_members',
] as const;

/** What is kept of answers beside the votes; each row is about a face and a person. */
const ABOUT_FACES = ['reopenings', 'check_answers', 'skips'] as const;

/** Questions about blocked persons and files whose posts are gone, and what was answered. */
async function purgeQuestions({ store, clock, log }: PurgeDeps): Promise<boolean> {
  const questions = await store.db
    .selectFrom('questions')
    .innerJoin('projects', 'projects.id', 'questions.project_id')
    .select('questions.id')
    .where('questions.erase', '=', 1)
    .where('projects.state', '!=', 'deleted')
    .where((eb) =>
      eb.or([
        eb('questions.closed_at', '<', clock.now() - CHATS_WAIT_MS),
        eb.not(
          eb.exists(
            eb
              .selectFrom('posts')
              .select('posts.id')
              .whereRef('posts.question_id', '=', 'questions.id')
              .where('posts.state', '!=', 'gone'),
          ),
        ),
      ]),
    )
    .limit(500)
    .execute();
  const persons = await blockedSubjects(store, 'person');
  const erased = await store.transaction(async (trx) => {
    await dropQuestions(
      trx,
      questions.map((question) => question.id),
    );
    if (persons.length === 0) return questions.length;
    const votes = await trx
      .selectFrom('votes')
      .select('id')
      .where('person', 'in', persons)
      // The oldest first: whether one stands depends on the later ones.
      .orderBy('id')
      .limit(5000)
      .execute();
    await dropVotes(
      trx,
      votes.map((vote) => vote.id),
    );
    for (const table of ABOUT_FACES) await trx.deleteFrom(table).where('person', 'in', persons).execute();
    const verdicts = await trx.deleteFrom('verdicts').where('person', 'in', persons).executeTakeFirst();
    return questions.length + votes.length + Number(verdicts.numDeletedRows);
  });
  if (erased > 0) log.info({ rows: erased }, 'what was said about blocked persons was taken out');
  return erased > 0;
}

/** Q-ids, with those that were merged into them; page ids. */
async function blockedSubjects(store: Store, kind: 'person' | 'file'): Promise<string[]> {
  const rows = await store.db
    .selectFrom('block_list')
    .leftJoin('item_redirects', 'item_redirects.target', 'block_list.subject')
    .select(['block_list.subject', 'item_redirects.item'])
    .where('block_list.kind', '=', kind)
    .execute();
  return [...new Set(rows.flatMap(({ subject, item }) => (item ? [subject, item] : [subject])))];
}

/** Files that no project has: those of the block list with all that was said about their faces. */
async function purgeFiles({ store, log }: PurgeDeps): Promise<boolean> {
  const blocked = await blockedSubjects(store, 'file');
  const files = await store.db
    .selectFrom('files')
    .select('id')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('project_files')
            .select('project_files.file_id')
            .whereRef('project_files.file_id', '=', 'files.id'),
        ),
      ),
    )
    // Somebody looks at it right now, or it waits for room in a project.
    .where('lease_owner', 'is', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('crawl_members')
            .select('crawl_members.page_id')
            .whereRef('crawl_members.page_id', '=', 'files.page_id')
            .where('crawl_members.state', '=', 'beyond'),
        ),
      ),
    )
    .where((eb) =>
      eb.or([
        ...(blocked.length > 0 ? [eb('files.page_id', 'in', blocked.map(Number))] : []),
        eb.not(
          eb.exists(
            eb
              .selectFrom('faces')
              .innerJoin('votes', 'votes.face_id', 'faces.id')
              .select('votes.id')
              .whereRef('faces.file_id', '=', 'files.id'),
          ),
        ),
      ]),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('faces')
            .innerJoin('question_faces', 'question_faces.face_id', 'faces.id')
            .select('question_faces.question_id')
            .whereRef('faces.file_id', '=', 'files.id'),
        ),
      ),
    )
    .limit(FILES_AT_ONCE)
    .execute();
  if (files.length === 0) return false;
  await store.transaction(async (trx) => {
    const ids = files.map((file) => file.id);
    // One that joined a project meanwhile stays.
    const kept = await trx
      .selectFrom('project_files')
      .select('file_id')
      .where('file_id', 'in', ids)
      .execute();
    const gone = ids.filter((id) => !kept.some((row) => row.file_id === id));
    if (gone.length === 0) return;
    const faces = await trx.selectFrom('faces').select('id').where('file_id', 'in', gone).execute();
    await dropFaces(
      trx,
      faces.map((face) => face.id),
    );
    await trx.deleteFrom('files').where('id', 'in', gone).execute();
  });
  log.info({ files: files.length }, 'files that no project has were forgotten');
  return true;
}

/** Votes go, and how many of them stood stays for the leaderboard. */
async function dropVotes(trx: Trx, voteIds: readonly number[]): Promise<void> {
  for (let start = 0; start < voteIds.length; start += 500) {
    const ids = voteIds.slice(start, start + 500);
    const standing = await standingAnswers(trx)
      .select(['votes.account_id', 'votes.voted_at'])
      .where('votes.id', 'in', ids)
      .execute();
    const counts = Map.groupBy(
      standing,
      (vote) => `${vote.account_id} ${vote.voted_at - (vote.voted_at % HOUR_MS)}`,
    );
    for (const [key, votes] of counts) {
      const [account_id = 0, hour = 0] = key.split(' ').map(Number);
      const before = await trx
        .selectFrom('kept_counts')
        .select('answers')
        .where('account_id', '=', account_id)
        .where('hour', '=', hour)
        .executeTakeFirst();
      await (before
        ? trx
            .updateTable('kept_counts')
            .set({ answers: before.answers + votes.length })
            .where('account_id', '=', account_id)
            .where('hour', '=', hour)
            .execute()
        : trx.insertInto('kept_counts').values({ account_id, hour, answers: votes.length }).execute());
    }
  }
  // After all of them are counted: whether one stands depends on the later ones.
  for (let start = 0; start < voteIds.length; start += 500) {
    const ids = voteIds.slice(start, start + 500);
    await trx.deleteFrom('kept_votes').where('vote_id', 'in', ids).execute();
    await trx.deleteFrom('votes').where('id', 'in', ids).execute();
  }
}

async function dropQuestions(trx: Trx, questionIds: readonly number[]): Promise<void> {
  for (let start = 0; start < questionIds.length; start += 500) {
    const ids = questionIds.slice(start, start + 500);
    await trx
      .deleteFrom('reactions')
      .where('post_id', 'in', (eb) =>
        eb.selectFrom('posts').select('posts.id').where('posts.question_id', 'in', ids),
      )
      .execute();
    await trx.deleteFrom('posts').where('question_id', 'in', ids).execute();
    await trx.deleteFrom('question_faces').where('question_id', 'in', ids).execute();
    await trx.deleteFrom('questions').where('id', 'in', ids).execute();
  }
}

async function dropFaces(trx: Trx, faceIds: readonly number[]): Promise<void> {
  await eraseEmbeddings(trx, faceIds);
  for (let start = 0; start < faceIds.length; start += 500) {
    const ids = faceIds.slice(start, start + 500);
    const votes = await trx.selectFrom('votes').select('id').where('face_id', 'in', ids).execute();
    await dropVotes(
      trx,
      votes.map((vote) => vote.id),
    );
    for (const table of [...ABOUT_FACES, 'face_boxes', 'suggestions', 'verdicts'] as const)
      await trx.deleteFrom(table).where('face_id', 'in', ids).execute();
    await trx.updateTable('sdc_claims').set({ face_id: null }).where('face_id', 'in', ids).execute();
    await trx.deleteFrom('faces').where('id', 'in', ids).execute();
  }
}
