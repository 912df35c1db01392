import type { Kysely } from 'kysely';
import { addColumn, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/`: `projects.ts` and `review.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const [flag, word] = isMariaDb(db)
    ? ['tinyint', (length: number) => `varchar(${length})`]
    : ['integer', () => 'text'];
  const add = (table: string, column: string) => addColumn(db, table, column);
  await add('channels', `language ${word(35)} null`);
  await add('channels', 'pace integer null');
  await add('channels', 'quiet_from integer null');
  await add('channels', 'quiet_to integer null');
  await add('channels', `time_zone ${word(64)} not null default 'UTC'`);
  await add('channels', `blind ${flag} not null default 0`);
  await add('channels', `moved_to ${word(255)} null`);
  await add('posts', `blind ${flag} not null default 0`);
}
