import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import { addColumn, createIndex, createTable, isMariaDb } from '../src/core/store/ddl.ts';

/** What each column means stands in `src/core/store/tables/review.ts` and `projects.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const mariaDb = isMariaDb(db);
  const [number, flag] = mariaDb ? ['bigint', 'tinyint'] : ['integer', 'integer'];
  const word = (length: number) => (mariaDb ? `varchar(${length})` : 'text');
  const run = (statement: string) => sql.raw(statement).execute(db);
  const add = (table: string, column: string) => addColumn(db, table, column);

  await createTable(
    db,
    'ballots',
    {
      id: 'id',
      project_id: 'ref projects',
      account_id: 'ref accounts',
      cast_at: 'time',
      undone_at: 'time?',
      undone_by: 'int?',
      undone_after: 'int?',
    },
    { index: [['project_id', 'account_id']] },
  );
  await add('votes', `ballot_id ${number} null`);
  await add('votes', `on_probation ${flag} not null default 0`);
  await add('votes', `overrides ${flag} not null default 0`);
  // Each vote of before is a ballot of its own: nobody can tell any more which ones were cast together.
  await run(
    `insert into ballots (id, project_id, account_id, cast_at)
     select id, project_id, account_id, voted_at from votes where platform <> 'import'
     and not exists (select 1 from ballots where ballots.id = votes.id)`,
  );
  await run(`update votes set ballot_id = id where platform <> 'import'`);
  await createIndex(db, 'votes_by_ballot_id', 'votes', ['ballot_id']);
  await createIndex(db, 'votes_by_question_id', 'votes', ['question_id']);

  await createTable(
    db,
    'kept_votes',
    { vote_id: 'int', project_id: 'ref projects', account_id: 'int' },
    { primary: ['vote_id'], index: [['project_id', 'account_id']] },
  );
  await createTable(
    db,
    'reopenings',
    {
      id: 'id',
      project_id: 'ref projects',
      face_id: 'int',
      person: 'word(20)',
      after_vote: 'int',
      account_id: 'int',
      reopened_at: 'time',
    },
    { index: [['project_id', 'face_id', 'person']] },
  );
  await createTable(
    db,
    'check_answers',
    {
      id: 'id',
      project_id: 'ref projects',
      question_id: 'int',
      face_id: 'int',
      person: 'word(20)',
      account_id: 'ref accounts',
      ballot_id: 'int',
      expected: 'word(10)',
      answer: 'word(10)?',
      answered_at: 'time',
    },
    { index: [['question_id', 'account_id'], ['project_id', 'account_id'], ['ballot_id']] },
  );
  await createTable(
    db,
    'skips',
    {
      project_id: 'ref projects',
      account_id: 'ref accounts',
      face_id: 'int',
      person: 'word(20)',
      skipped_at: 'time',
    },
    { primary: ['project_id', 'account_id', 'face_id', 'person'] },
  );

  for (const column of ['banned_at', 'banned_after', 'recounted_at', 'recounted_after'])
    await add('project_members', `${column} ${number} null`);
  await add('project_members', `probation_at ${number} null`);
  await add('project_members', `probation_lifted_at ${number} null`);
  await add('projects', 'check_every integer not null default 20');
  await add('projects', `careful ${flag} not null default 0`);
  await add('projects', 'pause_percent integer not null default 20');
  await add('projects', `paused_reason ${word(20)} null`);
  await add('projects', `resumed_at ${number} null`);
  await add('projects', `cared_at ${number} null`);
  await add('questions', `purpose ${word(20)} not null default 'ask'`);
  await add('questions', `expected ${word(10)} null`);
  await add('channels', `for_disputes ${flag} not null default 0`);
}
