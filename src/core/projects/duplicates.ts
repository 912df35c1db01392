import type { Trx } from '../store/store.ts';

/** A project that looks for somebody in the same category already. */
export interface Duplicate {
  readonly id: number;
  readonly title: string;
  /** User names of its owners; those who were forgotten have none. */
  readonly owners: readonly string[];
}

/** Projects of a category, not deleted, that look for one of the persons. The oldest first. */
export async function duplicatesOf(
  trx: Trx,
  { category, persons }: { category: string; persons: readonly string[] },
): Promise<Duplicate[]> {
  const projects = await trx
    .selectFrom('projects')
    .innerJoin('project_persons', 'project_persons.project_id', 'projects.id')
    .select(['projects.id', 'projects.title'])
    .distinct()
    .where('category', '=', category)
    .where('state', '!=', 'deleted')
    .where('project_persons.person', 'in', persons)
    .orderBy('projects.id')
    .execute();
  if (projects.length === 0) return [];
  const owners = await trx
    .selectFrom('project_members')
    .innerJoin('account_profiles', 'account_profiles.account_id', 'project_members.account_id')
    .select(['project_id', 'username'])
    .where(
      'project_id',
      'in',
      projects.map((project) => project.id),
    )
    .where('role', '=', 'owner')
    .where('status', '=', 'active')
    .orderBy('joined_at')
    .execute();
  return projects.map(({ id, title }) => ({
    id,
    title,
    owners: owners.filter((owner) => owner.project_id === id).map((owner) => owner.username),
  }));
}
