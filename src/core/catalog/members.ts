import type { CrawlMemberState } from '../store/schema.ts';
import type { Db, Trx } from '../store/store.ts';

/** The crawl under way: which project, and which of its crawls. */
export interface Crawl {
  readonly projectId: number;
  readonly number: number;
  readonly cap: number;
}

/** Notes what this crawl has found out about pages, in place of what an earlier one did. */
export async function noteMembers(
  trx: Trx,
  crawl: Crawl,
  members: ReadonlyMap<number, CrawlMemberState>,
): Promise<void> {
  if (members.size === 0) return;
  const pageIds = [...members.keys()];
  await trx
    .deleteFrom('crawl_members')
    .where('project_id', '=', crawl.projectId)
    .where('page_id', 'in', pageIds)
    .execute();
  await trx
    .insertInto('crawl_members')
    .values(
      [...members].map(([page_id, state]) => ({
        project_id: crawl.projectId,
        page_id,
        crawl: crawl.number,
        state,
      })),
    )
    .execute();
}

/** Files of the project that are there. Two counts by index: a join over all of them at each step takes long. */
export async function countFiles(db: Db, projectId: number): Promise<number> {
  const all = await db
    .selectFrom('project_files')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow();
  const gone = await db
    .selectFrom('files')
    .innerJoin('project_files', 'project_files.file_id', 'files.id')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_files.project_id', '=', projectId)
    .where('files.state', '=', 'gone')
    .executeTakeFirstOrThrow();
  return all.n - gone.n;
}

/** Pages of this crawl that may become files of the project. Known ones that are read again are not counted. */
export async function countComing(db: Db, crawl: Crawl): Promise<number> {
  const { n } = await db
    .selectFrom('crawl_members')
    .leftJoin('files', (join) =>
      join.onRef('files.page_id', '=', 'crawl_members.page_id').on('files.state', '!=', 'gone'),
    )
    .leftJoin('project_files', (join) =>
      join
        .onRef('project_files.project_id', '=', 'crawl_members.project_id')
        .onRef('project_files.file_id', '=', 'files.id'),
    )
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('crawl_members.project_id', '=', crawl.projectId)
    .where('crawl_members.state', '=', 'wanted')
    .where('crawl_members.crawl', '=', crawl.number)
    .where('project_files.file_id', 'is', null)
    .executeTakeFirstOrThrow();
  return n;
}

/** Adds files to the project, as many as there is room for. Returns those that were added. */
export async function addToProject(
  trx: Trx,
  crawl: Crawl,
  fileIds: readonly number[],
  now: number,
): Promise<ReadonlySet<number>> {
  if (fileIds.length === 0) return new Set();
  const files = await countFiles(trx, crawl.projectId);
  const added = fileIds.slice(0, Math.max(0, crawl.cap - files));
  if (added.length > 0) {
    await trx
      .insertInto('project_files')
      .values(
        added.map((file_id) => ({
          project_id: crawl.projectId,
          file_id,
          depicts: null,
          depicts_read_at: null,
          added_at: now,
        })),
      )
      .execute();
  }
  return new Set(added);
}

/** Which of these pages are files of the project already, with our ids. */
export async function projectFileIds(
  trx: Trx,
  projectId: number,
  pageIds: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  if (pageIds.length === 0) return new Map();
  const rows = await trx
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select(['files.id', 'files.page_id'])
    .where('project_id', '=', projectId)
    .where('files.page_id', 'in', pageIds)
    .execute();
  return new Map(rows.map((row) => [row.page_id, row.id]));
}
