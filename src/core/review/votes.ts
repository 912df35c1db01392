import { assertNotBlocked } from '../accounts/accounts.ts';
import type { Clock } from '../platform/clock.ts';
import { VisavisError } from '../platform/errors.ts';
import type { Nudges } from '../platform/nudges.ts';
import { projectChanged } from '../projects/changes.ts';
import { joinIfOpen, lockRole } from '../projects/members.ts';
import type { Answer } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import { settleQuestions } from './questions.ts';
import { standingVotes } from './standing.ts';
import { settleVerdict, type VerdictChange } from './verdicts.ts';

export interface VoteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
}

export interface CastAnswer {
  readonly faceId: number;
  readonly person: string;
  /** null takes the standing answer back. */
  readonly answer: Answer | null;
}

export interface Ballot {
  readonly projectId: number;
  readonly accountId: number;
  readonly answers: readonly CastAnswer[];
  readonly questionId: number | null;
  readonly platform: string;
}

export interface CastResult {
  /** Votes that were new; an answer that stands already is not counted twice. */
  readonly cast: number;
  readonly changes: readonly VerdictChange[];
}

/**
 * Adds votes and brings verdicts, questions and posts up to date, all in one transaction. The same ballot again
 * changes nothing.
 * @throws VisavisError `forbidden` when the account may not vote here
 */
export async function castBallot(deps: VoteDeps, ballot: Ballot): Promise<CastResult> {
  const { store, clock, nudges } = deps;
  const result = await store.transaction(async (trx) => {
    const now = clock.now();
    await assertNotBlocked(trx, ballot.accountId);
    if (!(await joinIfOpen(store, trx, ballot.projectId, ballot.accountId, now))) {
      throw new VisavisError(
        'forbidden',
        'Only members of this project can vote. Ask an owner for an invitation.',
      );
    }
    const role = await lockRole(store, trx, ballot.projectId, ballot.accountId);
    await lockFaces(store, trx, ballot.answers);
    const changes: VerdictChange[] = [];
    let cast = 0;
    for (const { faceId, person, answer } of ballot.answers) {
      const standing = await standingVotes(trx, ballot.projectId, faceId, person);
      const own = standing.find((vote) => vote.accountId === ballot.accountId);
      if ((own?.answer ?? null) === answer) continue;
      await trx
        .insertInto('votes')
        .values({
          project_id: ballot.projectId,
          face_id: faceId,
          person,
          account_id: ballot.accountId,
          answer,
          decides:
            role?.role === 'owner' && (await ownerDecides(trx, ballot, { faceId, person, answer })) ? 1 : 0,
          question_id: ballot.questionId,
          platform: ballot.platform,
          voted_at: now,
        })
        .execute();
      cast++;
      const change = await settleVerdict(store, trx, { projectId: ballot.projectId, faceId, person, now });
      if (change) changes.push(change);
    }
    if (cast > 0) {
      await settleQuestions(trx, ballot.projectId, ballot.answers, now);
      if (changes.length > 0) await projectChanged(trx, ballot.projectId);
    }
    return { cast, changes };
  });
  if (result.cast > 0) nudges.nudge('posts');
  if (result.changes.length > 0) {
    nudges.nudge('work');
    nudges.nudge(`project:${ballot.projectId}`);
  }
  return result;
}

/** An owner's answer decides a dispute, and goes against a verdict that others reached. */
async function ownerDecides(
  trx: Trx,
  ballot: Ballot,
  { faceId, person, answer }: CastAnswer,
): Promise<boolean> {
  if (answer !== 'yes' && answer !== 'no') return false;
  const verdict = await trx
    .selectFrom('verdicts')
    .select(['verdict', 'source'])
    .where('project_id', '=', ballot.projectId)
    .where('face_id', '=', faceId)
    .where('person', '=', person)
    .executeTakeFirst();
  if (!verdict || verdict.verdict === 'open') return false;
  if (verdict.verdict === 'disputed' || verdict.source === 'owner') return true;
  return (verdict.verdict === 'match') !== (answer === 'yes');
}

/** Votes about the same face wait for each other, so that each sees the ones before. */
async function lockFaces(store: Store, trx: Trx, answers: readonly CastAnswer[]): Promise<void> {
  const ids = [...new Set(answers.map((answer) => answer.faceId))];
  if (ids.length === 0) return;
  await forUpdate(store, trx.selectFrom('faces').select('id').where('id', 'in', ids).orderBy('id')).execute();
}
