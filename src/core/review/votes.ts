import { assertNotBlocked } from '../accounts/accounts.ts';
import type { Clock } from '../platform/clock.ts';
import { VisavisError } from '../platform/errors.ts';
import type { Nudges } from '../platform/nudges.ts';
import { projectChanged } from '../projects/changes.ts';
import { joinIfOpen, lockRole } from '../projects/members.ts';
import type { Answer, VerdictsTable } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import type { StandingVote } from './decide.ts';
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
    // Votes of a project wait for each other, so that each sees the ones before, and questions with several
    // faces are settled by what all of them add up to.
    const project = await forUpdate(
      store,
      trx.selectFrom('projects').select('state').where('id', '=', ballot.projectId),
    ).executeTakeFirst();
    if (!project || project.state === 'deleted') {
      throw new VisavisError('forbidden', 'This project does not exist any more.');
    }
    await assertNotBlocked(trx, ballot.accountId);
    if (!(await joinIfOpen(store, trx, ballot.projectId, ballot.accountId, now))) {
      throw new VisavisError(
        'forbidden',
        'Only members of this project can vote. Ask an owner for an invitation.',
      );
    }
    const role = await lockRole(store, trx, ballot.projectId, ballot.accountId);
    await assertAskable(trx, ballot);
    const changes: VerdictChange[] = [];
    let cast = 0;
    for (const { faceId, person, answer } of ballot.answers) {
      const standing = await standingVotes(trx, ballot.projectId, faceId, person);
      const own = standing.find((vote) => vote.accountId === ballot.accountId);
      const verdict = await verdictOf(trx, ballot.projectId, faceId, person);
      const decides = role?.role === 'owner' && ownerDecides(verdict, answer);
      if ((own?.answer ?? null) === answer) {
        const settled = verdict?.verdict === (answer === 'yes' ? 'match' : 'no_match');
        if (!decides || settled || !own || !(await isSaidAnew(trx, ballot, own))) continue;
      }
      await trx
        .insertInto('votes')
        .values({
          project_id: ballot.projectId,
          face_id: faceId,
          person,
          account_id: ballot.accountId,
          answer,
          decides: decides ? 1 : 0,
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
function ownerDecides(verdict: Verdict | undefined, answer: Answer | null): boolean {
  if (answer !== 'yes' && answer !== 'no') return false;
  if (!verdict || verdict.verdict === 'open') return false;
  if (verdict.verdict === 'disputed' || verdict.source === 'owner') return true;
  return (verdict.verdict === 'match') !== (answer === 'yes');
}

type Verdict = Pick<VerdictsTable, 'verdict' | 'source'>;

async function verdictOf(
  trx: Trx,
  projectId: number,
  faceId: number,
  person: string,
): Promise<Verdict | undefined> {
  return trx
    .selectFrom('verdicts')
    .select(['verdict', 'source'])
    .where('project_id', '=', projectId)
    .where('face_id', '=', faceId)
    .where('person', '=', person)
    .executeTakeFirst();
}

/**
 * An owner who was part of the dispute decides it by saying the same again, on the web or below another post.
 * The same reaction read a second time is nothing new.
 */
async function isSaidAnew(trx: Trx, ballot: Ballot, own: StandingVote): Promise<boolean> {
  const vote = await trx
    .selectFrom('votes')
    .select('question_id')
    .where('id', '=', own.id)
    .executeTakeFirst();
  return ballot.questionId === null || vote?.question_id !== ballot.questionId;
}

/** Faces and persons come from browsers too: they must be the project's own. */
async function assertAskable(trx: Trx, ballot: Ballot): Promise<void> {
  const faceIds = [...new Set(ballot.answers.map((answer) => answer.faceId))];
  const persons = [...new Set(ballot.answers.map((answer) => answer.person))];
  if (faceIds.length === 0) return;
  const faces = await trx
    .selectFrom('faces')
    .innerJoin('project_files', 'project_files.file_id', 'faces.file_id')
    .select('faces.id')
    .where('project_files.project_id', '=', ballot.projectId)
    .where('faces.id', 'in', faceIds)
    .execute();
  const known = await trx
    .selectFrom('project_persons')
    .select('person')
    .where('project_id', '=', ballot.projectId)
    .where('person', 'in', persons)
    .execute();
  if (faces.length < faceIds.length || known.length < persons.length) {
    throw new VisavisError('not_found', 'This face or person is not part of the project.');
  }
}
