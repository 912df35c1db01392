import type { Clock } from '../platform/clock.ts';
import { describeError, VisavisError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { type Metrics, measured, noMetrics } from '../platform/metrics.ts';
import type { Nudges } from '../platform/nudges.ts';
import { reason, reasonOf } from '../platform/reasons.ts';
import { assertLease, type Lease, releaseLease, renewLease, takeLease } from '../store/leases.ts';
import type { RunState } from '../store/schema.ts';
import { forUpdate, type Store } from '../store/store.ts';
import type { WikiAccount } from '../wiki/account.ts';
import type { FileNow } from '../wiki/files-now.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { wikiErrorDetails } from '../wiki/wiki-error.ts';
import { type Claim, openClaims } from './claims.ts';
import { Interrupted, type Work, workOn } from './edits.ts';
import { type Ending, endRun, lookAgain, settleLeft } from './ending.ts';
import { noticeChanges } from './notice.ts';
import { createPersons } from './persons.ts';
import { ACTIVE } from './runs.ts';

/** Places between which a worker can be killed: see `unsafeTestHook`. */
export type WriterPoint = 'taken up' | 'read' | 'noted' | 'answered' | 'settled' | 'finishing';

export interface WriterDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: Pick<Wiki, 'readFilesNow' | 'readStatements' | 'setStatement' | 'removeStatement' | 'items'>;
  /** The account with its tokens, as the wiki client wants it. */
  readonly wikiAccount: (account: { id: number; username: string }) => WikiAccount;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
  readonly metrics?: Metrics;
  /** Ceiling for each account; null: as fast as the wiki answers. */
  readonly editsPerMinute: number | null;
  /** For tests of sudden death alone: the writer waits here, so that it can be killed at a known place. */
  readonly unsafeTestHook?: (point: WriterPoint) => Promise<void>;
}

/** Longer than one write with all its repetitions (the wiki client gives up after two minutes). */
const LEASE_MS = 3 * 60_000;
const FIRST_RETRY_MS = 30_000;
const LONGEST_REST_MS = 60_000;

interface Run {
  readonly id: number;
  readonly kind: 'write' | 'undo';
  /** null: the person was forgotten since. */
  readonly account: WikiAccount | null;
  readonly accountId: number;
  readonly editGroup: string;
  /** It is over, but nobody knows yet what became of its last edit. */
  readonly ended: boolean;
}

/**
 * Takes up one run that waits and works through its claims, one edit at a time. Between claims it looks whether
 * it shall stop and whether the run is still its own, so that nothing is written after either (SECURITY.md, S12, S15).
 * Several may be under way at once, here and in other processes, but each account writes in one of them at a time.
 * @returns whether there was something to do
 */
export async function writeStep(deps: WriterDeps, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = deps;
  const take = (name: string) =>
    takeLease(store, { name, owner: deps.workerId, now: clock.now(), ttl: LEASE_MS });
  for (const due of await dueRuns(store, clock.now())) {
    const turn = due.edits ? await take(`writes of account ${due.accountId}`) : null;
    if (due.edits && !turn) continue;
    try {
      const lease = await take(`run ${due.id}`);
      if (lease && (await writeRun(deps, { lease, turn }, due.id, signal))) return true;
    } finally {
      if (turn) await releaseLease(store, turn);
    }
  }
  return false;
}

/** What one writer holds: the run, and the account's turn to write unless nothing is written any more. */
interface Held {
  readonly lease: Lease;
  readonly turn: Lease | null;
}

/** @returns whether there was something to do */
async function writeRun(deps: WriterDeps, held: Held, runId: number, signal?: AbortSignal): Promise<boolean> {
  const { lease } = held;
  try {
    const run = await takeUp(deps, lease, runId);
    if (!run) return false;
    if (run.ended) await lookAgain(ending(deps, lease, run));
    else await workThrough(deps, held, run, signal).catch((error) => putOff(deps, lease, run, error));
  } catch (error) {
    if (describeError(error).code !== 'lease_lost') throw error;
  } finally {
    await releaseLease(deps.store, lease);
  }
  return true;
}

