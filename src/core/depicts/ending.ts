import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import { reason } from '../platform/reasons.ts';
import { assertLease } from '../store/leases.ts';
import type { Trx } from '../store/store.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { openClaims, settleClaim, type Writing } from './claims.ts';
import { GONE_BEFORE, whyGone } from './notice.ts';
import { createPersons } from './persons.ts';
import { standingNow } from './standing.ts';

export interface Ending extends Writing {
  readonly wiki: Pick<Wiki, 'readStatements' | 'items'>;
  readonly nudges: Nudges;
  readonly log: Log;
}

/** Whoever stops a run does not want to wait for a wiki that is away. */
const PATIENCE_MS = 10_000;

/** When a run ended while the wiki could not be read, what it left is looked at again after so long. */
const LOOK_AGAIN_MS = 60_000;

/**
 * Ends a run. What was under way when it was broken off is looked for on the wiki. Claims that it did not get to go
 * out of the ledger, so that they can be written another time; one for which a request went out at some time keeps
 * its statement id, because the wiki may have it. Statements that an undo did not get to stay written.
 */
export async function endRun(
  ending: Ending,
  state: 'done' | 'stopped' | 'failed',
  why: string | null = null,
): Promise<void> {
  const { store, clock, lease, run, nudges, log } = ending;
  const known = state === 'done' || (await settleLeft(ending));
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await letGo(trx, run, known);
    await trx
      .updateTable('runs')
      .set({
        state,
        reason: why ?? (run.kind === 'undo' ? await whatStayed(trx, run.id) : null),
        finished_at: clock.now(),
        retry_at: known ? null : clock.now() + LOOK_AGAIN_MS,
      })
      .where('id', '=', run.id)
      .execute();
  });
  log.info({ run: run.id, kind: run.kind, state }, 'run ended');
  nudges.nudge('runs');
  nudges.nudge('posts');
}

/** Looks again at what a run left behind that ended while the wiki could not be read. */
export async function lookAgain(ending: Ending): Promise<void> {
  const { store, clock, lease, run, nudges } = ending;
  const known = await settleLeft(ending);
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    if (known) await letGo(trx, run, true);
    await trx
      .updateTable('runs')
      .set({ retry_at: known ? null : clock.now() + LOOK_AGAIN_MS })
      .where('id', '=', run.id)
      .execute();
  });
  nudges.nudge('runs');
}

/**
 * Claims that were being worked on when their run was broken off: those that reached the wiki are done. The others
 * stay as they are.
 * @returns whether the wiki could be asked
 */
export async function settleLeft(ending: Ending): Promise<boolean> {
  const { store, wiki, run } = ending;
  const claims = await openClaims(store, run, 'writing');
  if (claims.length === 0) return true;
  const pages = [...new Set(claims.map((claim) => claim.page_id))];
  const read = await wiki.readStatements(pages, { budgetMs: PATIENCE_MS }).catch(() => null);
  if (!read) return false;
  const gone_at = ending.clock.now();
  const persons = createPersons(wiki);
  for (const claim of claims) {
    const found = await standingNow({ store, persons }, claim, read.get(claim.page_id)).catch(() => null);
    if (found === null) return false;
    if (typeof found === 'object' && 'changed' in found)
      await settleClaim(ending, claim, { state: 'removed', reason: whyGone(found), gone_at });
    else if (run.kind === 'write' && found === 'ours')
      await settleClaim(ending, claim, { state: 'written', reason: null });
    else if (run.kind === 'undo' && found !== 'ours')
      await settleClaim(ending, claim, { state: 'removed', reason: GONE_BEFORE });
  }
  return true;
}

/** @param known the wiki was asked about what was under way */
async function letGo(trx: Trx, run: Writing['run'], known: boolean): Promise<void> {
  if (run.kind === 'undo') {
    // Claims are taken back in their order, so only the first one can have been under way.
    const first = known ? undefined : await firstRemoving(trx, run.id);
    await trx
      .updateTable('sdc_claims')
      .set({ state: 'written', reason: reason('undo-ended') })
      .where('undo_run_id', '=', run.id)
      .where('state', '=', 'removing')
      .where('id', '!=', first ?? 0)
      .execute();
    return;
  }
  await trx
    .deleteFrom('sdc_claims')
    .where('run_id', '=', run.id)
    .where('state', '=', 'queued')
    .where('sent_at', 'is', null)
    .execute();
  await trx
    .updateTable('sdc_claims')
    .set({ state: 'failed', reason: reason('run-ended') })
    .where('run_id', '=', run.id)
    .where('state', 'in', known ? ['queued', 'writing'] : ['queued'])
    .execute();
}

async function firstRemoving(trx: Trx, runId: number): Promise<number | undefined> {
  const row = await trx
    .selectFrom('sdc_claims')
    .select('id')
    .where('undo_run_id', '=', runId)
    .where('state', '=', 'removing')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
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
  return reason('run-stayed', [Number(stayed)]);
}
