import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import { describeError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import { assertLease, type Lease, releaseLease, renewLease, takeLease } from '../store/leases.ts';
import type { ClaimState, RunState } from '../store/schema.ts';
import { forUpdate, type Store } from '../store/store.ts';
import type { WikiAccount } from '../wiki/account.ts';
import { isSameStatement } from '../wiki/statement-id.ts';
import type { FileStatements } from '../wiki/statements.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { wikiErrorDetails } from '../wiki/wiki-error.ts';
import { ACTIVE } from './runs.ts';
import { editSummary } from './summary.ts';

export interface WriterDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: Pick<Wiki, 'readStatements' | 'setStatement' | 'removeStatement'>;
  /** The account with its tokens, as the wiki client wants it. */
  readonly wikiAccount: (account: { id: number; username: string }) => WikiAccount;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
  /** Ceiling for each account; null: as fast as the wiki answers. */
  readonly editsPerMinute: number | null;
}

/** Longer than one write with all its repetitions (the wiki client gives up after two minutes). */
const LEASE_MS = 3 * 60_000;
/** Entities that one read may name. */
const READ_BATCH = 50;
const FIRST_RETRY_MS = 30_000;

interface Claim {
  readonly id: number;
  readonly page_id: number;
  readonly person: string;
  readonly statement_id: string;
}

interface Run {
  readonly id: number;
  readonly kind: 'write' | 'undo';
  /** null: the person was forgotten since. */
  readonly account: WikiAccount | null;
  readonly accountId: number;
  readonly editGroup: string;
}

type WritableRun = Run & { readonly account: WikiAccount };

/**
 * Takes up one run that waits and works through its claims, one edit at a time. Between claims it looks whether
 * it shall stop and whether the run is still its own, so that nothing is written after either (PRODUCT S12, S15).
 * @returns whether there was something to do
 */
export async function writeStep(deps: WriterDeps, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = deps;
  for (const runId of await dueRuns(store, clock.now())) {
    const lease = await takeLease(store, {
      name: `run ${runId}`,
      owner: deps.workerId,
      now: clock.now(),
      ttl: LEASE_MS,
    });
    if (!lease) continue;
    try {
      const run = await takeUp(deps, lease, runId);
      if (!run) continue;
      await workThrough(deps, lease, run, signal).catch((error) => putOff(deps, lease, run, error));
    } catch (error) {
      if (describeError(error).code !== 'lease_lost') throw error;
    } finally {
      await releaseLease(store, lease);
    }
    return true;
  }
  return false;
}

/** Runs that wait for a worker. One that shall stop is due at once, whatever else it waits for. */
async function dueRuns(store: Store, now: number): Promise<number[]> {
  const rows = await store.db
    .selectFrom('runs')
    .select('id')
    .where((eb) =>
      eb.or([
        eb.and([
          eb('state', 'in', ['waiting', 'working']),
          eb.or([eb('retry_at', 'is', null), eb('retry_at', '<=', now)]),
        ]),
        eb.and([eb('state', 'in', ACTIVE), eb('stop_requested_at', 'is not', null)]),
      ]),
    )
    .orderBy('id')
    .execute();
  return rows.map((row) => row.id);
}

/** Marks the run as being worked on; null when another worker dealt with it before the lease was ours. */
async function takeUp(deps: WriterDeps, lease: Lease, runId: number): Promise<Run | null> {
  const { store, clock } = deps;
  const row = await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const run = await forUpdate(
      store,
      trx.selectFrom('runs').selectAll().where('id', '=', runId),
    ).executeTakeFirstOrThrow();
    const due = run.state !== 'paused' && (run.retry_at === null || run.retry_at <= clock.now());
    if (!ACTIVE.includes(run.state) || !(due || run.stop_requested_at !== null)) return null;
    await trx
      .updateTable('runs')
      .set({ state: 'working', reason: null, retry_at: null })
      .where('id', '=', runId)
      .execute();
    const profile = await trx
      .selectFrom('account_profiles')
      .select('username')
      .where('account_id', '=', run.account_id)
      .executeTakeFirst();
    return { ...run, username: profile?.username ?? null };
  });
  if (!row) return null;
  deps.nudges.nudge('runs');
  return {
    id: row.id,
    kind: row.kind,
    account: row.username === null ? null : deps.wikiAccount({ id: row.account_id, username: row.username }),
    accountId: row.account_id,
    editGroup: row.edit_group,
  };
}

