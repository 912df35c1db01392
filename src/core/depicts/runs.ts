import { randomBytes } from 'node:crypto';
import { assertNotBlocked } from '../accounts/accounts.ts';
import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { VisavisError } from '../platform/errors.ts';
import type { Nudges } from '../platform/nudges.ts';
import { refusal } from '../platform/refusals.ts';
import { assertMember, enterProject } from '../projects/members.ts';
import type { RunKind, RunState } from '../store/schema.ts';
import { isDuplicate, type Store, type Trx } from '../store/store.ts';
import { type Pair, pairsToWrite, queueClaims, type Which } from './ledger.ts';
import { UNDOABLE } from './undoing.ts';

export interface RunDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
}

/**
 * The dry run: what would be written now. Changes nothing.
 * @returns takenBack: what was taken back and is written only by a run that is asked for it (`startRun`, `again`)
 */
export async function previewRun(
  store: Store,
  projectId: number,
): Promise<{ pairs: Pair[]; takenBack: Pair[] }> {
  return {
    pairs: await pairsToWrite(store.db, projectId),
    takenBack: await pairsToWrite(store.db, projectId, 'again'),
  };
}

/**
 * One press of "write": puts every pair that people agree on into the ledger, under the account of the one who
 * asks. Whatever was previewed, the rules are looked at again here, in the transaction.
 * @param args.again writes what was taken back, and nothing else
 * @throws VisavisError `forbidden`, `conflict` (nothing to write, or a run is under way)
 */
export async function startRun(
  deps: RunDeps,
  args: {
    projectId: number;
    accountId: number;
    again?: boolean;
    channelId?: number | null;
    messageId?: string | null;
  },
): Promise<number> {
  const id = await insertWriteRun(deps, args).catch((error: unknown) => {
    if (!isDuplicate(error)) throw error;
    // Another project put one of the pairs into the ledger at the same moment; now we see it there.
    return insertWriteRun(deps, args);
  });
  deps.nudges.nudge('work');
  return id;
}

/**
 * Tries one failed claim again, in a run of its own. Any member may, under the own account.
 * @throws VisavisError `not_found`, `forbidden`, `conflict` (it has not failed, people agree no more, a run is under way)
 */
export async function retryClaim(
  deps: RunDeps,
  args: { claimId: number; accountId: number },
): Promise<number> {
  const claim = await deps.store.db
    .selectFrom('sdc_claims')
    .select(['project_id', 'page_id', 'person', 'state'])
    .where('id', '=', args.claimId)
    .executeTakeFirst();
  if (!claim) throw refusal('claim-unknown');
  if (claim.state !== 'failed') throw refusal('claim-not-failed');
  const only = (pair: Pair) => pair.pageId === claim.page_id && pair.person === claim.person;
  const id = await insertWriteRun(deps, { projectId: claim.project_id, accountId: args.accountId }, only);
  deps.nudges.nudge('work');
  return id;
}

async function insertWriteRun(
  deps: RunDeps,
  args: Parameters<typeof startRun>[1],
  only: (pair: Pair) => boolean = () => true,
): Promise<number> {
  const { store, clock } = deps;
  return store.transaction(async (trx) => {
    await enterProject(store, trx, args.projectId, args.accountId);
    await assertNotBlocked(trx, args.accountId);
    await assertNoRun(trx, args.projectId);
    const which = args.again ? 'again' : 'new';
    const pairs = (await pairsToWrite(trx, args.projectId, which)).filter(only);
    const runId = await insertRun(trx, deps, { ...args, kind: 'write', undoes: null });
    const queued = await queueClaims(store, trx, pairs, { ...args, id: runId, now: clock.now() });
    if (queued === 0) throw await nothingToWrite(trx, args.projectId, which);
    await audit(store, trx, {
      at: clock.now(),
      accountId: args.accountId,
      action: 'run started',
      subject: `run ${runId}`,
      detail: { project: args.projectId, claims: queued, ...(args.again ? { again: true } : {}) },
    });
    return runId;
  });
}

