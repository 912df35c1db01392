import type { Answer, VerdictValue } from '../store/schema.ts';

/** What an account says now about one face and one person. */
export interface StandingVote {
  /** Grows with time; tells the later of two owners' decisions. */
  readonly id: number;
  readonly accountId: number;
  readonly answer: Answer;
  /** An owner's answer to a dispute or against a verdict. */
  readonly decides: boolean;
  /** Said while the member was on probation. */
  readonly onProbation: boolean;
  /**
   * null: the account may vote. Otherwise it was banned when there was a verdict, and this is the last vote before
   * the ban: the vote counts as long as the votes up to there come to a verdict, and no owner asked for a recount.
   */
  readonly keptUntil: number | null;
}

export interface Decision {
  readonly verdict: VerdictValue;
  readonly source: 'votes' | 'owner';
}

/**
 * What standing votes add up to: `votesNeeded` agreeing accounts and no dissent make a match or no
 * match; yes and no together make a dispute; "not sure" counts for neither side; the latest decision of an
 * owner stands above all. A side that somebody on probation agrees with needs one vote more. Votes of banned members
 * only ever uphold the verdict that they were part of: what is open or disputed is decided without them.
 *
 * Depends on the set of votes alone, never on their order in the array.
 */
export function decide(votes: readonly StandingVote[], votesNeeded: number): Decision {
  const active = votes.filter((vote) => vote.keptUntil === null);
  const kept = votes.filter(
    ({ keptUntil }) =>
      keptUntil !== null &&
      isSettled(
        tally(
          votes.filter((vote) => vote.id <= keptUntil),
          votesNeeded,
        ),
      ),
  );
  if (kept.length > 0) {
    const upheld = tally([...active, ...kept], votesNeeded);
    if (isSettled(upheld)) return upheld;
  }
  return tally(active, votesNeeded);
}

function tally(votes: readonly StandingVote[], votesNeeded: number): Decision {
  let decision: StandingVote | null = null;
  const sides = { yes: { votes: 0, more: 0 }, no: { votes: 0, more: 0 } };
  for (const vote of votes) {
    if (vote.answer === 'unsure') continue;
    if (vote.decides && (decision === null || vote.id > decision.id)) decision = vote;
    const side = sides[vote.answer];
    side.votes++;
    if (vote.onProbation) side.more = 1;
  }
  if (decision) return { verdict: decision.answer === 'yes' ? 'match' : 'no_match', source: 'owner' };
  const { yes, no } = sides;
  if (yes.votes > 0 && no.votes > 0) return { verdict: 'disputed', source: 'votes' };
  if (yes.votes >= votesNeeded + yes.more) return { verdict: 'match', source: 'votes' };
  if (no.votes >= votesNeeded + no.more) return { verdict: 'no_match', source: 'votes' };
  return { verdict: 'open', source: 'votes' };
}

function isSettled({ verdict }: Decision): boolean {
  return verdict === 'match' || verdict === 'no_match';
}
