import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { createTable, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/pictures.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const number = isMariaDb(db) ? 'bigint' : 'integer';
  const run = (statement: string) => sql.raw(statement).execute(db);
  await run('alter table faces add column box_number integer not null default 0');
  await run(`alter table faces add column drawn_by ${number} null`);
  await run(`alter table faces add column withdrawn_at ${number} null`);
  await run(`update faces set source = 'drawn' where source = 'person'`);
  await createTable(
    db,
    'face_boxes',
    {
      id: 'id',
      face_id: 'ref faces',
      project_id: 'ref projects',
      account_id: 'ref accounts',
      act: 'word(20)',
      x: 'real',
      y: 'real',
      w: 'real',
      h: 'real',
      done_at: 'time',
    },
    { index: [['face_id'], ['project_id'], ['account_id']] },
  );
}
