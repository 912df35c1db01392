import type { Kysely } from 'kysely';
import { addColumn } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/people.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumn(db, 'account_tokens', `scheme varchar(10) default 'fernet' not null`);
  for (const [table, column] of [
    ['account_tokens', 'refreshing_at'],
    ['account_tokens', 'answer_lost_at'],
    ['account_profiles', 'standing_at'],
    ['identities', 'broken_told_at'],
  ] as const) {
    await addColumn(db, table, `${column} bigint`);
  }
  await addColumn(db, 'account_profiles', 'barred varchar(500)');
}
