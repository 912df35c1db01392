import { assertNotBlocked } from '../accounts/accounts.ts';
import { actAsAdministrator, actsAsAdministrator, audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import { describeError } from '../platform/errors.ts';
import { type Metrics, measured, noMetrics } from '../platform/metrics.ts';
import type { Nudges } from '../platform/nudges.ts';
import { isReadOnly, READ_ONLY } from '../platform/read-only.ts';
import { refusal } from '../platform/refusals.ts';
import { joinIfOpen, type Membership } from '../projects/members.ts';
import type { Answer, Flag } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import { answerCheck } from './checks.ts';
import { distinctPairs, type Pair, pairKey } from './pairs.ts';
import { settleQuestions } from './settling.ts';
import { type StandingAnswer, standingVotesOf } from './standing.ts';
import { keepVerdicts, type StoredVerdict, type VerdictChange } from './verdicts.ts';

export interface VoteDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly metrics?: Metrics;
}

export interface CastAnswer extends Pair {
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
 * changes nothing. Answers to a check are kept as such and are no votes.
 * @throws VisavisError `forbidden` when the account may not vote here
 */
export async function castBallot(deps: VoteDeps, ballot: Ballot): Promise<CastResult> {
  const { store, clock, metrics = noMetrics } = deps;
  const count = (seconds: number, error: string | null) => metrics.step('vote', seconds, error);
  const counted = async (trx: Trx) => {
    const now = clock.now();
    const { votesNeeded, ...part } = await takePart(store, trx, ballot, now);
    const answers = distinctPairs(ballot.answers);
    const { known, isCheck } = await whatIsKnown(trx, ballot, answers);
    if (isCheck) {
      const cast = await answerCheck(trx, { ...ballot, answers, votesNeeded, now });
      return { cast, changes: [], isShown: cast > 0 };
    }
    return cast(store, trx, { ballot, answers, known, ...part, votesNeeded, now });
  };
  const kindOf = (error: unknown) => describeError(error).code;
  const { isShown, ...result } = await measured(count, () => store.transaction(counted), kindOf);
  if (isShown) deps.nudges.nudge('posts');
  nudgeAfter(deps, ballot.projectId, result.changes);
  return result;
}

/**
 * Holds the project, and finds out as what the account takes part in it: in one query, because everybody else waits.
 * An administrator of the site answers as an owner in every project.
 * @throws VisavisError `forbidden`, `not_signed_in`, `read_only`
 */
async function takePart(
  store: Store,
  trx: Trx,
  { projectId, accountId, platform }: Ballot,
  now: number,
): Promise<{ votesNeeded: number; member: Membership; decidesAsAdministrator?: boolean }> {
  const row = await forUpdate(
    store,
    trx
      .selectFrom('projects')
      .leftJoin('project_members', (join) =>
        join
          .onRef('project_members.project_id', '=', 'projects.id')
          .on('project_members.account_id', '=', accountId),
      )
      .leftJoin('account_profiles', (join) => join.on('account_profiles.account_id', '=', accountId))
      .select(['projects.state', 'projects.votes_needed'])
      .select((eb) => [
        eb
          .selectFrom('administrators')
          .select('administrators.account_id')
          .where('administrators.account_id', '=', accountId)
          .as('administrator'),
        eb.selectFrom('settings').select('value').where('name', '=', READ_ONLY).as('readOnly'),
      ])
      .select(['project_members.role', 'project_members.status', 'project_members.probation_at'])
      .select(['account_profiles.blocked', 'account_profiles.barred'])
      .where('projects.id', '=', projectId),
  ).executeTakeFirst();
  if (!row || row.state === 'deleted') throw refusal('project-gone');
  if (row.readOnly !== null) throw isReadOnly();
  if (row.blocked !== 0 || row.barred !== null) await assertNotBlocked(trx, accountId);
  const { role, status } = row;
  const isMember = role !== null && status === 'active';
  if (row.administrator !== null && !(isMember && role === 'owner')) {
    if (!isMember) actAsAdministrator(trx);
    const onProbation = isMember && row.probation_at !== null;
    const member: Membership = { role: 'owner', status: 'active', onProbation };
    return { votesNeeded: row.votes_needed, member, decidesAsAdministrator: true };
  }
  // Open projects take in who answers in one of their channels; a form that somebody makes up is none.
  const joined =
    isMember || platform === 'web' ? null : await joinIfOpen(store, trx, projectId, accountId, now);
  const member = isMember ? { role, status, onProbation: row.probation_at !== null } : joined;
  if (!member) {
    throw refusal('vote-members-only');
  }
  return { votesNeeded: row.votes_needed, member };
}

/** Who waits for verdicts looks again. */
export function nudgeAfter({ nudges }: VoteDeps, projectId: number, changes: readonly VerdictChange[]): void {
  if (changes.length === 0) return;
  nudges.nudge('work');
  nudges.nudge(`project:${projectId}`);
}

interface Casting {
  readonly ballot: Ballot;
  readonly answers: readonly CastAnswer[];
  /** The verdicts before. */
  readonly known: ReadonlyMap<string, StoredVerdict>;
  readonly member: Membership;
  /** The own role would do for an answer, but not for a decision. */
  readonly decidesAsAdministrator?: boolean;
  readonly votesNeeded: number;
  readonly now: number;
}

async function cast(
  store: Store,
  trx: Trx,
  casting: Casting,
): Promise<CastResult & { readonly isShown: boolean }> {
  const { ballot, answers, known, member, votesNeeded, now } = casting;
  const { projectId, accountId } = ballot;
  const standing = await standingVotesOf(
    trx,
    projectId,
    answers.map((answer) => answer.faceId),
  );
  const fresh: NewVote[] = [];
  for (const answer of answers) {
    const verdict = known.get(pairKey(answer));
    const own = standing.get(pairKey(answer))?.find((vote) => vote.accountId === accountId);
    const decides = member.role === 'owner' && ownerDecides(verdict, answer.answer);
    if ((own?.answer ?? null) === answer.answer) {
      const settled = verdict?.verdict === (answer.answer === 'yes' ? 'match' : 'no_match');
      if (!decides || settled || !own || !isSaidAnew(ballot, own)) continue;
    }
    const overrides = decides && verdict?.source === 'votes' && verdict.verdict !== 'disputed';
    fresh.push({ ...answer, decides: flag(decides), overrides: flag(overrides) });
  }
  if (fresh.length === 0) return { cast: 0, changes: [], isShown: false };
  const ids = await addVotes(trx, casting, fresh);
  const outcomes = fresh.map((vote) => {
    const key = pairKey(vote);
    const others = (standing.get(key) ?? []).filter((one) => one.accountId !== accountId);
    const id = ids.get(key);
    if (id === undefined) throw new Error(`the vote about ${key} was not added`);
    const votes =
      vote.answer === null
        ? others
        : [
            ...others,
            {
              id,
              accountId,
              answer: vote.answer,
              decides: vote.decides === 1,
              onProbation: member.onProbation,
              keptUntil: null,
            },
          ];
    return { pair: vote, known: known.get(key), votes };
  });
  const changes = await keepVerdicts(store, trx, { projectId, votesNeeded, now }, outcomes);
  const isShown = await settleQuestions(trx, projectId, answers, changes, now);
  await auditDecisions(store, trx, casting, fresh);
  return { cast: fresh.length, changes, isShown };
}

interface NewVote extends CastAnswer {
  readonly decides: Flag;
  readonly overrides: Flag;
}

function flag(value: boolean): Flag {
  return value ? 1 : 0;
}

/** @returns the ids of the votes, by `pairKey` */
async function addVotes(
  trx: Trx,
  { ballot, member, now }: Casting,
  votes: readonly NewVote[],
): Promise<Map<string, number>> {
  const of = { project_id: ballot.projectId, account_id: ballot.accountId };
  const { id: ballot_id } = await trx
    .insertInto('ballots')
    .values({ ...of, cast_at: now })
    .returning('id')
    .executeTakeFirstOrThrow();
  const rows = await trx
    .insertInto('votes')
    .values(
      votes.map(({ faceId, person, answer, decides, overrides }) => ({
        ...of,
        face_id: faceId,
        person,
        answer,
        decides,
        overrides,
        on_probation: flag(member.onProbation),
        ballot_id,
        question_id: ballot.questionId,
        platform: ballot.platform,
        voted_at: now,
      })),
    )
    .returning(['id', 'face_id', 'person'])
    .execute();
  return new Map(rows.map((row) => [pairKey({ faceId: row.face_id, person: row.person }), row.id]));
}

/** An owner's answer decides a dispute, and goes against a verdict that others reached. */
function ownerDecides(verdict: StoredVerdict | undefined, answer: Answer | null): boolean {
  if (answer !== 'yes' && answer !== 'no') return false;
  if (!verdict || verdict.verdict === 'open') return false;
  if (verdict.verdict === 'disputed' || verdict.source === 'owner') return true;
  return (verdict.verdict === 'match') !== (answer === 'yes');
}

/**
 * An owner who was part of the dispute decides it by saying the same again, on the web or below another post.
 * The same reaction read a second time is nothing new.
 */
function isSaidAnew(ballot: Ballot, own: StandingAnswer): boolean {
  return ballot.questionId === null || own.questionId !== ballot.questionId;
}

/** What an owner decides alone stands in the log, and every answer of an administrator who has no such role. */
async function auditDecisions(
  store: Store,
  trx: Trx,
  { ballot, now, decidesAsAdministrator }: Casting,
  votes: readonly NewVote[],
): Promise<void> {
  const noted = actsAsAdministrator(trx) ? votes : votes.filter((vote) => vote.decides === 1);
  if (decidesAsAdministrator && noted.length > 0) actAsAdministrator(trx);
  for (const { faceId, person, answer, decides, overrides } of noted) {
    await audit(store, trx, {
      at: now,
      accountId: ballot.accountId,
      action: overrides ? 'verdict overridden' : decides === 1 ? 'verdict decided' : 'answered',
      subject: `face ${faceId} ${person}`,
      detail: { project: ballot.projectId, answer },
    });
  }
}

/**
 * The verdicts about what a ballot speaks of, by `pairKey`, and whether its question is a check. Faces and persons come
 * from browsers too: they must be the project's own. @throws VisavisError `not_found`
 */
async function whatIsKnown(
  trx: Trx,
  { projectId, questionId }: Ballot,
  answers: readonly CastAnswer[],
): Promise<{ known: Map<string, StoredVerdict>; isCheck: boolean }> {
  if (answers.length === 0) return { known: new Map(), isCheck: false };
  const rows = await trx
    .selectFrom('faces')
    // SQLite does not change the order of a cross join: without it, it begins with all files of the project.
    .crossJoin('project_files')
    .innerJoin('project_persons', 'project_persons.project_id', 'project_files.project_id')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.project_id', '=', 'project_files.project_id')
        .onRef('verdicts.face_id', '=', 'faces.id')
        .onRef('verdicts.person', '=', 'project_persons.person'),
    )
    .select(['faces.id as faceId', 'project_persons.person', 'verdicts.verdict', 'verdicts.source'])
    .select((eb) =>
      eb.selectFrom('questions').select('expected').where('questions.id', '=', questionId).as('expected'),
    )
    .whereRef('project_files.file_id', '=', 'faces.file_id')
    .where('project_files.project_id', '=', projectId)
    .where('faces.id', 'in', [...new Set(answers.map((answer) => answer.faceId))])
    .where('faces.withdrawn_at', 'is', null)
    .where('project_persons.person', 'in', [...new Set(answers.map((answer) => answer.person))])
    .execute();
  const found = new Map(rows.map((row) => [pairKey(row), row]));
  if (!answers.every((answer) => found.has(pairKey(answer)))) {
    throw refusal('face-not-in-project');
  }
  const known = [...found].flatMap(([key, { verdict, source }]) =>
    verdict && source ? [[key, { verdict, source }] as const] : [],
  );
  return { known: new Map(known), isCheck: rows.some((row) => row.expected !== null) };
}
