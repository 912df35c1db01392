import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import { refusal } from '../platform/refusals.ts';
import { enterProject, lockRole } from '../projects/members.ts';
import type { PausedReason } from '../store/schema.ts';
import { forUpdateSkipLocked, type Store, type Trx } from '../store/store.ts';
import { agreements } from './agreement.ts';
import type { VoteDeps } from './votes.ts';

export interface CareDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
}

/** Each project is looked at this often. */
const CARE_EVERY_MS = 60_000;
/** So many answers must be there before a member is judged, and this share of them must agree. */
const LEAST_JUDGED = 20;
const LEAST_AGREED = 0.8;
/** Of the last so many edits or verdicts; fewer than this taken back are no reason to pause. */
const LOOKED_AT = 50;
const LEAST_TAKEN_BACK = 5;

/**
 * A piece of work: looks after one active project. Members who are wrong too often are put on probation, when the
 * project is careful; a project whose edits were taken back on the wiki, or whose verdicts owners overturned, too
 * often is paused, with the reason, until an owner lets it go on.
 * @returns whether there was one to look at
 */
export async function careStep(deps: CareDeps): Promise<boolean> {
  const { store, clock, nudges, log } = deps;
  const done = await store.transaction(async (trx) => {
    const now = clock.now();
    const project = await forUpdateSkipLocked(
      store,
      trx
        .selectFrom('projects')
        .select(['id', 'careful', 'pause_percent', 'paused_reason', 'resumed_at'])
        .where('state', '=', 'active')
        .where((eb) => eb.or([eb('cared_at', 'is', null), eb('cared_at', '<=', now - CARE_EVERY_MS)]))
        .orderBy('cared_at')
        .orderBy('id')
        .limit(1),
    ).executeTakeFirst();
    if (!project) return null;
    // It paused itself and is active again: an owner has let it go on. What was before is forgiven.
    const resumed = project.paused_reason === 'reverted' || project.paused_reason === 'overturned';
    const since = resumed ? now : (project.resumed_at ?? -1);
    if (project.careful === 1) await putOnProbation(store, trx, project.id, now);
    const reason =
      project.pause_percent === 0 ? null : await reasonToPause(trx, project.id, project.pause_percent, since);
    await trx
      .updateTable('projects')
      .set({
        cared_at: now,
        ...(project.paused_reason !== null ? { paused_reason: null } : {}),
        ...(resumed ? { resumed_at: now } : {}),
        ...(reason ? { state: 'paused', paused_reason: reason } : {}),
      })
      .where('id', '=', project.id)
      .execute();
    if (reason) {
      await audit(store, trx, {
        at: now,
        accountId: null,
        action: 'project paused itself',
        subject: `project ${project.id}`,
        detail: { reason },
      });
    }
    return { id: project.id, reason };
  });
  if (done?.reason) {
    log.warn({ project: done.id, reason: done.reason }, 'a project has paused itself');
    nudges.nudge('posts');
    nudges.nudge(`project:${done.id}`);
  }
  return done !== null;
}

/** Why a project paused itself; null when it did not, or goes on. */
export async function pausedReason(store: Store, projectId: number): Promise<PausedReason | null> {
  const row = await store.db
    .selectFrom('projects')
    .select('paused_reason')
    .where('id', '=', projectId)
    .where('state', '=', 'paused')
    .executeTakeFirst();
  return row?.paused_reason ?? null;
}

async function putOnProbation(store: Store, trx: Trx, projectId: number, now: number): Promise<void> {
  for (const { accountId, judged, agreed } of await agreements(trx, projectId)) {
    if (judged < LEAST_JUDGED || agreed / judged >= LEAST_AGREED) continue;
    const result = await trx
      .updateTable('project_members')
      .set({ probation_at: now })
      .where('project_id', '=', projectId)
      .where('account_id', '=', accountId)
      .where('status', '=', 'active')
      .where('probation_at', 'is', null)
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) continue;
    await audit(store, trx, {
      at: now,
      accountId: null,
      action: 'member put on probation',
      subject: `project ${projectId}`,
      detail: { member: accountId, judged, agreed },
    });
  }
}

