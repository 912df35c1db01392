import type { Kysely } from 'kysely';
import { createIndex } from '../src/core/store/ddl.ts';

/** Indexes for what large projects ask most. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The gallery shows the faces of one verdict page by page, and the project page counts them.
  // Without the person: SQLite would take an index that has all columns for queries that name a face, and read all of
  // the project's verdicts for each.
  await createIndex(db, 'verdicts_by_project_verdict_face', 'verdicts', ['project_id', 'verdict', 'face_id']);
  // What a member has answered is not asked again: before every question on the site.
  await createIndex(db, 'votes_by_project_account', 'votes', ['project_id', 'account_id']);
}