async function renew({ store, clock }: WriterDeps, { lease, turn }: Held): Promise<boolean> {
  const held = await renewLease(store, lease, clock.now(), LEASE_MS);
  return held && (turn === null || (await renewLease(store, turn, clock.now(), LEASE_MS)));
}

interface DueRun {
  readonly id: number;
  readonly accountId: number;
  /** It may write; otherwise it is only ended. */
  readonly edits: boolean;
}

/**
 * Runs that wait for a worker, and those that ended while the wiki was away (they have a `retry_at`). One that shall
 * stop is due at once, whatever else it waits for.
 */
async function dueRuns(store: Store, now: number): Promise<DueRun[]> {
  const rows = await store.db
    .selectFrom('runs')
    .select(['id', 'account_id', 'state', 'stop_requested_at'])
    .where((eb) =>
      eb.or([
        eb.and([
          eb('state', 'in', ['waiting', 'working']),
          eb.or([eb('retry_at', 'is', null), eb('retry_at', '<=', now)]),
        ]),
        eb.and([eb('state', 'in', ACTIVE), eb('stop_requested_at', 'is not', null)]),
        eb.and([eb('state', 'not in', ACTIVE), eb('retry_at', '<=', now)]),
      ]),
    )
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    accountId: row.account_id,
    edits: ACTIVE.includes(row.state) && row.stop_requested_at === null,
  }));
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
    const ended = !ACTIVE.includes(run.state);
    const late = run.retry_at !== null && run.retry_at <= clock.now();
    const due = run.state !== 'paused' && (run.retry_at === null || late);
    if (ended ? !late : !(due || run.stop_requested_at !== null)) return null;
    if (!ended) {
      await trx
        .updateTable('runs')
        .set({ state: 'working', reason: null, retry_at: null })
        .where('id', '=', runId)
        .execute();
    }
    const profile = await trx
      .selectFrom('account_profiles')
      .select('username')
      .where('account_id', '=', run.account_id)
      .executeTakeFirst();
    return { ...run, ended, username: profile?.username ?? null };
  });
  if (!row) return null;
  deps.nudges.nudge('runs');
  return {
    id: row.id,
    kind: row.kind,
    account: row.username === null ? null : deps.wikiAccount({ id: row.account_id, username: row.username }),
    accountId: row.account_id,
    editGroup: row.edit_group,
    ended: row.ended,
  };
}

function ending(deps: WriterDeps, lease: Lease, run: Run): Ending {
  const { store, clock, wiki, nudges, log } = deps;
  return { store, clock, wiki, nudges, log, lease, run };
}

/**
 * The account, whose token is given out only while the run is ours: a worker that was asleep for long must not send
 * what others have done, and perhaps taken back, meanwhile. Every attempt of the client asks for the token.
 */
function whileOurs(deps: WriterDeps, held: Held, account: WikiAccount): WikiAccount {
  const accessToken = async () => {
    if (await renew(deps, held)) return account.accessToken();
    throw new VisavisError('lease_lost', `another worker has taken over ${held.lease.name}`);
  };
  // Everything else is the account's own, its name too, which changes when it is renamed.
  return Object.assign(Object.create(account) as WikiAccount, { accessToken });
}