async function workThrough(deps: WriterDeps, lease: Lease, run: Run, signal?: AbortSignal): Promise<void> {
  const { store, clock, wiki, editsPerMinute } = deps;
  if (run.account === null)
    return finish(deps, lease, run, 'failed', 'its account is not known here any more');
  for (;;) {
    // Before anything is asked of the wiki, which may be what the run waits for.
    if (await stopRequested(store, run.id)) return finish(deps, lease, run, 'stopped');
    const claims = await openClaims(store, run);
    if (claims.length === 0) return finish(deps, lease, run, 'done');
    const statements = await wiki.readStatements([...new Set(claims.map((claim) => claim.page_id))]);
    for (const claim of claims) {
      if (signal?.aborted) return setRunState(deps, lease, run.id, 'waiting', null);
      if (await stopRequested(store, run.id)) return finish(deps, lease, run, 'stopped');
      if (!(await renewLease(store, lease, clock.now(), LEASE_MS))) return;
      const edited = await workOn(
        deps,
        lease,
        { ...run, account: run.account },
        claim,
        statements.get(claim.page_id),
      );
      deps.nudges.nudge('runs');
      if (edited && editsPerMinute !== null) await clock.sleep(60_000 / editsPerMinute, signal);
    }
  }
}

/**
 * One claim. What concerns this file alone ends this claim with its reason; everything else is thrown and ends
 * or puts off the run.
 * @returns whether the wiki was edited
 */
async function workOn(
  deps: WriterDeps,
  lease: Lease,
  run: WritableRun,
  claim: Claim,
  statements: FileStatements | undefined,
): Promise<boolean> {
  try {
    return run.kind === 'write'
      ? await write(deps, lease, run, claim, statements)
      : await takeBack(deps, lease, run, claim);
  } catch (error) {
    const details = wikiErrorDetails(error);
    if (details?.kind !== 'this_file') throw error;
    // Refused when it was repeated: the first attempt, whose answer was lost, may have been taken.
    if (run.kind === 'write' && details.statement === 'unknown' && (await isOurs(deps, claim))) {
      await settleClaim(deps, lease, run, claim, { state: 'written', reason: null });
      return true;
    }
    // A statement that could not be taken back is still there, and still ours.
    const state = run.kind === 'write' ? 'failed' : 'written';
    await settleClaim(deps, lease, run, claim, { state, reason: describeError(error).message });
    return false;
  }
}

async function write(
  deps: WriterDeps,
  lease: Lease,
  run: WritableRun,
  claim: Claim,
  before: FileStatements | undefined,
): Promise<boolean> {
  const known = standing(claim, before);
  if (known === 'ours') {
    await settleClaim(deps, lease, run, claim, { state: 'written', reason: null });
    return false;
  }
  if (known === 'theirs') return leaveTheirs(deps, lease, run, claim);
  await settleClaim(deps, lease, run, claim, { state: 'writing', reason: null }, false);
  const answer = await deps.wiki.setStatement({
    pageId: claim.page_id,
    itemId: claim.person,
    statementId: claim.statement_id,
    summary: editSummary(run.kind, claim.person, run.editGroup),
    account: run.account,
  });
  if (answer.outcome === 'saved') {
    await settleClaim(deps, lease, run, claim, { state: 'written', reason: null, revision: answer.revision });
    return true;
  }
  // A statement with this person stands there: ours, if only the answer was lost. A read right after a write may
  // come from a copy of the database that is a little behind, so look twice before it is called somebody else's.
  for (let look = 1; look <= 2; look++) {
    const after = (await deps.wiki.readStatements([claim.page_id])).get(claim.page_id);
    if (standing(claim, after) === 'ours') {
      await settleClaim(deps, lease, run, claim, {
        state: 'written',
        reason: null,
        revision: after?.revision ?? null,
      });
      return true;
    }
    if (look === 1) await deps.clock.sleep(5_000);
  }
  return leaveTheirs(deps, lease, run, claim);
}

async function leaveTheirs(deps: WriterDeps, lease: Lease, run: Run, claim: Claim): Promise<boolean> {
  const reason = 'somebody else had recorded this person already';
  await settleClaim(deps, lease, run, claim, { state: 'present', reason });
  return false;
}

async function takeBack(deps: WriterDeps, lease: Lease, run: WritableRun, claim: Claim): Promise<boolean> {
  const outcome = await deps.wiki.removeStatement({
    statementId: claim.statement_id,
    summary: editSummary(run.kind, claim.person, run.editGroup),
    account: run.account,
  });
  const reason = outcome === 'gone' ? 'it was not there any more' : null;
  await settleClaim(deps, lease, run, claim, { state: 'removed', reason });
  return outcome === 'removed';
}

/** Is the person in the file, and is it our statement that says so? */
function standing(claim: Claim, file: FileStatements | undefined): 'ours' | 'theirs' | 'none' {
  const statements = file?.statements ?? [];
  if (statements.some((statement) => isSameStatement(statement.id, claim.statement_id))) return 'ours';
  return statements.some((statement) => statement.itemId === claim.person) ? 'theirs' : 'none';
}

async function isOurs({ wiki }: WriterDeps, claim: Claim): Promise<boolean> {
  return standing(claim, (await wiki.readStatements([claim.page_id])).get(claim.page_id)) === 'ours';
}

