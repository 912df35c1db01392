import { assertNotBlocked } from '../accounts/accounts.ts';
import { audit } from '../platform/audit.ts';
import { refusal } from '../platform/refusals.ts';
import { type Db, forUpdate } from '../store/store.ts';
import { hashOf, newCode, readCode } from './codes.ts';
import { enterProject, lockProject, lockRole, type MemberDeps } from './members.ts';

/** A link that was passed on too far ends by itself. */
export const INVITATION_LIFETIME_MS = 7 * 24 * 60 * 60_000;
const LENGTH = 16;
/** Open at one time in a project; each of them can be used by many. */
const MOST_OPEN = 20;

export interface Invitation {
  readonly id: number;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly createdBy: string;
  /** How many became members by it. */
  readonly uses: number;
}

/**
 * An owner makes a code that lets any linked account in for 7 days. Only its hash is stored, so this is the one
 * time that it can be shown.
 * @returns the code, 16 characters without blanks
 * @throws VisavisError `forbidden`, `not_found`, `conflict` (too many are open)
 */
export async function createInvitation(
  { store, clock }: MemberDeps,
  args: { projectId: number; accountId: number },
): Promise<{ code: string; expiresAt: number }> {
  const { projectId, accountId } = args;
  const code = newCode(LENGTH);
  const now = clock.now();
  const expiresAt = now + INVITATION_LIFETIME_MS;
  await store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    // What has run out is of no use to anybody; that it was there stands in the audit log.
    await trx.deleteFrom('invitations').where('expires_at', '<=', now).execute();
    const open = await openInvitations(trx, projectId, now).select('invitations.id').execute();
    if (open.length >= MOST_OPEN) throw refusal('invitations-most', [MOST_OPEN]);
    const { id } = await trx
      .insertInto('invitations')
      .values({
        code_hash: hashOf(code),
        project_id: projectId,
        created_by: accountId,
        created_at: now,
        expires_at: expiresAt,
        revoked_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'invitation made',
      subject: `project ${projectId}`,
      detail: { invitation: id },
    });
  });
  return { code, expiresAt };
}

/** The invitations of a project that can be used now, the newest first. For owners' eyes. */
export async function listInvitations(
  { store, clock }: MemberDeps,
  projectId: number,
): Promise<Invitation[]> {
  const rows = await openInvitations(store.db, projectId, clock.now())
    .select(['invitations.id', 'created_at', 'expires_at', 'uses', 'username'])
    .orderBy('invitations.id', 'desc')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    createdBy: row.username,
    uses: row.uses,
  }));
}

/** An owner takes an invitation back; who came by it stays. @throws VisavisError `forbidden`, `not_found` */
export async function revokeInvitation(
  { store, clock }: MemberDeps,
  args: { projectId: number; invitationId: number; accountId: number },
): Promise<void> {
  const { projectId, invitationId, accountId } = args;
  await store.transaction(async (trx) => {
    await enterProject(store, trx, projectId, accountId, 'owner');
    const result = await trx
      .updateTable('invitations')
      .set({ revoked_at: clock.now() })
      .where('id', '=', invitationId)
      .where('project_id', '=', projectId)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) throw refusal('invitation-unknown');
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'invitation revoked',
      subject: `project ${projectId}`,
      detail: { invitation: invitationId },
    });
  });
}

/** What an invitation leads to, for the page that asks for a yes. */
export interface InvitationView {
  readonly projectId: number;
  readonly title: string;
  readonly createdBy: string;
  readonly expiresAt: number;
}

/** @returns null when the code is not known, has run out, was taken back, or its maker is no owner any more or blocked */
export async function findInvitation(
  { store, clock }: MemberDeps,
  code: string,
): Promise<InvitationView | null> {
  const row = await usableInvitation(store.db, code, clock.now())
    .innerJoin('projects', 'projects.id', 'invitations.project_id')
    .select(['projects.id', 'projects.title', 'username', 'invitations.expires_at'])
    .where('projects.state', '!=', 'deleted')
    .executeTakeFirst();
  return row
    ? { projectId: row.id, title: row.title, createdBy: row.username, expiresAt: row.expires_at }
    : null;
}

/**
 * Makes an account a member by a code. Whoever is in already stays what it is, and the code is not counted as used.
 * @throws VisavisError `not_found` (no such code now), `forbidden` (banned here, or blocked on the wiki)
 */
export async function redeemInvitation(
  { store, clock }: MemberDeps,
  { code, accountId }: { code: string; accountId: number },
): Promise<{ projectId: number }> {
  const unknown = () => refusal('invitation-over');
  return store.transaction(async (trx) => {
    const now = clock.now();
    const seen = await usableInvitation(trx, code, now).select('invitations.project_id').executeTakeFirst();
    // The project first, as everywhere; then the invitation may have been taken back meanwhile.
    if (!seen || !(await lockProject(store, trx, seen.project_id))) throw unknown();
    await assertNotBlocked(trx, accountId);
    const invitation = await forUpdate(
      store,
      usableInvitation(trx, code, now).select(['invitations.id', 'invitations.project_id']),
    ).executeTakeFirst();
    if (!invitation) throw unknown();
    const { id, project_id: projectId } = invitation;
    const member = await lockRole(store, trx, projectId, accountId);
    if (member?.status === 'banned') throw refusal('shut-out');
    if (member) return { projectId };
    await trx
      .insertInto('project_members')
      .values({
        project_id: projectId,
        account_id: accountId,
        role: 'member',
        status: 'active',
        joined_at: now,
      })
      .execute();
    await trx
      .updateTable('invitations')
      .set((eb) => ({ uses: eb('uses', '+', 1) }))
      .where('id', '=', id)
      .execute();
    await audit(store, trx, {
      at: now,
      accountId,
      action: 'member joined',
      subject: `project ${projectId}`,
      detail: { invitation: id },
    });
    return { projectId };
  });
}

/** As people type it; empty for what is none. */
export function readInvitation(given: string): string {
  return readCode(given, LENGTH);
}

function openInvitations(db: Db, projectId: number, now: number) {
  return validInvitations(db, now).where('invitations.project_id', '=', projectId);
}

function usableInvitation(db: Db, code: string, now: number) {
  return validInvitations(db, now).where('invitations.code_hash', '=', hashOf(readInvitation(code)));
}

/**
 * An invitation is worth as much as who made it, an owner or an administrator of the site in good standing: whoever was
 * shut out comes back by none, and nobody comes by those of somebody who is blocked.
 */
function validInvitations(db: Db, now: number) {
  return db
    .selectFrom('invitations')
    .leftJoin('project_members as maker', (join) =>
      join
        .onRef('maker.project_id', '=', 'invitations.project_id')
        .onRef('maker.account_id', '=', 'invitations.created_by')
        .on('maker.role', '=', 'owner')
        .on('maker.status', '=', 'active'),
    )
    .leftJoin('administrators', 'administrators.account_id', 'invitations.created_by')
    .innerJoin('account_profiles as standing', 'standing.account_id', 'invitations.created_by')
    .where('standing.blocked', '=', 0)
    .where('standing.barred', 'is', null)
    .where((eb) =>
      eb.or([eb('maker.account_id', 'is not', null), eb('administrators.account_id', 'is not', null)]),
    )
    .where('invitations.revoked_at', 'is', null)
    .where('invitations.expires_at', '>', now);
}
