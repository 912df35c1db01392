import type { Selectable } from 'kysely';
import { isAdmin } from '../accounts/admins.ts';
import { assertInGoodStanding } from '../accounts/good-standing.ts';
import { actAsAdministrator, audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import { assertWritable } from '../platform/read-only.ts';
import { refusal } from '../platform/refusals.ts';
import type { MemberRole, ProjectsTable } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';

/** null for everybody else, and for everybody where the project is deleted. */
export async function roleOf(store: Store, projectId: number, accountId: number): Promise<MemberRole | null> {
  const row = await store.db
    .selectFrom('project_members')
    .innerJoin('projects', 'projects.id', 'project_members.project_id')
    .select('role')
    .where('project_id', '=', projectId)
    .where('account_id', '=', accountId)
    .where('status', '=', 'active')
    .where('projects.state', '!=', 'deleted')
    .executeTakeFirst();
  return row?.role ?? null;
}

export interface Membership {
  readonly role: MemberRole;
  readonly status: 'active' | 'banned';
  /** Where this member agrees, a verdict needs one vote more. */
  readonly onProbation: boolean;
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
): Promise<Membership | null> {
  const row = await forUpdate(
    store,
    trx
      .selectFrom('project_members')
      .select(['role', 'status', 'probation_at'])
      .where('project_id', '=', projectId)
      .where('account_id', '=', accountId),
  ).executeTakeFirst();
  return row ? { role: row.role, status: row.status, onProbation: row.probation_at !== null } : null;
}

/**
 * Inside the transaction that changes something. Administrators of the site may do in every project what its owners
 * may; the entries of the audit log say so when the own role would not have been enough.
 * @throws VisavisError `not_found` (no such project, or a deleted one); `forbidden`: no member, not the role, or
 * blocked on the wiki; `read_only`
 */
export async function assertMember(
  store: Store,
  trx: Trx,
  projectId: number,
  accountId: number,
  needed: MemberRole = 'member',
): Promise<MemberRole> {
  await assertWritable(trx);
  return assertRole(store, trx, projectId, accountId, needed);
}

/** As `assertMember`, for what is only read. @throws VisavisError `not_found`, `forbidden` */
export async function assertRole(
  store: Store,
  trx: Trx,
  projectId: number,
  accountId: number,
  needed: MemberRole = 'member',
): Promise<MemberRole> {
  // The rows of a deleted project stay for a while, and give nobody a right.
  const project = await trx
    .selectFrom('projects')
    .select('id')
    .where('id', '=', projectId)
    .where('state', '!=', 'deleted')
    .executeTakeFirst();
  if (!project) throw refusal('project-unknown');
  const row = await lockRole(store, trx, projectId, accountId);
  const isMember = row?.status === 'active';
  const isEnough = isMember && (needed === 'member' || row.role === 'owner');
  if (isEnough) {
    await assertInGoodStanding(trx, accountId);
    return row.role;
  }
  if (await isAdmin(trx, accountId)) {
    await assertInGoodStanding(trx, accountId);
    actAsAdministrator(trx);
    return 'owner';
  }
  throw refusal(isMember ? 'owners-only' : 'members-only');
}

const LOCKED = ['state', 'open', 'votes_needed', 'completed_at', 'acknowledged_at'] as const;
export type LockedProject = Pick<Selectable<ProjectsTable>, (typeof LOCKED)[number]>;

/**
 * Holds the project's row until the transaction ends: votes of a project wait for each other, so that each sees the
 * ones before, and so does whatever changes which votes count.
 * @returns null when there is no such project any more
 */
export async function lockProject(store: Store, trx: Trx, projectId: number): Promise<LockedProject | null> {
  const project = await forUpdate(
    store,
    trx.selectFrom('projects').select(LOCKED).where('id', '=', projectId),
  ).executeTakeFirst();
  return !project || project.state === 'deleted' ? null : project;
}

/** As `lockProject`, for somebody with a role in it. @throws VisavisError `not_found`, `forbidden` */
export async function enterProject(
  store: Store,
  trx: Trx,
  projectId: number,
  accountId: number,
  needed: MemberRole = 'member',
): Promise<LockedProject> {
  const project = await lockProject(store, trx, projectId);
  if (!project) throw refusal('project-unknown');
  await assertMember(store, trx, projectId, accountId, needed);
  return project;
}

/**
 * Makes a linked account that answers in a bound channel a member, when the project is open.
 * @returns as what the account takes part; null: it may not, because it is banned or the project is not open
 */
export async function joinIfOpen(
  store: Store,
  trx: Trx,
  projectId: number,
  accountId: number,
  now: number,
): Promise<Membership | null> {
  const known = await lockRole(store, trx, projectId, accountId);
  if (known) return known.status === 'active' ? known : null;
  const project = await trx
    .selectFrom('projects')
    .select('open')
    .where('id', '=', projectId)
    .executeTakeFirst();
  if (project?.open !== 1) return null;
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
  const joined = await lockRole(store, trx, projectId, accountId);
  return joined?.status === 'active' ? joined : null;
}

export interface Member {
  readonly accountId: number;
  /** null: a former member of the site, whose answers stay. */
  readonly username: string | null;
  readonly role: MemberRole;
  readonly status: 'active' | 'banned';
  readonly joinedAt: number;
  /** When a banned member's votes were taken out of every verdict; null: those that were decided keep them. */
  readonly recountedAt: number | null;
  /** Since when this member is on probation. For owners' eyes. */
  readonly probationAt: number | null;
}

export async function listMembers(store: Store, projectId: number): Promise<Member[]> {
  const rows = await store.db
    .selectFrom('project_members')
    .leftJoin('account_profiles', 'account_profiles.account_id', 'project_members.account_id')
    .select(['project_members.account_id', 'username', 'role', 'status', 'joined_at'])
    .select(['recounted_at', 'probation_at'])
    .where('project_id', '=', projectId)
    .orderBy('joined_at')
    .execute();
  return rows.map((row) => ({
    accountId: row.account_id,
    username: row.username,
    role: row.role,
    status: row.status,
    joinedAt: row.joined_at,
    recountedAt: row.recounted_at,
    probationAt: row.probation_at,
  }));
}

export interface MemberDeps {
  readonly store: Store;
  readonly clock: Clock;
}

/** Leaves the project. The own answers stay and count. @throws VisavisError `forbidden`, `conflict` (the last owner) */
export async function leaveProject(
  deps: MemberDeps,
  args: { projectId: number; accountId: number },
): Promise<void> {
  const own = { ...args, memberId: args.accountId };
  await changeMember(deps, { ...own, action: 'member left' }, 'member', (trx) => deleteMember(trx, own));
}

/**
 * An owner takes a member out; its answers stay and count. It can come back by an invitation, or by answering where
 * the project is open: whoever should stay away is banned (`review/bans.ts`).
 * @throws VisavisError `forbidden`, `not_found`, `conflict` (the last owner)
 */
export async function removeMember(
  deps: MemberDeps,
  args: { projectId: number; memberId: number; accountId: number },
): Promise<void> {
  await changeMember(deps, { ...args, action: 'member removed' }, 'owner', (trx) => deleteMember(trx, args));
}

async function deleteMember(
  trx: Trx,
  { projectId, memberId }: { projectId: number; memberId: number },
): Promise<void> {
  await trx
    .deleteFrom('project_members')
    .where('project_id', '=', projectId)
    .where('account_id', '=', memberId)
    .execute();
}

/** An owner makes somebody an owner, or a member again. @throws VisavisError as `removeMember` */
export async function changeRole(
  deps: MemberDeps,
  args: { projectId: number; memberId: number; accountId: number; role: MemberRole },
): Promise<void> {
  const { projectId, memberId, role } = args;
  await changeMember(deps, { ...args, action: `made ${role}` }, 'owner', async (trx) => {
    await trx
      .updateTable('project_members')
      .set({ role })
      .where('project_id', '=', projectId)
      .where('account_id', '=', memberId)
      .execute();
    if (role !== 'owner') return;
    // It stays paused until the new owner lets it go on.
    await trx
      .updateTable('projects')
      .set({ paused_reason: null })
      .where('id', '=', projectId)
      .where('paused_reason', '=', 'ownerless')
      .execute();
  });
}

async function changeMember(
  { store, clock }: MemberDeps,
  args: { projectId: number; memberId: number; accountId: number; action: string },
  needed: MemberRole,
  change: (trx: Trx) => Promise<void>,
): Promise<void> {
  const { projectId, memberId, accountId, action } = args;
  await store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, needed);
    const member = await lockRole(store, trx, projectId, memberId);
    if (member?.status !== 'active') throw refusal('member-not-active');
    await change(trx);
    if (member.role === 'owner') await assertOwned(trx, projectId);
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action,
      subject: `project ${projectId}`,
      detail: { member: memberId },
    });
  });
}

/** One who can act: an owner who is blocked may look, no more, and one who was forgotten is not there. */
async function assertOwned(trx: Trx, projectId: number): Promise<void> {
  const owners = await trx
    .selectFrom('project_members')
    .leftJoin('account_profiles', 'account_profiles.account_id', 'project_members.account_id')
    .select(['blocked', 'barred'])
    .where('project_id', '=', projectId)
    .where('role', '=', 'owner')
    .where('status', '=', 'active')
    .execute();
  if (owners.length === 0) throw refusal('needs-owner');
  if (!owners.some(({ blocked, barred }) => blocked === 0 && barred === null))
    throw refusal('needs-able-owner');
}
