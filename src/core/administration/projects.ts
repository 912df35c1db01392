import { projectCounts } from '../projects/counts.ts';
import type { ProjectState } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface SiteProject {
  readonly id: number;
  readonly title: string;
  readonly state: ProjectState;
  readonly createdAt: number;
  /** Wiki user names; of owners who were forgotten nothing is known. */
  readonly owners: readonly string[];
  readonly members: number;
  readonly files: number;
  readonly matches: number;
  readonly written: number;
}

/** A page of every project, those that are being deleted too, the newest first. @param before older than this one */
export async function siteProjects(
  store: Store,
  { before, limit }: { before: number | null; limit: number },
): Promise<SiteProject[]> {
  const rows = await store.db
    .selectFrom('projects')
    .select((eb) => [
      'id',
      'title',
      'state',
      'created_at',
      eb
        .selectFrom('project_members')
        .select((q) => q.fn.countAll<number>().as('n'))
        .whereRef('project_members.project_id', '=', 'projects.id')
        .where('status', '=', 'active')
        .as('members'),
      ...projectCounts(eb),
    ])
    .$if(before !== null, (query) => query.where('id', '<', before ?? 0))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  const ids = rows.map((row) => row.id);
  const owners = ids.length === 0 ? [] : await ownersOf(store, ids);
  return rows.map((row) => ({
    id: row.id,
    title: row.title,
    state: row.state,
    createdAt: row.created_at,
    owners: owners.filter((owner) => owner.project_id === row.id).map((owner) => owner.username),
    members: row.members ?? 0,
    files: row.files ?? 0,
    matches: row.matches ?? 0,
    written: row.written ?? 0,
  }));
}

function ownersOf(store: Store, projectIds: readonly number[]) {
  return store.db
    .selectFrom('project_members')
    .innerJoin('account_profiles', 'account_profiles.account_id', 'project_members.account_id')
    .select(['project_id', 'username'])
    .where('project_id', 'in', projectIds)
    .where('role', '=', 'owner')
    .where('status', '=', 'active')
    .orderBy('joined_at')
    .execute();
}
