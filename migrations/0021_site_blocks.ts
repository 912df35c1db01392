import type { Kysely } from 'kysely';
import { createTable } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/people.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTable(
    db,
    'site_blocks',
    { account_id: 'ref accounts', reason: 'text', blocked_by: 'ref accounts', blocked_at: 'time' },
    { primary: ['account_id'] },
  );
}
