import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { createTable, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/`: `pictures.ts` and `projects.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const [number, flag] = isMariaDb(db) ? ['bigint', 'tinyint'] : ['integer', 'integer'];
  const run = (statement: string) => sql.raw(statement).execute(db);
  await run(`alter table projects add column verdict_changes ${number} not null default 0`);
  await run(`alter table project_persons add column ask_rest ${flag} not null default 0`);
  await run(`alter table suggestions add column near ${flag} not null default 0`);
  await run('create index questions_by_project_person on questions (project_id, person, state)');
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
  // Every project's suggestions are computed anew, as the new columns have them.
  await run('update projects set change_number = change_number + 1');
}
