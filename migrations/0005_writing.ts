import type { Kysely } from 'kysely';
import { addColumn, createTable, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/writing.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const [time, flag] = isMariaDb(db) ? ['bigint', 'tinyint'] : ['integer', 'integer'];
  const add = (table: string, column: string) => addColumn(db, table, column);
  await add('projects', `write_boxes ${flag} not null default 0`);
  await add('sdc_claims', `prominent ${flag} not null default 0`);
  await add('sdc_claims', `sent_at ${time} null`);
  await add('sdc_claims', `gone_at ${time} null`);
  await add('sdc_claims', 'other_statement_id varchar(100) null');
  await createTable(
    db,
    'item_redirects',
    { item: 'word(20)', target: 'word(20)', seen_at: 'time' },
    { primary: ['item'], index: [['target']] },
  );
  await createTable(
    db,
    'account_pace',
    { account_id: 'ref accounts', next_edit_at: 'time' },
    { primary: ['account_id'] },
  );
}
