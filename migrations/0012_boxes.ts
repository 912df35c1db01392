import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { addColumn, createTable, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/pictures.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const number = isMariaDb(db) ? 'bigint' : 'integer';
  await addColumn(db, 'faces', 'box_number integer not null default 0');
  await addColumn(db, 'faces', `drawn_by ${number} null`);
  await addColumn(db, 'faces', `withdrawn_at ${number} null`);
  await sql`update faces set source = 'drawn' where source = 'person'`.execute(db);
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
