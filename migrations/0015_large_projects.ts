import type { Kysely } from 'kysely';
import { sql } from 'kysely';

/** Indexes for what large projects ask most. */
export async function up(db: Kysely<unknown>): Promise<void> {
  // The gallery shows the faces of one verdict page by page, and the project page counts them.
  // Without the person: SQLite would take an index that has all columns for queries that name a face, and read all of
  // the project's verdicts for each.
  await sql
    .raw('create index verdicts_by_project_verdict_face on verdicts (project_id, verdict, face_id)')
    .execute(db);
  // What a member has answered is not asked again: before every question on the site.
  await sql.raw('create index votes_by_project_account on votes (project_id, account_id)').execute(db);
}
