import type { Kysely } from 'kysely';
import { addColumn } from '../src/core/store/ddl.ts';

/** What the column means stands in `src/core/store/tables/projects.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await addColumn(db, 'projects', 'crawl_started_at bigint');
}
