import type { Kysely } from 'kysely';
import { addColumn, createTable } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/`: `house.ts` and `pictures.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createTable(
    db,
    'administrators',
    { account_id: 'ref accounts', name: 'word(255)', since: 'time' },
    { primary: ['account_id'], unique: [['name']] },
  );
  await addColumn(db, 'files', 'failure varchar(40) null');
}
