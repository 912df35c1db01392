import type { Kysely } from 'kysely';
import { createTable } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/projects.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTable(
    db,
    'channel_codes',
    {
      id: 'id',
      code_hash: 'hash',
      project_id: 'ref projects',
      created_by: 'ref accounts',
      created_at: 'time',
      expires_at: 'time',
    },
    { unique: [['code_hash']], index: [['project_id']] },
  );
}
