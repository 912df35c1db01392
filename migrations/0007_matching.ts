import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { addColumn, createIndex, createTable, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/`: `pictures.ts` and `projects.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const [number, flag] = isMariaDb(db) ? ['bigint', 'tinyint'] : ['integer', 'integer'];
  await addColumn(db, 'projects', `verdict_changes ${number} not null default 0`);
  await addColumn(db, 'project_persons', `ask_rest ${flag} not null default 0`);
  await addColumn(db, 'suggestions', `near ${flag} not null default 0`);
  await createIndex(db, 'questions_by_project_person', 'questions', ['project_id', 'person', 'state']);
  await createTable(
    db,
    'matched_persons',
    {
      project_id: 'ref projects',
      person: 'word(20)',
      basis: 'word(10)',
      faces: 'int',
      suggested: 'int',
      near: 'int',
      nearest: 'real?',
    },
    { primary: ['project_id', 'person'] },
  );
  await createTable(
    db,
    'portraits',
    {
      person: 'word(20)',
      url_hash: 'word(64)',
      model: 'word(100)',
      state: 'word(20)',
      vector: 'bytes?',
      attempts: 'int',
      retry_at: 'time?',
      looked_at: 'time',
    },
    { primary: ['person', 'url_hash', 'model'] },
  );
  // Every project's suggestions are computed anew, as the new columns have them. Counting twice says the same.
  await sql`update projects set change_number = change_number + 1`.execute(db);
}
