import type { Answer, VerdictValue } from '../store/schema.ts';

/** What an account says now about one face and one person. */
export interface StandingVote {
  /** Grows with time; tells the later of two owners' decisions. */
  readonly id: number;
  readonly accountId: number;
  readonly answer: Answer;
  /** An owner's answer to a dispute or against a verdict. */
  readonly decides: boolean;
}

export interface Decision {
  readonly verdict: VerdictValue;
  readonly source: 'votes' | 'owner';
}

/**
 * What standing votes add up to (PRODUCT C5): `votesNeeded` agreeing accounts and no dissent make a match or no
 * match; yes and no together make a dispute; "not sure" counts for neither side; the latest decision of an
 * owner stands above all. Depends on the set of votes alone, never on their order in the array.
 */
export function decide(votes: readonly StandingVote[], votesNeeded: number): Decision {
  let decision: StandingVote | null = null;
  let yes = 0;
  let no = 0;
  for (const vote of votes) {
    if (vote.answer === 'unsure') continue;
    if (vote.decides && (decision === null || vote.id > decision.id)) decision = vote;
    if (vote.answer === 'yes') yes++;
    else no++;
  }
  if (decision) return { verdict: decision.answer === 'yes' ? 'match' : 'no_match', source: 'owner' };
  if (yes > 0 && no > 0) return { verdict: 'disputed', source: 'votes' };
  if (yes >= votesNeeded) return { verdict: 'match', source: 'votes' };
  if (no >= votesNeeded) return { verdict: 'no_match', source: 'votes' };
  return { verdict: 'open', source: 'votes' };
}
