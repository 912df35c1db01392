import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { sql } from 'kysely';
import { VisavisError } from '../platform/errors.ts';
import type { Store } from './store.ts';

/**
 * Copies the embedded database into a new file, whole and as of one moment, while the product goes on.
 *
 * @param path absolute
 * @throws VisavisError `bad_input` when there is a file already or no folder for it, when there is nothing to copy, or
 * the database is MariaDB, which has its own tool
 */
export async function backUp(store: Store, path: string): Promise<void> {
  if (store.kind === 'mariadb')
    throw new VisavisError(
      'bad_input',
      'MariaDB is backed up by its own tool: mariadb-dump --single-transaction --default-character-set=utf8mb4 --hex-blob -h HOST -u USER -p DATABASE > FILE',
    );
  if (existsSync(path))
    throw new VisavisError('bad_input', `${path} is there already; name a file that is not`);
  if (!existsSync(dirname(path)))
    throw new VisavisError('bad_input', `the folder ${dirname(path)} is not there; make it, or name another`);
  const tables = await sql`select 1 from sqlite_master where type = 'table' limit 1`.execute(store.db);
  if (tables.rows.length === 0)
    throw new VisavisError('bad_input', 'the database is empty; is it the one that the product runs with?');
  // Reads one state of the database and writes it without free pages; others go on reading and writing.
  await sql`vacuum into ${path}`.execute(store.db);
}
