import { sql } from 'kysely';
import type { MemberRole } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/** Somebody who has signed in here and was not forgotten, as administrators see them. */
export interface SiteAccount {
  readonly id: number;
  readonly username: string;
  /** The last sign-in. */
  readonly seenAt: number;
  readonly isAdmin: boolean;
  readonly blockedOnWiki: boolean;
  /** Which rule of the operator it does not meet, or the block below (`platform/reasons.ts`); null: none. */
  readonly barred: string | null;
  /** By an administrator of this site; null: not blocked here. */
  readonly block: { readonly reason: string; readonly at: number } | null;
  readonly identities: readonly { readonly platform: string; readonly name: string }[];
  readonly projects: readonly { readonly id: number; readonly title: string; readonly role: MemberRole }[];
}

/**
 * A page of the accounts of this site, the newest first.
 * @param search a part of the user name, in either case; empty: everybody
 * @param before only accounts that came before this one
 */
export async function siteAccounts(
  store: Store,
  { search, before, limit }: { search: string; before: number | null; limit: number },
): Promise<SiteAccount[]> {
  const rows = await store.db
    .selectFrom('account_profiles')
    .leftJoin('administrators', 'administrators.account_id', 'account_profiles.account_id')
    .leftJoin('site_blocks', 'site_blocks.account_id', 'account_profiles.account_id')
    .select(['account_profiles.account_id as id', 'username', 'seen_at', 'blocked', 'barred'])
    .select(['administrators.name as administrates', 'site_blocks.reason', 'site_blocks.blocked_at'])
    .$if(search !== '', (query) =>
      query.where(sql<boolean>`instr(lower(account_profiles.username), lower(${search})) > 0`),
    )
    .$if(before !== null, (query) => query.where('account_profiles.account_id', '<', before ?? 0))
    .orderBy('account_profiles.account_id', 'desc')
    .limit(limit)
    .execute();
  const ids = rows.map((row) => row.id);
  const identities = ids.length === 0 ? [] : await identitiesOf(store, ids);
  const projects = ids.length === 0 ? [] : await projectsOf(store, ids);
  return rows.map((row) => ({
    id: row.id,
    username: row.username,
    seenAt: row.seen_at,
    isAdmin: row.administrates !== null,
    blockedOnWiki: row.blocked === 1,
    barred: row.barred,
    block: row.reason === null ? null : { reason: row.reason, at: row.blocked_at ?? 0 },
    identities: identities
      .filter((one) => one.account_id === row.id)
      .map(({ platform, display_name }) => ({ platform, name: display_name })),
    projects: projects
      .filter((one) => one.account_id === row.id)
      .map(({ project_id, title, role }) => ({ id: project_id, title, role })),
  }));
}

function identitiesOf({ db }: Store, accountIds: readonly number[]) {
  return db
    .selectFrom('identities')
    .select(['account_id', 'platform', 'display_name'])
    .where('account_id', 'in', accountIds)
    .orderBy('id')
    .execute();
}

function projectsOf({ db }: Store, accountIds: readonly number[]) {
  return db
    .selectFrom('project_members')
    .innerJoin('projects', 'projects.id', 'project_members.project_id')
    .select(['account_id', 'project_id', 'title', 'role'])
    .where('account_id', 'in', accountIds)
    .where('status', '=', 'active')
    .where('projects.state', '!=', 'deleted')
    .orderBy('project_id')
    .execute();
}
