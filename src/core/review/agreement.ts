import { assertRole } from '../projects/members.ts';
import type { Db, Store } from '../store/store.ts';
import { pairKey } from './pairs.ts';
import { type StandingAnswer, standingVotesOf } from './standing.ts';

/** How often a member says what others came to. */
export interface Agreement {
  readonly accountId: number;
  /** Answers that can be judged: others have decided the same, or it was a check. */
  readonly judged: number;
  /** Those of them that agree with the verdict. */
  readonly agreed: number;
}

/**
 * The figures of all members, for owners' eyes alone.
 * @throws VisavisError `forbidden` when the account that asks is no owner
 */
export async function agreementFigures(
  store: Store,
  args: { projectId: number; accountId: number },
): Promise<Agreement[]> {
  return store.transaction(async (trx) => {
    await assertRole(store, trx, args.projectId, args.accountId, 'owner');
    return agreements(trx, args.projectId);
  });
}

/**
 * Of each member's yes and no about faces that are decided now: how many agree with the verdict. Verdicts that
 * nobody else agrees with are left out, because they would only say that a member agrees with itself; so are answers
 * from before an owner ended the member's probation.
 */
export async function agreements(db: Db, projectId: number): Promise<Agreement[]> {
  const members = await db
    .selectFrom('project_members')
    .select(['account_id', 'probation_lifted_at'])
    .where('project_id', '=', projectId)
    .where('status', '=', 'active')
    .orderBy('account_id')
    .execute();
  const figures = new Map(
    members.map((row) => [row.account_id, { since: row.probation_lifted_at ?? -1, judged: 0, agreed: 0 }]),
  );
  const judge = (accountId: number, at: number, agrees: boolean) => {
    const figure = figures.get(accountId);
    if (!figure || at <= figure.since) return;
    figure.judged++;
    if (agrees) figure.agreed++;
  };
  const decided = await decidedPairs(db, projectId);
  const standing = await standingVotesOf(db, projectId, null);
  for (const [key, answer] of decided) {
    const votes = standing.get(key) ?? [];
    for (const vote of votes) {
      if (vote.answer === 'unsure' || !othersSay(votes, answer, vote.accountId)) continue;
      judge(vote.accountId, vote.votedAt, vote.answer === answer);
    }
  }
  for (const check of await checkAnswers(db, projectId)) {
    const key = pairKey({ faceId: check.face_id, person: check.person });
    // A verdict that is not what it was when it was checked proves nothing.
    if (decided.get(key) !== check.expected) continue;
    if (!othersSay(standing.get(key) ?? [], check.expected, check.account_id)) continue;
    judge(check.account_id, check.answered_at, check.answer === check.expected);
  }
  return [...figures].map(([accountId, { judged, agreed }]) => ({ accountId, judged, agreed }));
}

/** What people have decided: yes or no, by `pairKey`. */
async function decidedPairs(db: Db, projectId: number): Promise<Map<string, 'yes' | 'no'>> {
  const rows = await db
    .selectFrom('verdicts')
    .select(['face_id', 'person', 'verdict'])
    .where('project_id', '=', projectId)
    .where('verdict', 'in', ['match', 'no_match'])
    .where('source', '!=', 'bootstrap')
    .execute();
  return new Map(
    rows.map((row) => [
      pairKey({ faceId: row.face_id, person: row.person }),
      row.verdict === 'match' ? 'yes' : 'no',
    ]),
  );
}

function othersSay(votes: readonly StandingAnswer[], answer: 'yes' | 'no', accountId: number): boolean {
  return votes.some((vote) => vote.accountId !== accountId && vote.answer === answer);
}

/** The last yes or no of each account to each check. */
async function checkAnswers(db: Db, projectId: number) {
  const rows = await db
    .selectFrom('check_answers')
    .innerJoin('ballots', 'ballots.id', 'check_answers.ballot_id')
    .select([
      'question_id',
      'face_id',
      'person',
      'check_answers.account_id',
      'expected',
      'answer',
      'answered_at',
    ])
    .where('check_answers.project_id', '=', projectId)
    .where('ballots.undone_at', 'is', null)
    .orderBy('check_answers.id')
    .execute();
  const latest = new Map(rows.map((row) => [`${row.account_id} ${row.question_id}`, row]));
  return [...latest.values()].filter((row) => row.answer === 'yes' || row.answer === 'no');
}
