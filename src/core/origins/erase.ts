import type { Store, Trx } from '../store/store.ts';
import { knownCentralUser } from './central-id.ts';
import { noteChange } from './entries.ts';

/** Everything about an account's data sources, before its profile with the central id goes. */
export async function eraseDataSources(
  store: Store,
  trx: Trx,
  accountId: number,
  now: number,
): Promise<void> {
  const user = await knownCentralUser(trx, accountId);
  if (user !== null) {
    const { numDeletedRows } = await trx
      .deleteFrom('csp_sources')
      .where('csp_user', '=', user)
      .executeTakeFirst();
    for (const table of ['csp_source_details', 'csp_pending', 'csp_own_violations', 'csp_changes'] as const)
      await trx.deleteFrom(table).where('csp_user', '=', user).execute();
    // Wikis must let go of their copy too, and the central id stays nowhere.
    if (numDeletedRows > 0n) await noteChange(store, trx, null, now);
  }
  for (const table of ['csp_approvals', 'passkeys', 'account_notices'] as const)
    await trx.deleteFrom(table).where('account_id', '=', accountId).execute();
}
