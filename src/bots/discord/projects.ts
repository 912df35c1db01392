import type { Store } from '../../core/store/store.ts';

/** Discord shows no more choices (documentation: "Autocomplete"). */
const CHOICES = 25;

/**
 * Projects that a Discord user may bind a channel to: those whose owner the linked account is.
 * @param args.text what has been typed: a part of the title, or the beginning of the number
 */
export async function findProjects(
  { db }: Store,
  { text, userId }: { text: string; userId: string },
): Promise<{ id: number; title: string }[]> {
  const owned = await db
    .selectFrom('projects')
    .innerJoin('project_members', 'project_members.project_id', 'projects.id')
    .innerJoin('identities', 'identities.account_id', 'project_members.account_id')
    .select(['projects.id', 'projects.title'])
    .where('identities.platform', '=', 'discord')
    .where('identities.external_id', '=', userId)
    .where('project_members.role', '=', 'owner')
    .where('project_members.status', '=', 'active')
    .where('projects.state', '!=', 'deleted')
    .orderBy('projects.id', 'desc')
    .execute();
  const typed = text.trim().toLowerCase();
  return owned
    .filter(({ id, title }) => title.toLowerCase().includes(typed) || String(id).startsWith(typed))
    .slice(0, CHOICES);
}
