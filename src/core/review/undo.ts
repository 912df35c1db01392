import { actsAsAdministrator, audit } from '../platform/audit.ts';
import { enterProject } from '../projects/members.ts';
import type { Db, Trx } from '../store/store.ts';
import { type ListedClaim, listedForRemoval } from './listed.ts';
import { inChunks, type Pair } from './pairs.ts';
import { resettle } from './settling.ts';
import { lastVote } from './standing.ts';
import type { VerdictChange } from './verdicts.ts';
import { nudgeAfter, type VoteDeps } from './votes.ts';

export interface Undone {
  /** Answers that were taken back: each may have said something about several faces. */
  readonly answers: number;
  /** What the last one of them was about; null: none was taken back. */
  readonly last: AnsweredAbout | null;
  readonly changes: readonly VerdictChange[];
  /** Statements on the wiki that lost their match by it. They stay there until somebody takes them back. */
  readonly listed: readonly ListedClaim[];
}

export interface AnsweredAbout {
  /** null: it was given to no question of a chat. */
  readonly questionId: number | null;
  /** Name of the person that it was asked about, or the first of them. */
  readonly label: string;
  /** Of the file; of several the first. */
  readonly title: string;
}

/**
 * Takes back the own last answers in a project, wherever they were given: afterwards everything counts as if they
 * had never been cast.
 * @param args.count how many answers; what was cast together is one
 * @param args.ballotId nothing is taken back unless this is the last one: pressing twice does not take back two
 * @throws VisavisError `forbidden` when the account is no member
 */
export async function undoAnswers(
  deps: VoteDeps,
  args: { projectId: number; accountId: number; count: number; ballotId?: number },
): Promise<Undone> {
  const { projectId, accountId, count, ballotId } = args;
  return undo(deps, args, async (trx) => {
    await enterProject(deps.store, trx, projectId, accountId);
    const last = await standingBallots(trx, projectId, accountId)
      .orderBy('id', 'desc')
      .limit(count)
      .execute();
    if (ballotId !== undefined && last[0]?.id !== ballotId) return [];
    if (actsAsAdministrator(trx)) {
      await audit(deps.store, trx, {
        at: deps.clock.now(),
        accountId,
        action: 'own answers undone',
        subject: `project ${projectId}`,
        detail: { answers: last.length },
      });
    }
    return last.map((ballot) => ballot.id);
  });
}

/**
 * An owner takes back what a member has answered since a time.
 * @param args.since UTC milliseconds
 * @throws VisavisError `forbidden`
 */
export async function undoMemberAnswers(
  deps: VoteDeps,
  args: { projectId: number; memberId: number; since: number; accountId: number },
): Promise<Undone> {
  const { projectId, memberId, since, accountId } = args;
  const { store, clock } = deps;
  return undo(deps, args, async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    const ballots = await standingBallots(trx, projectId, memberId).where('cast_at', '>=', since).execute();
    // Any number can stand in the address: who has said nothing here is not written about.
    if (ballots.length > 0) {
      await audit(store, trx, {
        at: clock.now(),
        accountId,
        action: 'answers undone',
        subject: `project ${projectId}`,
        detail: { member: memberId, since, answers: ballots.length },
      });
    }
    return ballots.map((ballot) => ballot.id);
  });
}

function standingBallots(trx: Trx, projectId: number, accountId: number) {
  return trx
    .selectFrom('ballots')
    .select('id')
    .where('project_id', '=', projectId)
    .where('account_id', '=', accountId)
    .where('undone_at', 'is', null);
}

async function undo(
  deps: VoteDeps,
  { projectId, accountId }: { projectId: number; accountId: number },
  choose: (trx: Trx) => Promise<number[]>,
): Promise<Undone> {
  const { store, clock, nudges } = deps;
  const undone = await store.transaction(async (trx) => {
    const ids = await choose(trx);
    const pairs = await takeOut(trx, ids, accountId, clock.now());
    const changes = await resettle(store, trx, projectId, pairs, clock.now());
    const last = ids.length === 0 ? null : await aboutBallot(trx, Math.max(...ids));
    return { answers: ids.length, last, changes, listed: await listedNow(trx, projectId, changes) };
  });
  if (undone.answers > 0) nudges.nudge('posts');
  nudgeAfter(deps, projectId, undone.changes);
  return undone;
}

/** Marks ballots as undone. @returns what they were about */
async function takeOut(trx: Trx, ballotIds: readonly number[], by: number, now: number): Promise<Pair[]> {
  const pairs: Pair[] = [];
  const undone_after = await lastVote(trx);
  for (const ids of inChunks(ballotIds)) {
    await trx
      .updateTable('ballots')
      .set({ undone_at: now, undone_by: by, undone_after })
      .where('id', 'in', ids)
      .execute();
    const rows = await trx
      .selectFrom('votes')
      .select(['face_id', 'person'])
      .distinct()
      .where('ballot_id', 'in', ids)
      .execute();
    pairs.push(...rows.map((row) => ({ faceId: row.face_id, person: row.person })));
  }
  return pairs;
}

/** Answers to checks are no votes. */
async function aboutBallot(trx: Trx, ballotId: number): Promise<AnsweredAbout | null> {
  for (const table of ['votes', 'check_answers'] as const) {
    const row = await trx
      .selectFrom(table)
      .innerJoin('faces', 'faces.id', `${table}.face_id`)
      .innerJoin('files', 'files.id', 'faces.file_id')
      .leftJoin('project_persons', (join) =>
        join
          .onRef('project_persons.project_id', '=', `${table}.project_id`)
          .onRef('project_persons.person', '=', `${table}.person`),
      )
      .select([`${table}.question_id`, `${table}.person`, 'label', 'title'])
      .where(`${table}.ballot_id`, '=', ballotId)
      .orderBy(`${table}.id`)
      .limit(1)
      .executeTakeFirst();
    if (row) return { questionId: row.question_id, label: row.label ?? row.person, title: row.title };
  }
  return null;
}

async function listedNow(
  trx: Db,
  projectId: number,
  changes: readonly VerdictChange[],
): Promise<ListedClaim[]> {
  const lost = changes.filter((change) => change.before === 'match');
  return listedForRemoval(
    trx,
    projectId,
    lost.map((change) => change.faceId),
  );
}