async function settleClaim(
  { store, clock }: WriterDeps,
  lease: Lease,
  run: Run,
  claim: Claim,
  outcome: { state: ClaimState; reason: string | null; revision?: number | null },
  final = true,
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const now = clock.now();
    await trx
      .updateTable('sdc_claims')
      .set({ ...outcome, changed_at: now })
      .where('id', '=', claim.id)
      .execute();
    if (!final) return;
    await audit(store, trx, {
      at: now,
      accountId: run.accountId,
      action: `statement ${outcome.state}`,
      subject: `M${claim.page_id} ${claim.person}`,
      detail: { run: run.id, statement: claim.statement_id, ...outcome },
    });
  });
}

async function openClaims(store: Store, run: Run, only?: 'writing'): Promise<Claim[]> {
  const query = store.db
    .selectFrom('sdc_claims')
    .select(['id', 'page_id', 'person', 'statement_id'])
    .orderBy('id')
    .limit(READ_BATCH);
  const states: ClaimState[] = only ? [only] : ['queued', 'writing'];
  return run.kind === 'write'
    ? query.where('run_id', '=', run.id).where('state', 'in', states).execute()
    : query.where('undo_run_id', '=', run.id).where('state', '=', 'removing').execute();
}

async function stopRequested(store: Store, runId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom('runs')
    .select('stop_requested_at')
    .where('id', '=', runId)
    .executeTakeFirst();
  return row === undefined || row.stop_requested_at !== null;
}

/** Claims that a stopped run did not get to go out of the ledger, so that they can be written another time. */
async function finish(
  deps: WriterDeps,
  lease: Lease,
  run: Run,
  state: 'done' | 'stopped' | 'failed',
  reason: string | null = null,
): Promise<void> {
  const { store, clock, nudges, log } = deps;
  if (run.kind === 'write' && state !== 'done') await findWritten(deps, lease, run);
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    if (run.kind === 'write') {
      await trx.deleteFrom('sdc_claims').where('run_id', '=', run.id).where('state', '=', 'queued').execute();
      await trx
        .updateTable('sdc_claims')
        .set({ state: 'failed', reason: 'the run ended in the middle of it' })
        .where('run_id', '=', run.id)
        .where('state', '=', 'writing')
        .execute();
    } else {
      await trx
        .updateTable('sdc_claims')
        .set({ state: 'written', reason: 'the undo ended before it' })
        .where('undo_run_id', '=', run.id)
        .where('state', '=', 'removing')
        .execute();
    }
    await trx
      .updateTable('runs')
      .set({ state, reason, finished_at: clock.now() })
      .where('id', '=', run.id)
      .execute();
  });
  log.info({ run: run.id, kind: run.kind, state }, 'run ended');
  nudges.nudge('runs');
  nudges.nudge('posts');
}

/**
 * Claims that were being written when their worker ended: those that reached the wiki are ours, and can be taken
 * back. Those that cannot be looked at now keep their statement id, so that a later run recognises them.
 */
async function findWritten(deps: WriterDeps, lease: Lease, run: Run): Promise<void> {
  const claims = await openClaims(deps.store, run, 'writing');
  if (claims.length === 0) return;
  const pages = [...new Set(claims.map((claim) => claim.page_id))];
  const statements = await deps.wiki.readStatements(pages).catch(() => null);
  for (const claim of claims) {
    if (statements && standing(claim, statements.get(claim.page_id)) === 'ours')
      await settleClaim(deps, lease, run, claim, { state: 'written', reason: null });
  }
}

/** The wiki or the account is in the way: the claims stay, the run goes on later or when the link is renewed. */
async function putOff(deps: WriterDeps, lease: Lease, run: Run, error: unknown): Promise<void> {
  const { code, message } = describeError(error);
  if (code === 'lease_lost') return;
  const details = wikiErrorDetails(error);
  const kind =
    code === 'sign_in_refused' || code === 'not_signed_in' ? 'this_account' : (details?.kind ?? 'later');
  deps.log.warn({ run: run.id, code, kind }, message);
  if (kind === 'stop') return finish(deps, lease, run, 'failed', message);
  if (kind === 'this_account') return setRunState(deps, lease, run.id, 'paused', message);
  const pause = Math.max(details?.retryAfterMs ?? 0, FIRST_RETRY_MS);
  return setRunState(deps, lease, run.id, 'waiting', message, deps.clock.now() + pause);
}

async function setRunState(
  { store, nudges }: WriterDeps,
  lease: Lease,
  runId: number,
  state: RunState,
  reason: string | null,
  retryAt: number | null = null,
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await trx.updateTable('runs').set({ state, reason, retry_at: retryAt }).where('id', '=', runId).execute();
  });
  nudges.nudge('runs');
}
