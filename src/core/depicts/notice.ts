import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import { reason } from '../platform/reasons.ts';
import type { ClaimState } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { FileStatements } from '../wiki/statements.ts';
import type { Persons } from './persons.ts';
import { type Standing, standingNow } from './standing.ts';

export interface Noticing {
  readonly store: Store;
  readonly clock: Clock;
  readonly persons: Persons;
}

/** A read may come from a copy of the database that is behind: what was changed just now is not judged by it. */
const SETTLED_AFTER_MS = 10 * 60_000;

/** For what we took back. */
export const GONE_BEFORE = reason('gone-before');

/**
 * Brings the ledger up to date with files that were just read. A statement of ours that is not there was taken away
 * or changed by somebody: it leaves the ledger's count of what stands on the wiki, and is never added again. One that
 * the ledger believes gone and that stands there came back (a deleted file was restored, a removal was reverted, a
 * late edit arrived): it is ours, and can be taken back.
 */
export async function noticeChanges(
  work: Noticing,
  read: ReadonlyMap<number, FileStatements>,
): Promise<void> {
  // A file without structured data and one that was deleted look the same, and deleted files come back.
  const pages = [...read].filter(([, file]) => file.exists).map(([pageId]) => pageId);
  if (pages.length === 0) return;
  const known = await work.store.db
    .selectFrom('sdc_claims')
    .select(['id', 'page_id', 'person', 'statement_id', 'state'])
    .where('page_id', 'in', pages)
    .where('state', 'in', ['written', 'removed', 'failed'])
    .where('changed_at', '<', work.clock.now() - SETTLED_AFTER_MS)
    .execute();
  for (const claim of known) {
    const found = await standingNow(work, claim, read.get(claim.page_id));
    if (claim.state === 'written' && found !== 'ours') await note(work, claim, found);
    if (claim.state !== 'written' && found === 'ours') await note(work, claim, found);
  }
}

async function note(
  { store, clock }: Noticing,
  claim: { id: number; page_id: number; person: string; statement_id: string; state: ClaimState },
  found: Standing,
): Promise<void> {
  const now = clock.now();
  const [set, action] =
    found === 'ours'
      ? ([{ state: 'written', reason: null, gone_at: null }, 'statement found again'] as const)
      : ([{ state: 'removed', reason: whyGone(found), gone_at: now }, 'statement found gone'] as const);
  await store.transaction(async (trx) => {
    const result = await trx
      .updateTable('sdc_claims')
      .set({ ...set, changed_at: now })
      .where('id', '=', claim.id)
      .where('state', '=', claim.state)
      .where('statement_id', '=', claim.statement_id)
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) return;
    await audit(store, trx, {
      at: now,
      accountId: null,
      action,
      subject: `M${claim.page_id} ${claim.person}`,
      detail: { statement: claim.statement_id },
    });
  });
}

/** Why a statement that was ours is ours no more. */
export function whyGone(found: Standing): string {
  return typeof found === 'object' && 'changed' in found ? reason('changed') : reason('taken-away');
}
