import { isAdmin } from '../../core/accounts/admins.ts';
import { accountOfIdentity } from '../../core/accounts/linking.ts';
import type { Store } from '../../core/store/store.ts';

/**
 * Who may have the bot in a room: linked owners of a project that is not deleted, and administrators; nobody whom the
 * wiki or this site has blocked.
 */
export function createInviters(store: Store): (userId: string) => Promise<boolean> {
  return async (userId) => {
    const account = await accountOfIdentity(store, 'matrix', userId);
    if (!account || account.blocked) return false;
    if (await isAdmin(store.db, account.id)) return true;
    const owned = await store.db
      .selectFrom('project_members')
      .innerJoin('projects', 'projects.id', 'project_members.project_id')
      .select('projects.id')
      .where('project_members.account_id', '=', account.id)
      .where('project_members.role', '=', 'owner')
      .where('project_members.status', '=', 'active')
      .where('projects.state', '!=', 'deleted')
      .executeTakeFirst();
    return owned !== undefined;
  };
}
