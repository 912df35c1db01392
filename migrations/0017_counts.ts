import type { Kysely } from 'kysely';
import { createIndex, dropIndex } from '../src/core/store/ddl.ts';

/** Indexes for what is counted for a project's page, and looked up for the next question. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The newest faces that were decided, to be measured.
  await createIndex(db, 'verdicts_by_project_verdict_changed', 'verdicts', [
    'project_id',
    'verdict',
    'changed_at',
  ]);
  // As the index of before, and the newest match of a person: an example, and how long nobody was found.
  await createIndex(db, 'verdicts_by_person_verdict_changed', 'verdicts', [
    'project_id',
    'person',
    'verdict',
    'changed_at',
  ]);
  await dropIndex(db, 'verdicts_by_project_id_person_verdict', 'verdicts');
  // Few ballots are undone, and the answers of these do not count.
  await createIndex(db, 'ballots_by_project_undone', 'ballots', ['project_id', 'undone_at']);
  // As the index of before, and the last ballot of a member that counts.
  await createIndex(db, 'ballots_by_project_account_undone', 'ballots', [
    'project_id',
    'account_id',
    'undone_at',
  ]);
  await dropIndex(db, 'ballots_by_project_id_account_id', 'ballots');
  // As the index of before: batches that were decided are looked through before every question.
  await createIndex(db, 'questions_by_project_state_kind', 'questions', ['project_id', 'state', 'kind']);
  await dropIndex(db, 'questions_by_project_id_state', 'questions');
}
