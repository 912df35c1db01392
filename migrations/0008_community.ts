import type { Kysely } from 'kysely';
import { addColumn, createTable, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/`: `projects.ts`, `people.ts` and `privacy.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const [number, flag] = isMariaDb(db) ? ['bigint', 'tinyint'] : ['integer', 'integer'];
  const add = (table: string, column: string) => addColumn(db, table, column);
  await add('projects', `completed_at ${number} null`);
  await add('projects', `deleted_at ${number} null`);
  await add('projects', `purged_at ${number} null`);
  await add('projects', `acknowledged_by ${number} null`);
  await add('projects', `acknowledged_at ${number} null`);
  await add('project_persons', `living ${flag} not null default 1`);
  await add('account_profiles', `hidden ${flag} not null default 0`);
  await add('questions', `erase ${flag} not null default 0`);
  await createTable(
    db,
    'block_list',
    {
      id: 'id',
      kind: 'word(10)',
      subject: 'word(20)',
      label: 'word(255)',
      reason: 'text',
      blocked_by: 'ref accounts',
      blocked_at: 'time',
    },
    { unique: [['kind', 'subject']] },
  );
  await createTable(
    db,
    'kept_counts',
    { account_id: 'ref accounts', hour: 'time', answers: 'int' },
    { primary: ['account_id', 'hour'], index: [['hour']] },
  );
}
