import type { Kysely } from 'kysely';

/** What the column means stands in `src/core/store/tables/projects.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('projects').addColumn('crawl_started_at', 'bigint').execute();
}
