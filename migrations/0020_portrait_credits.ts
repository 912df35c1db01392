import type { Kysely } from 'kysely';
import { addColumn } from '../src/core/store/ddl.ts';

/** What the columns mean stands in `src/core/store/tables/projects.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['page_url', 'author', 'licence', 'licence_url'])
    await addColumn(db, 'project_persons', `portrait_${column} text`);
}
