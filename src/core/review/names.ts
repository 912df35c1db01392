import type { Db } from '../store/store.ts';
import { inChunks } from './pairs.ts';

/** Wiki user names by account; former members have none. */
export async function usernamesOf(db: Db, accountIds: readonly number[]): Promise<Map<number, string>> {
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

/** As `usernamesOf`, for messages in chats: whoever does not want to stand on the leaderboard is not named there either. */
export async function postedNamesOf(db: Db, accountIds: readonly number[]): Promise<Map<number, string>> {
  const names = await usernamesOf(db, accountIds);
  for (const ids of inChunks([...names.keys()])) {
    const hidden = await db
      .selectFrom('account_profiles')
      .select('account_id')
      .where('account_id', 'in', ids)
      .where('hidden', '=', 1)
      .execute();
    for (const row of hidden) names.delete(row.account_id);
  }
  return names;
}
