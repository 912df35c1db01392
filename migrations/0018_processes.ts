import type { Kysely } from 'kysely';
import { addColumn, isMariaDb } from '../src/core/store/ddl.ts';

/** What the column means stands in `src/core/store/tables/house.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const word = isMariaDb(db) ? 'varchar(50)' : 'text';
  await addColumn(db, 'workers', `version ${word} not null default ''`);
}
