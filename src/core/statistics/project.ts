import { countingVotes } from '../review/standing.ts';
import type { VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { dayOf, sumOf, type Tally } from './tally.ts';

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
export async function projectStatistics(
  store: Store,
  projectId: number,
  tally: Tally,
): Promise<ProjectStatistics> {
  const answers = await answersByDay(store, projectId);
  const written = sumOf(tally.claims.filter((one) => one.state === 'written'));
  const total = sumOf(answers);
  const days = Map.groupBy(answers, (row) => row.day);
  return {
    verdicts: verdictsBySource(tally),
    answers: total,
    voters: new Set(answers.map((row) => row.account_id)).size,
    written,
    answersPerClaim: written === 0 ? null : total / written,
    days: [...days]
      .sort(([a], [b]) => a - b)
      .map(([day, own]) => ({
        day: new Date(day).toISOString().slice(0, 10),
        answers: sumOf(own),
      })),
  };
}

/** In the order of their words. */
function verdictsBySource({ verdicts }: Tally): ProjectStatistics['verdicts'] {
  const decided = verdicts.filter((one) => one.verdict !== 'open');
  const kinds = Map.groupBy(decided, ({ source, verdict }) => `${source} ${verdict}`);
  return [...kinds.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, own]) => {
      const [first] = own;
      return first ? [{ source: first.source, verdict: first.verdict, count: sumOf(own) }] : [];
    });
}

/** Standing answers (`review/standing.ts`) of each account and UTC day, counted by the database. */
async function answersByDay(
  store: Store,
  projectId: number,
): Promise<{ account_id: number; day: number; n: number }[]> {
  return (
    store.db
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
      .select((eb) => [
        'counting.account_id',
        dayOf('counting.voted_at').as('day'),
        eb.fn.countAll<number>().as('n'),
      ])
      .where('counting.place', '=', 1)
      .where('counting.answer', 'is not', null)
      // Few are banned: they are looked up once, not for each vote.
      .where((eb) => {
        const banned = eb
          .selectFrom('project_members')
          .select('project_members.account_id')
          .where('project_members.project_id', '=', projectId)
          .where('project_members.status', '=', 'banned');
        return eb.or([
          eb('counting.account_id', 'not in', banned),
          eb.and([
            eb('counting.account_id', 'in', banned.where('project_members.recounted_at', 'is', null)),
            eb(
              'counting.id',
              'in',
              eb
                .selectFrom('kept_votes')
                .select('kept_votes.vote_id')
                .where('kept_votes.project_id', '=', projectId),
            ),
          ]),
        ]);
      })
      .groupBy(['counting.account_id', dayOf('counting.voted_at')])
      .execute()
  );
}
