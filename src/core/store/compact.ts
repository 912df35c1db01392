import { sql } from 'kysely';
import type { Schema } from './schema.ts';
import type { Store } from './store.ts';

/**
 * Takes what was deleted out of the files of the database, as far as the engine goes.
 *
 * SQLite overwrites deleted content with zeros by itself (`secure_delete`, see `sqlite.ts`); what is left is the log
 * of writes beside the file, which is brought in and cut off here, unless somebody reads at this moment.
 *
 * MariaDB keeps deleted rows in their pages until something else needs the place; the tables named here are written
 * anew. Copies may remain in its logs (redo, undo, and the binary log when there is one) until those are overwritten
 * or run out, which is the server's business.
 */
export async function compact(store: Store, tables: readonly (keyof Schema)[]): Promise<void> {
  if (store.kind === 'sqlite') {
    await sql`pragma wal_checkpoint(truncate)`.execute(store.db);
    return;
  }
  for (const table of tables)
    await sql`set statement max_statement_time = 0 for optimize table ${sql.table(table)}`.execute(store.db);
}
