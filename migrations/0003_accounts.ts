import type { Kysely } from 'kysely';

/** What each column means stands in `src/core/store/tables/people.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('account_tokens')
    .addColumn('scheme', 'varchar(10)', (column) => column.notNull().defaultTo('fernet'))
    .execute();
  for (const [table, column] of [
    ['account_tokens', 'refreshing_at'],
    ['account_tokens', 'answer_lost_at'],
    ['account_profiles', 'standing_at'],
    ['identities', 'broken_told_at'],
  ] as const) {
    await db.schema.alterTable(table).addColumn(column, 'bigint').execute();
  }
  await db.schema.alterTable('account_profiles').addColumn('barred', 'varchar(500)').execute();
}