/** @param since only what happened after this counts */
async function reasonToPause(
  trx: Trx,
  projectId: number,
  percent: number,
  since: number,
): Promise<PausedReason | null> {
  const tooMany = (looked: number, takenBack: number) =>
    takenBack >= LEAST_TAKEN_BACK && takenBack * 100 >= looked * percent;
  const edits = await trx
    .selectFrom('sdc_claims')
    .select(['sent_at', 'gone_at'])
    .where('project_id', '=', projectId)
    .where('sent_at', '>', since)
    .where((eb) => eb.or([eb('state', '=', 'written'), eb('gone_at', 'is not', null)]))
    .orderBy('sent_at', 'desc')
    .orderBy('id', 'desc')
    .limit(LOOKED_AT)
    .execute();
  if (tooMany(edits.length, edits.filter((edit) => edit.gone_at !== null).length)) return 'reverted';
  const verdicts = await trx
    .selectFrom('verdicts')
    .select((eb) => [
      'verdicts.source',
      eb
        .exists(
          eb
            .selectFrom('votes')
            .leftJoin('ballots', 'ballots.id', 'votes.ballot_id')
            .select('votes.id')
            .whereRef('votes.project_id', '=', 'verdicts.project_id')
            .whereRef('votes.face_id', '=', 'verdicts.face_id')
            .whereRef('votes.person', '=', 'verdicts.person')
            .where('votes.overrides', '=', 1)
            .where('ballots.undone_at', 'is', null),
        )
        .as('overridden'),
    ])
    .where('verdicts.project_id', '=', projectId)
    .where('verdicts.verdict', 'in', ['match', 'no_match'])
    .where('verdicts.source', '!=', 'bootstrap')
    .where('verdicts.changed_at', '>', since)
    .orderBy('verdicts.changed_at', 'desc')
    .orderBy('verdicts.face_id', 'desc')
    .limit(LOOKED_AT)
    .execute();
  const overturned = verdicts.filter((row) => row.source === 'owner' && Number(row.overridden) === 1);
  return tooMany(verdicts.length, overturned.length) ? 'overturned' : null;
}

/**
 * An owner ends a member's probation: what it says from now on counts as everybody's, and its earlier answers are
 * not held against it any more. @throws VisavisError `forbidden`, `not_found`
 */
export async function liftProbation(
  { store, clock }: VoteDeps,
  args: { projectId: number; memberId: number; accountId: number },
): Promise<void> {
  await store.transaction(async (trx) => {
    const now = clock.now();
    await enterProject(store, trx, args.projectId, args.accountId, 'owner');
    const member = await lockRole(store, trx, args.projectId, args.memberId);
    if (!member?.onProbation) throw refusal('not-on-probation');
    await trx
      .updateTable('project_members')
      .set({ probation_at: null, probation_lifted_at: now })
      .where('project_id', '=', args.projectId)
      .where('account_id', '=', args.memberId)
      .execute();
    await audit(store, trx, {
      at: now,
      accountId: args.accountId,
      action: 'probation ended',
      subject: `project ${args.projectId}`,
      detail: { member: args.memberId },
    });
  });
}

export interface CareSettings {
  /** One question in so many is a check, 2 to 1000; 0: never. */
  readonly checkEvery: number;
  /** Put members who are wrong too often on probation. */
  readonly careful: boolean;
  /** Pause when so many of the last edits or verdicts were taken back, 1 to 100 percent; 0: never. */
  readonly pausePercent: number;
}

/** @throws VisavisError `bad_input` in words for the form, `forbidden` */
export async function changeCare(
  { store, clock }: VoteDeps,
  args: CareSettings & { projectId: number; accountId: number },
): Promise<void> {
  const isWhole = (value: number, low: number, high: number) =>
    Number.isInteger(value) && value >= low && value <= high;
  if (args.checkEvery !== 0 && !isWhole(args.checkEvery, 2, 1000)) throw refusal('check-every');
  if (!isWhole(args.pausePercent, 0, 100)) throw refusal('pause-share');
  const { checkEvery, careful, pausePercent } = args;
  await store.transaction(async (trx) => {
    await enterProject(store, trx, args.projectId, args.accountId, 'owner');
    await trx
      .updateTable('projects')
      .set({ check_every: checkEvery, careful: careful ? 1 : 0, pause_percent: pausePercent })
      .where('id', '=', args.projectId)
      .execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId: args.accountId,
      action: 'care changed',
      subject: `project ${args.projectId}`,
      detail: { checkEvery, careful, pausePercent },
    });
  });
}
