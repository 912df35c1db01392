import { standingVotesOf } from '../review/standing.ts';
import type { VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

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

const DAY_MS = 24 * 60 * 60_000;

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
  const votes = [...(await standingVotesOf(store.db, projectId, null)).values()].flat();
  const { n: written } = await store.db
    .selectFrom('sdc_claims')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .where('state', '=', 'written')
    .executeTakeFirstOrThrow();
  const days = Map.groupBy(votes, (vote) => Math.floor(vote.votedAt / DAY_MS));
  return {
    verdicts,
    answers: votes.length,
    voters: new Set(votes.map((vote) => vote.accountId)).size,
    written,
    answersPerClaim: written === 0 ? null : votes.length / written,
    days: [...days]
      .sort(([a], [b]) => a - b)
      .map(([day, own]) => ({
        day: new Date(day * DAY_MS).toISOString().slice(0, 10),
        answers: own.length,
      })),
  };
}
