import { VisavisError } from '../platform/errors.ts';
import { readReason } from '../platform/reasons.ts';
import { refusal } from '../platform/refusals.ts';
import type { Trx } from '../store/store.ts';

/**
 * Whether the account is neither blocked on the wiki nor barred by the operator's rules; otherwise it may look, no
 * more. @throws VisavisError `forbidden`, `not_signed_in` when it was forgotten
 */
export async function assertInGoodStanding(trx: Trx, accountId: number): Promise<void> {
  const row = await trx
    .selectFrom('account_profiles')
    .select(['blocked', 'barred'])
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!row) throw refusal('sign-in-first');
  if (row.blocked === 1) {
    throw refusal('blocked-on-wiki');
  }
  if (row.barred !== null) {
    const { text, say } = readReason(row.barred);
    throw say ? new VisavisError('forbidden', text, { say }) : refusal('barred', [text]);
  }
}
