import type { Store } from '../store/store.ts';

/** Since the beginning, or as far back as so many milliseconds; months have thirty days. */
export const PERIODS = { all: null, month: 30 * 24 * 60 * 60_000, day: 24 * 60 * 60_000 } as const;
export type Period = keyof typeof PERIODS;

export interface LeaderboardRow {
  readonly username: string;
  /** Answers that stand: one for each face and person, however often it was changed. */
  readonly answers: number;
  /** Statements that the account wrote and that were not taken back. */
  readonly written: number;
}

const MOST = 100;
export const HOUR_MS = 60 * 60_000;

/**
 * Who has helped most in a period, the most answers first. Answers in projects that were deleted count still, from
 * the numbers that were kept (`privacy/purge.ts`). Left out: those who do not want to stand here, former members,
 * and answers of banned members.
 */
export async function leaderboard(store: Store, period: Period, now: number): Promise<LeaderboardRow[]> {
  const length = PERIODS[period];
  const since = length === null ? 0 : now - length;
  const answers = new Map<number, number>();
  const written = new Map<number, number>();
  const add = (to: Map<number, number>, rows: readonly { account_id: number; n: number | string }[]) => {
    for (const { account_id, n } of rows) to.set(account_id, (to.get(account_id) ?? 0) + Number(n));
  };
  add(
    answers,
    await standingAnswers(store.db)
      .select((eb) => ['votes.account_id', eb.fn.countAll<number>().as('n')])
      .where('votes.voted_at', '>', since)
      .groupBy('votes.account_id')
      .execute(),
  );
  add(
    answers,
    await store.db
      .selectFrom('kept_counts')
      .select((eb) => ['account_id', eb.fn.sum<number>('answers').as('n')])
      // The hours of the period; of the first one a part lies before it.
      .where('hour', '>', since - HOUR_MS)
      .groupBy('account_id')
      .execute(),
  );
  add(
    written,
    await store.db
      .selectFrom('sdc_claims')
      .select((eb) => ['account_id', eb.fn.countAll<number>().as('n')])
      .where('state', '=', 'written')
      .where('changed_at', '>', since)
      .groupBy('account_id')
      .execute(),
  );
  const ids = [...new Set([...answers.keys(), ...written.keys()])];
  if (ids.length === 0) return [];
  const names = await store.db
    .selectFrom('account_profiles')
    .select(['account_id', 'username'])
    .where('hidden', '=', 0)
    .where('account_id', 'in', ids)
    .execute();
  return names
    .map(({ account_id, username }) => ({
      username,
      answers: answers.get(account_id) ?? 0,
      written: written.get(account_id) ?? 0,
    }))
    .sort((a, b) => b.answers - a.answers || b.written - a.written || (a.username < b.username ? -1 : 1))
    .slice(0, MOST);
}

/**
 * Each account's latest word about a face and a person, unless it took it back or was banned there. What was undone
 * was never said (`review/undo.ts`).
 */
export function standingAnswers(db: Store['db']) {
  return db
    .selectFrom('votes')
    .leftJoin('ballots', 'ballots.id', 'votes.ballot_id')
    .where('votes.answer', 'is not', null)
    .where('ballots.undone_at', 'is', null)
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('votes as later')
            .leftJoin('ballots as told', 'told.id', 'later.ballot_id')
            .select('later.id')
            .where('told.undone_at', 'is', null)
            .whereRef('later.project_id', '=', 'votes.project_id')
            .whereRef('later.face_id', '=', 'votes.face_id')
            .whereRef('later.person', '=', 'votes.person')
            .whereRef('later.account_id', '=', 'votes.account_id')
            .whereRef('later.id', '>', 'votes.id'),
        ),
      ),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('project_members')
            .select('project_members.account_id')
            .whereRef('project_members.project_id', '=', 'votes.project_id')
            .whereRef('project_members.account_id', '=', 'votes.account_id')
            .where('project_members.status', '=', 'banned'),
        ),
      ),
    );
}

/** Whether the account stands on the leaderboard; its own choice. */
export async function isHidden(store: Store, accountId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom('account_profiles')
    .select('hidden')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row?.hidden === 1;
}

export async function setHidden(store: Store, accountId: number, hidden: boolean): Promise<void> {
  await store.db
    .updateTable('account_profiles')
    .set({ hidden: hidden ? 1 : 0 })
    .where('account_id', '=', accountId)
    .execute();
}
