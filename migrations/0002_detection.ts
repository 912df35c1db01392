import type { Kysely } from 'kysely';
import { addColumn, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mariaDb = isMariaDb(db);
  const add = (table: string, column: string) => addColumn(db, table, column);
  await add('faces', `quality ${mariaDb ? 'double' : 'real'} null`);
  await add('projects', `small_faces ${mariaDb ? 'tinyint' : 'integer'} not null default 0`);
  await add('files', `embed_failed_model ${mariaDb ? 'varchar(100)' : 'text'} null`);
  await add('files', `embed_retry_at ${mariaDb ? 'bigint' : 'integer'} null`);
}
