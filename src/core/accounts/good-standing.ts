import { VisavisError } from '../platform/errors.ts';
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
  if (!row) throw new VisavisError('not_signed_in', 'Please sign in with your Wikimedia account first.');
  if (row.blocked === 1) {
    throw new VisavisError(
      'forbidden',
      'Your account is blocked on the wiki, so you can look but not take part.',
    );
  }
  if (row.barred !== null) {
    throw new VisavisError('forbidden', `You can look but not take part here: ${row.barred}.`);
  }
}
