import { existsSync } from 'node:fs';
import { sql } from 'kysely';
import { VisavisError } from '../platform/errors.ts';
import type { Store } from './store.ts';

/**
 * Copies the embedded database into a new file, whole and as of one moment, while the product goes on.
 *
 * @throws VisavisError `bad_input` when there is a file already, or the database is MariaDB, which has its own tool
 */
export async function backUp(store: Store, path: string): Promise<void> {
  if (store.kind === 'mariadb')
    throw new VisavisError(
      'bad_input',
      'MariaDB is backed up by its own tool: mariadb-dump --single-transaction --default-character-set=utf8mb4 --hex-blob -h HOST -u USER -p DATABASE > FILE',
    );
  if (existsSync(path))
    throw new VisavisError('bad_input', `${path} is there already; name a file that is not`);
  // Reads one state of the database and writes it without free pages; others go on reading and writing.
  await sql`vacuum into ${path}`.execute(store.db);
}
