import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { addColumn, createTable, isMariaDb } from '../src/core/store/ddl.ts';

/** What a crawl has seen, what it leaves out, and what was taken over from another database. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const time = isMariaDb(db) ? 'bigint' : 'integer';
  const add = (table: string, column: string) => addColumn(db, table, column);
  await add('projects', 'crawl_number integer not null default 0');
  await add('projects', 'crawl_requests integer not null default 0');
  await add('files', `gone_at ${time} null`);
  await add('project_files', `depicts_read_at ${time} null`);
  // What the wiki said of these was read when their project was bootstrapped.
  await sql
    .raw(`update project_files set depicts_read_at = (
      select projects.bootstrapped_at from projects where projects.id = project_files.project_id)`)
    .execute(db);
  await createTable(
    db,
    'crawl_members',
    { project_id: 'ref projects', page_id: 'int', crawl: 'int', state: 'word(20)' },
    { primary: ['project_id', 'page_id'], index: [['project_id', 'state']] },
  );
  await createTable(
    db,
    'project_exclusions',
    { project_id: 'ref projects', category: 'word(255)' },
    { primary: ['project_id', 'category'] },
  );
  await createTable(
    db,
    'import_ids',
    { source: 'word(150)', kind: 'word(20)', old_id: 'int', new_id: 'int', imported_at: 'time' },
    { primary: ['source', 'kind', 'old_id'] },
  );
}
