import type { Store, Trx } from '../store/store.ts';
import { inChunks } from './pairs.ts';

/** Wiki user names by account; former members have none. */
export async function usernamesOf(
  db: Trx | Store['db'],
  accountIds: readonly number[],
): Promise<Map<number, string>> {
  const names = new Map<number, string>();
  for (const ids of inChunks([...new Set(accountIds)])) {
    const rows = await db
      .selectFrom('account_profiles')
      .select(['account_id', 'username'])
      .where('account_id', 'in', ids)
      .execute();
    for (const row of rows) names.set(row.account_id, row.username);
  }
  return names;
}
