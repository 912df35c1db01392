/** Projects whose only owner goes. Nobody is kept from going; the project waits for another owner. */
import { audit } from '../platform/audit.ts';
import { type Db, forUpdate, type Store, type Trx } from '../store/store.ts';
import { lockProject } from './members.ts';

/** The projects that would be left without an owner who can act: an owner who is blocked or barred may look, no more. */
export async function ownedAlone(db: Db, accountId: number): Promise<{ id: number; title: string }[]> {
  return db
    .selectFrom('project_members')
    .innerJoin('projects', 'projects.id', 'project_members.project_id')
    .select(['projects.id', 'projects.title'])
    .where('account_id', '=', accountId)
    .where('role', '=', 'owner')
    .where('status', '=', 'active')
    .where('projects.state', '!=', 'deleted')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('project_members as other')
            .innerJoin('account_profiles', 'account_profiles.account_id', 'other.account_id')
            .select('other.account_id')
            .whereRef('other.project_id', '=', 'projects.id')
            .where('other.account_id', '!=', accountId)
            .where('other.role', '=', 'owner')
            .where('other.status', '=', 'active')
            .where('blocked', '=', 0)
            .where('barred', 'is', null),
        ),
      ),
    )
    .orderBy('projects.id')
    .execute();
}

/**
 * An account that is being forgotten owns nothing any more and invites nobody; what it owned alone is paused, with the
 * reason, until an administrator of the site has made a member its owner. In the transaction of the forgetting, first of
 * all: projects are locked before anything else.
 * @returns the projects that are paused by it
 */
export async function giveUpProjects(
  store: Store,
  trx: Trx,
  { accountId, now }: { accountId: number; now: number },
): Promise<number[]> {
  const owned = await trx
    .selectFrom('project_members')
    .select('project_id')
    .where('account_id', '=', accountId)
    .where('role', '=', 'owner')
    .orderBy('project_id')
    .execute();
  for (const { project_id } of owned) await lockProject(store, trx, project_id);
  const alone = await ownedAlone(trx, accountId);
  for (const { id } of alone) {
    await trx
      .updateTable('projects')
      .set({ state: 'paused', paused_reason: 'ownerless' })
      .where('id', '=', id)
      // What is completed stays so.
      .where('state', 'in', ['active', 'paused'])
      .execute();
    const entry = { at: now, accountId: null, subject: `project ${id}` };
    await audit(store, trx, { ...entry, action: 'project paused itself', detail: { reason: 'ownerless' } });
  }
  await trx
    .updateTable('project_members')
    .set({ role: 'member' })
    .where('account_id', '=', accountId)
    .where('role', '=', 'owner')
    .execute();
  await trx.deleteFrom('channel_codes').where('created_by', '=', accountId).execute();
  await revokeInvitationsOf(store, trx, accountId, now);
  return alone.map((project) => project.id);
}

async function revokeInvitationsOf(store: Store, trx: Trx, accountId: number, now: number): Promise<void> {
  const open = await forUpdate(
    store,
    trx
      .selectFrom('invitations')
      .select(['id', 'project_id'])
      .where('created_by', '=', accountId)
      .where('revoked_at', 'is', null)
      .where('expires_at', '>', now),
  ).execute();
  for (const { id, project_id } of open) {
    await trx.updateTable('invitations').set({ revoked_at: now }).where('id', '=', id).execute();
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'invitation revoked',
      subject: `project ${project_id}`,
      detail: { invitation: id },
    });
  }
}
