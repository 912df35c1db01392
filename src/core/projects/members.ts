import { assertNotBlocked } from '../accounts/accounts.ts';
import { VisavisError } from '../platform/errors.ts';
import type { MemberRole } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';

export async function roleOf(store: Store, projectId: number, accountId: number): Promise<MemberRole | null> {
  const row = await store.db
    .selectFrom('project_members')
    .select('role')
    .where('project_id', '=', projectId)
    .where('account_id', '=', accountId)
    .where('status', '=', 'active')
    .executeTakeFirst();
  return row?.role ?? null;
}

/**
 * The role inside the transaction that changes something: the row stays locked, so that nobody is removed
 * between the check and the change.
 */
export async function lockRole(
  store: Store,
  trx: Trx,
  projectId: number,
  accountId: number,
): Promise<{ role: MemberRole; status: 'active' | 'banned' } | null> {
  const row = await forUpdate(
    store,
    trx
      .selectFrom('project_members')
      .select(['role', 'status'])
      .where('project_id', '=', projectId)
      .where('account_id', '=', accountId),
  ).executeTakeFirst();
  return row ?? null;
}

/** @throws VisavisError `forbidden`: no member, not the role, or blocked on the wiki */
export async function assertMember(
  store: Store,
  trx: Trx,
  projectId: number,
  accountId: number,
  needed: MemberRole = 'member',
): Promise<MemberRole> {
  const row = await lockRole(store, trx, projectId, accountId);
  if (row?.status !== 'active')
    throw new VisavisError('forbidden', 'Only members of this project can do that.');
  if (needed === 'owner' && row.role !== 'owner') {
    throw new VisavisError('forbidden', 'Only owners of this project can do that.');
  }
  await assertNotBlocked(trx, accountId);
  return row.role;
}

/**
 * Makes a linked account that answers in a bound channel a member, when the project is open (PRODUCT, "Who may
 * do what"). Returns whether the account may take part; a banned one may not.
 */
export async function joinIfOpen(
  store: Store,
  trx: Trx,
  projectId: number,
  accountId: number,
  now: number,
): Promise<boolean> {
  const known = await lockRole(store, trx, projectId, accountId);
  if (known) return known.status === 'active';
  const project = await trx
    .selectFrom('projects')
    .select('open')
    .where('id', '=', projectId)
    .executeTakeFirst();
  if (project?.open !== 1) return false;
  const insert = trx.insertInto('project_members').values({
    project_id: projectId,
    account_id: accountId,
    role: 'member',
    status: 'active',
    joined_at: now,
  });
  // Somebody who answers two questions at once joins once.
  await (store.kind === 'mariadb'
    ? insert.onDuplicateKeyUpdate({ account_id: accountId })
    : insert.onConflict((conflict) => conflict.doNothing())
  ).execute();
  return (await lockRole(store, trx, projectId, accountId))?.status === 'active';
}

export async function listMembers(
  store: Store,
  projectId: number,
): Promise<
  { accountId: number; username: string | null; role: MemberRole; status: string; joinedAt: number }[]
> {
  const rows = await store.db
    .selectFrom('project_members')
    .leftJoin('account_profiles', 'account_profiles.account_id', 'project_members.account_id')
    .select(['project_members.account_id', 'username', 'role', 'status', 'joined_at'])
    .where('project_id', '=', projectId)
    .orderBy('joined_at')
    .execute();
  return rows.map((row) => ({
    accountId: row.account_id,
    username: row.username,
    role: row.role,
    status: row.status,
    joinedAt: row.joined_at,
  }));
}
