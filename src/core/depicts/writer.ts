import type { Clock } from '../platform/clock.ts';
import { describeError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import { assertLease, type Lease, releaseLease, renewLease, takeLease } from '../store/leases.ts';
import type { RunState } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import type { WikiAccount } from '../wiki/account.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { wikiErrorDetails } from '../wiki/wiki-error.ts';
import { noticeGone, openClaims, settleClaim, standing } from './claims.ts';
import { Interrupted, type Work, workOn } from './edits.ts';
import { createPersons } from './persons.ts';
import { ACTIVE } from './runs.ts';

/** Places between which a worker can be killed: see `unsafeTestHook`. */
export type WriterPoint = 'taken up' | 'read' | 'noted' | 'answered' | 'settled' | 'finishing';

export interface WriterDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: Pick<Wiki, 'readStatements' | 'setStatement' | 'removeStatement' | 'items'>;
  /** The account with its tokens, as the wiki client wants it. */
  readonly wikiAccount: (account: { id: number; username: string }) => WikiAccount;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
  /** Ceiling for each account; null: as fast as the wiki answers. */
  readonly editsPerMinute: number | null;
  /** For tests of sudden death alone: the writer waits here, so that it can be killed at a known place. */
  readonly unsafeTestHook?: (point: WriterPoint) => Promise<void>;
}

/** Longer than one write with all its repetitions (the wiki client gives up after two minutes). */
const LEASE_MS = 3 * 60_000;
const FIRST_RETRY_MS = 30_000;

interface Run {
  readonly id: number;
  readonly kind: 'write' | 'undo';
  /** null: the person was forgotten since. */
  readonly account: WikiAccount | null;
  readonly accountId: number;
  readonly editGroup: string;
}

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
  const { store, clock, wiki } = deps;
  const { account } = run;
  if (account === null) return finish(deps, lease, run, 'failed', 'its account is not known here any more');
  await deps.unsafeTestHook?.('taken up');
  const work: Work = {
    store,
    clock,
    lease,
    deps,
    signal,
    run: { ...run, account },
    persons: createPersons(wiki),
    restUntil: 0,
    mayGoOn: async () =>
      !signal?.aborted &&
      !(await stopRequested(store, run.id)) &&
      (await renewLease(store, lease, clock.now(), LEASE_MS)),
  };
  for (;;) {
    // Before anything is asked of the wiki, which may be what the run waits for.
    if (await stopRequested(store, run.id)) return finish(deps, lease, run, 'stopped');
    const claims = await openClaims(store, run);
    if (claims.length === 0) return finish(deps, lease, run, 'done');
    if (run.kind === 'write') await work.persons.lookUp(claims.map((claim) => claim.person));
    const read =
      run.kind === 'write'
        ? await wiki.readStatements([...new Set(claims.map((claim) => claim.page_id))])
        : NOTHING_READ;
    await noticeGone(work, read);
    await deps.unsafeTestHook?.('read');
    for (const claim of claims) {
      if (signal?.aborted) return setRunState(deps, lease, run.id, 'waiting', null);
      if (await stopRequested(store, run.id)) return finish(deps, lease, run, 'stopped');
      if (!(await renewLease(store, lease, clock.now(), LEASE_MS))) return;
      try {
        await workOn(work, claim, read.get(claim.page_id));
      } catch (error) {
        // The checks above say why.
        if (error instanceof Interrupted) break;
        throw error;
      }
      await deps.unsafeTestHook?.('settled');
      deps.nudges.nudge('runs');
      const rest = work.restUntil - clock.now();
      if (rest > 0) await clock.sleep(rest, signal);
    }
    if (signal?.aborted) return setRunState(deps, lease, run.id, 'waiting', null);
    if (!(await renewLease(store, lease, clock.now(), LEASE_MS))) return;
  }
}

/** Taking back needs no look before: each removal names its statement. */
const NOTHING_READ: Awaited<ReturnType<Wiki['readStatements']>> = new Map();

async function stopRequested(store: Store, runId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom('runs')
    .select('stop_requested_at')
    .where('id', '=', runId)
    .executeTakeFirst();
  return row === undefined || row.stop_requested_at !== null;
}

/**
 * Claims that a stopped run did not get to go out of the ledger, so that they can be written another time. One for
 * which a request went out at some time keeps its statement id: the wiki may have it.
 */
async function finish(
  deps: WriterDeps,
  lease: Lease,
  run: Run,
  state: 'done' | 'stopped' | 'failed',
  why: string | null = null,
): Promise<void> {
  const { store, clock, nudges, log } = deps;
  await deps.unsafeTestHook?.('finishing');
  if (run.kind === 'write' && state !== 'done') await findWritten(deps, lease, run);
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    let reason = why;
    if (run.kind === 'write') {
      await trx
        .deleteFrom('sdc_claims')
        .where('run_id', '=', run.id)
        .where('state', '=', 'queued')
        .where('sent_at', 'is', null)
        .execute();
      await trx
        .updateTable('sdc_claims')
        .set({ state: 'failed', reason: 'the run ended in the middle of it' })
        .where('run_id', '=', run.id)
        .where('state', 'in', ['queued', 'writing'])
        .execute();
    } else {
      await trx
        .updateTable('sdc_claims')
        .set({ state: 'written', reason: 'the undo ended before it' })
        .where('undo_run_id', '=', run.id)
        .where('state', '=', 'removing')
        .execute();
      reason ??= await whatStayed(trx, run.id);
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

/** What an undo could not take back, for the person who wanted it; the claims say why. */
async function whatStayed(trx: Trx, runId: number): Promise<string | null> {
  const { stayed } = await trx
    .selectFrom('sdc_claims')
    .select((eb) => eb.fn.countAll<number>().as('stayed'))
    .where('undo_run_id', '=', runId)
    .where('state', '=', 'written')
    .executeTakeFirstOrThrow();
  if (Number(stayed) === 0) return null;
  return `${stayed} ${Number(stayed) === 1 ? 'statement' : 'statements'} could not be taken back; the reason stands with each`;
}

/**
 * Claims that were being written when their worker ended: those that reached the wiki are ours, and can be taken
 * back. Those that cannot be looked at now keep their statement id, so that a later run recognises them.
 */
async function findWritten(deps: WriterDeps, lease: Lease, run: Run): Promise<void> {
  const { store, clock } = deps;
  const claims = await openClaims(store, run, 'writing');
  if (claims.length === 0) return;
  const pages = [...new Set(claims.map((claim) => claim.page_id))];
  const statements = await deps.wiki.readStatements(pages).catch(() => null);
  for (const claim of claims) {
    if (statements && standing(claim, statements.get(claim.page_id)) === 'ours')
      await settleClaim({ store, clock, lease, run }, claim, { state: 'written', reason: null });
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
