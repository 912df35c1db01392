import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { reasonOf } from '../platform/reasons.ts';
import { refusal } from '../platform/refusals.ts';
import { type Db, isDuplicate, type Store, type Trx } from '../store/store.ts';
import { assertAdmin, isAdmin } from './admins.ts';
import { barOf, barReason, candidateOf, type EligibilityRules, OPEN_TO_ALL } from './eligibility.ts';

/*
 * Accounts that administrators have blocked on this site. A block passes the same gate as the operator's rules: it
 * stands in the profile as `barred`, which every act looks at in its transaction (`good-standing.ts`). It is kept under
 * the opaque account id, so whoever deletes their data and comes back is blocked still.
 */

export interface SiteBlockDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  /** As at a sign-in. */
  readonly rules?: EligibilityRules;
}

const LONGEST_REASON = 1000;

/** What the account is refused with, as `reasons.ts` keeps it; null: it is not blocked here. */
export async function siteBlockOf(db: Db, accountId: number): Promise<string | null> {
  const row = await db
    .selectFrom('site_blocks')
    .select('reason')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row ? blockReason(row.reason) : null;
}

/**
 * From now on the account may look, no more: answers, edits and decisions are refused, it is signed out everywhere,
 * and its runs stop as by "stop". What it has said counts until an owner decides otherwise.
 * @param args.reason the person reads it
 * @throws VisavisError `forbidden`, `not_found`, `bad_input` (no reason), `conflict` (it is blocked, or administrates)
 */
export async function blockAccount(
  { store, clock, nudges }: SiteBlockDeps,
  args: { accountId: number; blockedId: number; reason: string },
): Promise<void> {
  const why = args.reason.trim();
  if (why === '' || why.length > LONGEST_REASON) throw refusal('account-block-reason', [LONGEST_REASON]);
  await store.transaction(async (trx) => {
    const now = clock.now();
    await assertAdmin(trx, args.accountId);
    await assertKnown(trx, args.blockedId);
    if (await isAdmin(trx, args.blockedId)) throw refusal('account-administrates');
    await trx
      .insertInto('site_blocks')
      .values({ account_id: args.blockedId, reason: why, blocked_by: args.accountId, blocked_at: now })
      .execute()
      .catch((error: unknown) => {
        throw isDuplicate(error) ? refusal('account-blocked-already') : error;
      });
    await setBarred(trx, args.blockedId, blockReason(why));
    await trx.deleteFrom('sessions').where('account_id', '=', args.blockedId).execute();
    await trx
      .updateTable('runs')
      .set({ stop_requested_at: now })
      .where('account_id', '=', args.blockedId)
      .where('state', 'in', ['waiting', 'working', 'paused'])
      .where('stop_requested_at', 'is', null)
      .execute();
    await audit(store, trx, {
      at: now,
      accountId: args.accountId,
      action: 'account blocked',
      subject: `account ${args.blockedId}`,
      detail: { reason: why },
    });
  });
  nudges.nudge('work');
}

/**
 * The account may take part again, where the operator's rules and the wiki let it.
 * @throws VisavisError `forbidden`, `not_found` when it is not blocked here
 */
export async function unblockAccount(
  { store, clock, rules = OPEN_TO_ALL }: SiteBlockDeps,
  args: { accountId: number; blockedId: number },
): Promise<void> {
  await store.transaction(async (trx) => {
    const now = clock.now();
    await assertAdmin(trx, args.accountId);
    const result = await trx
      .deleteFrom('site_blocks')
      .where('account_id', '=', args.blockedId)
      .executeTakeFirst();
    if (result.numDeletedRows === 0n) throw refusal('account-not-blocked');
    const profile = await trx
      .selectFrom('account_profiles')
      .select(['username', 'edit_count', 'user_groups', 'registered_at'])
      .where('account_id', '=', args.blockedId)
      .executeTakeFirst();
    const bar = profile && barOf(rules, candidateOf(profile), now);
    await setBarred(trx, args.blockedId, bar ? barReason(bar) : null);
    await audit(store, trx, {
      at: now,
      accountId: args.accountId,
      action: 'account unblocked',
      subject: `account ${args.blockedId}`,
    });
  });
}

async function assertKnown(trx: Trx, accountId: number): Promise<void> {
  const row = await trx
    .selectFrom('account_profiles')
    .select('account_id')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!row) throw refusal('account-unknown');
}

async function setBarred(trx: Trx, accountId: number, barred: string | null): Promise<void> {
  await trx.updateTable('account_profiles').set({ barred }).where('account_id', '=', accountId).execute();
}

function blockReason(why: string): string {
  return reasonOf(refusal('blocked-here', [why]));
}
