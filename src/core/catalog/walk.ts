import { projectChanged } from '../projects/changes.ts';
import type { CrawlMemberState, CrawlQueueTable } from '../store/schema.ts';
import type { Trx } from '../store/store.ts';
import type { MemberFile, MemberPage } from '../wiki/categories.ts';
import { addToProject, type Crawl, noteMembers } from './members.ts';
import { isPicture } from './pictures.ts';

export type QueuedCategory = Pick<CrawlQueueTable, 'category' | 'depth' | 'next_page'>;

/**
 * Keeps one page of one category: its files, its subcategories at the end of the queue, and where the next page
 * begins. Files whose details we have and that have not changed cost nothing more.
 */
export async function keepPage(
  trx: Trx,
  crawl: Crawl,
  category: QueuedCategory,
  page: MemberPage,
  now: number,
): Promise<void> {
  const fresh = await notSeenYet(trx, crawl, page.files);
  const known = await knownFiles(trx, crawl.projectId, fresh);
  const members = new Map<number, CrawlMemberState>();
  const shared: { pageId: number; fileId: number }[] = [];
  for (const file of fresh) {
    const row = known.get(file.pageId);
    if (!file.version || !isPicture(file.version)) members.set(file.pageId, 'left_out');
    else if (!row || row.state === 'gone' || row.sha1 !== file.version.sha1 || row.title !== file.title)
      members.set(file.pageId, 'wanted');
    else if (row.in_project === null) shared.push({ pageId: file.pageId, fileId: row.id });
    else members.set(file.pageId, 'in');
  }
  // Other projects have these already, so they need no details.
  const added = await addToProject(
    trx,
    crawl,
    shared.map((file) => file.fileId),
    now,
  );
  for (const { pageId, fileId } of shared) members.set(pageId, added.has(fileId) ? 'in' : 'beyond');
  if (added.size > 0) await projectChanged(trx, crawl.projectId);
  await noteMembers(trx, crawl, members);
  await enqueue(trx, crawl.projectId, page.subcategories, category.depth + 1);
  await trx
    .updateTable('crawl_queue')
    .set({ next_page: page.next, done_at: page.next === null ? now : null })
    .where('project_id', '=', crawl.projectId)
    .where('category', '=', category.category)
    .execute();
}

/**
 * Puts categories at the end of the queue, unless they are in it (a category tree may have loops) or are not to
 * be entered.
 */
export async function enqueue(
  trx: Trx,
  projectId: number,
  categories: readonly string[],
  depth: number,
): Promise<void> {
  const names = [...new Set(categories)];
  if (names.length === 0) return;
  const known = await trx
    .selectFrom('crawl_queue')
    .select('category')
    .where('project_id', '=', projectId)
    .where('category', 'in', names)
    .execute();
  const excluded = await trx
    .selectFrom('project_exclusions')
    .select('category')
    .where('project_id', '=', projectId)
    .where('category', 'in', names)
    .execute();
  const passed = new Set([...known, ...excluded].map((row) => row.category));
  const added = names.filter((name) => !passed.has(name));
  if (added.length === 0) return;
  await trx
    .insertInto('crawl_queue')
    .values(
      added.map((category) => ({ project_id: projectId, category, depth, next_page: null, done_at: null })),
    )
    .execute();
}

/** Files are in several categories: what this crawl has seen once it does not look at again. */
async function notSeenYet(trx: Trx, crawl: Crawl, files: readonly MemberFile[]): Promise<MemberFile[]> {
  if (files.length === 0) return [];
  const rows = await trx
    .selectFrom('crawl_members')
    .select('page_id')
    .where('project_id', '=', crawl.projectId)
    .where('crawl', '=', crawl.number)
    .where(
      'page_id',
      'in',
      files.map((file) => file.pageId),
    )
    .execute();
  const seen = new Set(rows.map((row) => row.page_id));
  // A moved file and its redirect can lead to one page twice.
  const once = new Map(files.map((file) => [file.pageId, file]));
  return [...once.values()].filter((file) => !seen.has(file.pageId));
}

async function knownFiles(trx: Trx, projectId: number, files: readonly MemberFile[]) {
  if (files.length === 0) return new Map();
  const rows = await trx
    .selectFrom('files')
    .leftJoin('project_files', (join) =>
      join.onRef('project_files.file_id', '=', 'files.id').on('project_files.project_id', '=', projectId),
    )
    .select([
      'files.id',
      'files.page_id',
      'files.title',
      'files.sha1',
      'files.state',
      'project_files.file_id as in_project',
    ])
    .where(
      'files.page_id',
      'in',
      files.map((file) => file.pageId),
    )
    .execute();
  return new Map(rows.map((row) => [row.page_id, row]));
}