async function nothingToWrite(trx: Trx, projectId: number, asked: Which): Promise<VisavisError> {
  if (asked === 'again') return refusal('nothing-to-write-again');
  const { length } = await pairsToWrite(trx, projectId, 'again');
  return length > 0 ? refusal('only-taken-back', [length]) : refusal('nothing-to-write');
}

/**
 * Takes a run back: every statement of ours that it wrote. The own run as a member, any run as an owner. With
 * `claimId`, only that one.
 */
export async function startUndo(
  deps: RunDeps,
  args: {
    runId: number;
    accountId: number;
    claimId?: number;
    channelId?: number | null;
    messageId?: string | null;
  },
): Promise<number> {
  const { store, clock, nudges } = deps;
  const id = await store.transaction(async (trx) => {
    const run = await trx.selectFrom('runs').selectAll().where('id', '=', args.runId).executeTakeFirst();
    if (run?.kind !== 'write') throw refusal('run-unknown');
    const own = run.account_id === args.accountId;
    await enterProject(store, trx, run.project_id, args.accountId, own ? 'member' : 'owner');
    await assertNotBlocked(trx, args.accountId);
    await assertNoRun(trx, run.project_id);
    const undoId = await insertRun(trx, deps, {
      projectId: run.project_id,
      accountId: args.accountId,
      channelId: args.channelId ?? null,
      messageId: args.messageId ?? null,
      kind: 'undo',
      undoes: run.id,
    });
    const result = await trx
      .updateTable('sdc_claims')
      .set({ state: 'removing', reason: null, undo_run_id: undoId, changed_at: clock.now() })
      .where('run_id', '=', run.id)
      .where('state', 'in', UNDOABLE)
      .$if(args.claimId !== undefined, (query) => query.where('id', '=', args.claimId ?? 0))
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) {
      throw refusal('nothing-to-undo');
    }
    await audit(store, trx, {
      at: clock.now(),
      accountId: args.accountId,
      action: 'undo started',
      subject: `run ${undoId}`,
      detail: { undoes: run.id, claims: Number(result.numUpdatedRows) },
    });
    return undoId;
  });
  nudges.nudge('work');
  return id;
}

/** Ends a run within five claims (SECURITY.md, S15). Any member may stop any run of the project. */
export async function requestStop(deps: RunDeps, args: { runId: number; accountId: number }): Promise<void> {
  const { store, clock, nudges } = deps;
  await store.transaction(async (trx) => {
    const run = await trx
      .selectFrom('runs')
      .select(['project_id', 'state', 'stop_requested_at'])
      .where('id', '=', args.runId)
      .executeTakeFirst();
    if (!run) throw refusal('run-unknown');
    await assertMember(store, trx, run.project_id, args.accountId);
    if (run.stop_requested_at !== null || !ACTIVE.includes(run.state)) return;
    await trx
      .updateTable('runs')
      .set({ stop_requested_at: clock.now() })
      .where('id', '=', args.runId)
      .execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId: args.accountId,
      action: 'stop requested',
      subject: `run ${args.runId}`,
    });
  });
  nudges.nudge('work');
}

export const ACTIVE: readonly RunState[] = ['waiting', 'working', 'paused'];

async function assertNoRun(trx: Trx, projectId: number): Promise<void> {
  const active = await trx
    .selectFrom('runs')
    .select('id')
    .where('project_id', '=', projectId)
    .where('state', 'in', ACTIVE)
    .executeTakeFirst();
  if (active) throw refusal('run-active', [active.id]);
}

async function insertRun(
  trx: Trx,
  { clock }: RunDeps,
  run: {
    projectId: number;
    accountId: number;
    channelId?: number | null;
    messageId?: string | null;
    kind: RunKind;
    undoes: number | null;
  },
): Promise<number> {
  const { id } = await trx
    .insertInto('runs')
    .values({
      project_id: run.projectId,
      account_id: run.accountId,
      kind: run.kind,
      undoes: run.undoes,
      state: 'waiting',
      reason: null,
      // EditGroups takes 4 to 32 hexadecimal digits.
      edit_group: randomBytes(8).toString('hex'),
      stop_requested_at: null,
      created_at: clock.now(),
      retry_at: null,
      finished_at: null,
      channel_id: run.channelId ?? null,
      message_id: run.messageId ?? null,
      reported: null,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}
