import { sql } from 'kysely';
import { countingVotes } from '../review/standing.ts';
import type { VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { DAY_MS } from './progress.ts';

export interface ProjectStatistics {
  /** How many verdicts of each kind came from where. */
  readonly verdicts: readonly {
    readonly source: VerdictsTable['source'];
    readonly verdict: VerdictValue;
    readonly count: number;
  }[];
  /** Answers that stand. */
  readonly answers: number;
  /** Accounts whose answers stand. */
  readonly voters: number;
  /** Statements on the wiki by this project. */
  readonly written: number;
  /** Standing answers for each statement that was written; null before the first. */
  readonly answersPerClaim: number | null;
  /** Standing answers by UTC day, the oldest first; days without any are left out. */
  readonly days: readonly { readonly day: string; readonly answers: number }[];
}

/** What a project has cost and brought. Counted anew each time. */
export async function projectStatistics(store: Store, projectId: number): Promise<ProjectStatistics> {
  const verdicts = await store.db
    .selectFrom('verdicts')
    .select((eb) => ['source', 'verdict', eb.fn.countAll<number>().as('count')])
    .where('project_id', '=', projectId)
    .where('verdict', '!=', 'open')
    .groupBy(['source', 'verdict'])
    .orderBy('source')
    .orderBy('verdict')
    .execute();
  const answers = await answersByDay(store, projectId);
  const { n: written } = await store.db
    .selectFrom('sdc_claims')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .where('state', '=', 'written')
    .executeTakeFirstOrThrow();
  const total = answers.reduce((sum, row) => sum + row.n, 0);
  const days = Map.groupBy(answers, (row) => row.day);
  return {
    verdicts,
    answers: total,
    voters: new Set(answers.map((row) => row.account_id)).size,
    written,
    answersPerClaim: written === 0 ? null : total / written,
    days: [...days]
      .sort(([a], [b]) => a - b)
      .map(([day, own]) => ({
        day: new Date(day).toISOString().slice(0, 10),
        answers: own.reduce((sum, row) => sum + row.n, 0),
      })),
  };
}

/** Standing answers (`review/standing.ts`) of each account and UTC day, counted by the database. */
async function answersByDay(
  store: Store,
  projectId: number,
): Promise<{ account_id: number; day: number; n: number }[]> {
  return store.db
    .with('counting', (db) =>
      countingVotes(db, projectId).select((eb) => [
        'votes.id',
        'votes.account_id',
        'votes.answer',
        'votes.voted_at',
        eb.fn
          .agg<number>('row_number')
          .over((over) =>
            over
              .partitionBy(['votes.face_id', 'votes.person', 'votes.account_id'])
              .orderBy('votes.id', 'desc'),
          )
          .as('place'),
      ]),
    )
    .selectFrom('counting')
    .leftJoin('project_members', (join) =>
      join
        .on('project_members.project_id', '=', projectId)
        .onRef('project_members.account_id', '=', 'counting.account_id'),
    )
    .leftJoin('kept_votes', 'kept_votes.vote_id', 'counting.id')
    .select((eb) => ['counting.account_id', DAY.as('day'), eb.fn.countAll<number>().as('n')])
    .where('counting.place', '=', 1)
    .where('counting.answer', 'is not', null)
    .where((eb) =>
      eb.or([
        eb('project_members.status', 'is', null),
        eb('project_members.status', '!=', 'banned'),
        eb.and([eb('kept_votes.vote_id', 'is not', null), eb('project_members.recounted_at', 'is', null)]),
      ]),
    )
    .groupBy(['counting.account_id', DAY])
    .execute();
}

/** In whole numbers on both databases. */
const DAY = sql<number>`counting.voted_at - counting.voted_at % ${sql.lit(DAY_MS)}`;
