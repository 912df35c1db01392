import { VisavisError } from '../platform/errors.ts';
import type { Trx } from '../store/store.ts';
import { assertNotBlocked } from './accounts.ts';

/**
 * Inside the transaction that changes something, as every right is checked.
 * @param admins wiki user names from VISAVIS_ADMINS
 * @throws VisavisError `forbidden`
 */
export async function assertAdmin(trx: Trx, admins: readonly string[], accountId: number): Promise<void> {
  const row = await trx
    .selectFrom('account_profiles')
    .select('username')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!row || !admins.includes(row.username))
    throw new VisavisError('forbidden', 'Only administrators of this site can do that.');
  await assertNotBlocked(trx, accountId);
}
