import { assertNotBlocked } from '../accounts/accounts.ts';
import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { refusal } from '../platform/refusals.ts';
import { assertMember } from '../projects/members.ts';
import type { Store } from '../store/store.ts';
import { categoryTitle } from '../wiki/categories.ts';

const MOST = 200;

/** The categories that the crawl of a project does not enter, in the order of their names. */
export async function listExclusions(store: Store, projectId: number): Promise<string[]> {
  const rows = await store.db
    .selectFrom('project_exclusions')
    .select('category')
    .where('project_id', '=', projectId)
    .orderBy('category')
    .execute();
  return rows.map((row) => row.category);
}

/**
 * Names of categories as they were typed, in the wiki's spelling, each once; empty ones do not count.
 * @param ofProject the category of the project, which cannot be left out
 * @throws VisavisError `bad_input`
 */
export function readExclusions(names: readonly string[], ofProject: string): string[] {
  const categories = [...new Set(names.map(categoryName).filter((name) => name !== ''))].sort();
  if (categories.length > MOST) {
    throw refusal('exclusions-most', [MOST]);
  }
  for (const name of categories) {
    if (name.length > 255 || /[|#<>[\]{}\n\0]/.test(name))
      throw refusal('exclusion-name', [name.slice(0, 60)]);
  }
  if (categories.includes(categoryName(ofProject))) throw refusal('exclusion-own');
  return categories;
}

/**
 * An owner says which categories are not entered, in place of what was said before; the category is read again
 * then. Files that are found no other way leave the project as `keepMissed` says.
 * @param names with or without `Category:`, in any spelling that the wiki takes
 * @throws VisavisError `bad_input`, `forbidden`, `not_found`
 */
export async function setExclusions(
  deps: { store: Store; clock: Clock; nudges: Nudges },
  projectId: number,
  accountId: number,
  names: readonly string[],
): Promise<void> {
  const { store, clock, nudges } = deps;
  await store.transaction(async (trx) => {
    await assertMember(store, trx, projectId, accountId, 'owner');
    await assertNotBlocked(trx, accountId);
    const project = await trx
      .selectFrom('projects')
      .select('category')
      .where('id', '=', projectId)
      .executeTakeFirstOrThrow();
    const categories = readExclusions(names, project.category);
    await trx.deleteFrom('project_exclusions').where('project_id', '=', projectId).execute();
    if (categories.length > 0) {
      await trx
        .insertInto('project_exclusions')
        .values(categories.map((category) => ({ project_id: projectId, category })))
        .execute();
    }
    await trx
      .updateTable('projects')
      .set({ crawl_wanted_at: clock.now() })
      .where('id', '=', projectId)
      .execute();
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'exclusions changed',
      subject: `project ${projectId}`,
      detail: { categories },
    });
  });
  nudges.nudge('work');
}

/** As the wiki writes it: no namespace, blanks for underscores, one blank at a time, a capital in front. */
export function categoryName(given: string): string {
  const name = categoryTitle(given)
    .replace(/^Category:/, '')
    .replace(/\s+/g, ' ')
    .trim();
  const [first = ''] = name;
  return first.toUpperCase() + name.slice(first.length);
}