async function workThrough(deps: WriterDeps, held: Held, run: Run, signal?: AbortSignal): Promise<void> {
  const { store, clock } = deps;
  const { lease } = held;
  const { account } = run;
  if (account === null) return finish(deps, lease, run, 'failed', reason('run-account-gone'));
  await deps.unsafeTestHook?.('taken up');
  const count = (seconds: number, error: string | null) =>
    (deps.metrics ?? noMetrics).step('write', seconds, error);
  const kindOf = (error: unknown) => describeError(error).code;
  const work: Work = {
    store,
    clock,
    lease,
    deps,
    signal,
    run: { ...run, account: whileOurs(deps, held, account) },
    persons: createPersons(deps.wiki),
    restUntil: 0,
    mayGoOn: async () =>
      !signal?.aborted && !(await stopRequested(store, run.id)) && (await renew(deps, held)),
  };
  for (;;) {
    // Before anything is asked of the wiki, which may be what the run waits for.
    if (await stopRequested(store, run.id)) return finish(deps, lease, run, 'stopped');
    const claims = await openClaims(store, run);
    if (claims.length === 0) return finish(deps, lease, run, 'done');
    const read = await readFiles(work, claims);
    await noticeChanges(work, read);
    await deps.unsafeTestHook?.('read');
    for (const claim of claims) {
      if (signal?.aborted) return setRunState(deps, lease, run.id, 'waiting', null);
      if (await stopRequested(store, run.id)) return finish(deps, lease, run, 'stopped');
      if (!(await renew(deps, held))) return;
      try {
        await measured(count, () => workOn(work, claim, read.get(claim.page_id)), kindOf);
      } catch (error) {
        // The checks above say why.
        if (error instanceof Interrupted) break;
        throw error;
      }
      await deps.unsafeTestHook?.('settled');
      deps.nudges.nudge('runs');
      // No pace is slower than that; the clock may have been set back meanwhile.
      const rest = Math.min(work.restUntil - clock.now(), LONGEST_REST_MS);
      if (rest > 0) await clock.sleep(rest, signal);
    }
    if (signal?.aborted) return setRunState(deps, lease, run.id, 'waiting', null);
    if (!(await renew(deps, held))) return;
  }
}

/**
 * What stands on the files of these claims, in one request. For taking back only the statements count, also those of
 * a page that is a redirect by now.
 */
async function readFiles(
  { deps, run, persons }: Work,
  claims: readonly Claim[],
): Promise<ReadonlyMap<number, FileNow>> {
  const pages = [...new Set(claims.map((claim) => claim.page_id))];
  if (run.kind === 'write') {
    await persons.lookUp(claims.map((claim) => claim.person));
    return deps.wiki.readFilesNow(pages);
  }
  const read = await deps.wiki.readStatements(pages);
  return new Map([...read].map(([id, file]) => [id, { ...file, page: 'file' }]));
}

async function stopRequested(store: Store, runId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom('runs')
    .select('stop_requested_at')
    .where('id', '=', runId)
    .executeTakeFirst();
  return row === undefined || row.stop_requested_at !== null;
}

async function finish(
  deps: WriterDeps,
  lease: Lease,
  run: Run,
  state: 'done' | 'stopped' | 'failed',
  why: string | null = null,
): Promise<void> {
  await deps.unsafeTestHook?.('finishing');
  await endRun(ending(deps, lease, run), state, why);
}

/** The wiki or the account is in the way: the claims stay, the run goes on later or when the link is renewed. */
async function putOff(deps: WriterDeps, lease: Lease, run: Run, error: unknown): Promise<void> {
  const { code, message } = describeError(error);
  if (code === 'lease_lost') return;
  const details = wikiErrorDetails(error);
  const kind =
    code === 'sign_in_refused' || code === 'not_signed_in' ? 'this_account' : (details?.kind ?? 'later');
  deps.log.warn({ run: run.id, code, kind }, message);
  const why = reasonOf(error);
  if (kind === 'stop') return finish(deps, lease, run, 'failed', why);
  if (kind === 'this_account') {
    // It may wait for days now; what was under way must not look unwritten, and be written again, until then.
    await settleLeft(ending(deps, lease, run));
    return setRunState(deps, lease, run.id, 'paused', why);
  }
  const pause = Math.max(details?.retryAfterMs ?? 0, FIRST_RETRY_MS);
  return setRunState(deps, lease, run.id, 'waiting', why, deps.clock.now() + pause);
}

async function setRunState(
  { store, nudges }: WriterDeps,
  lease: Lease,
  runId: number,
  state: RunState,
  why: string | null,
  retryAt: number | null = null,
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await trx
      .updateTable('runs')
      .set({ state, reason: why, retry_at: retryAt })
      .where('id', '=', runId)
      .execute();
  });
  nudges.nudge('runs');
}
