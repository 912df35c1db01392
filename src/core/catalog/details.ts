import { blockedAmong } from '../privacy/blocklist.ts';
import { projectChanged } from '../projects/changes.ts';
import type { CrawlMemberState } from '../store/schema.ts';
import type { Db, Store, Trx } from '../store/store.ts';
import type { WikiFile } from '../wiki/file-page.ts';
import { upsertFiles } from './files.ts';
import { markGone } from './gone.ts';
import { addToProject, type Crawl, noteMembers, projectFileIds } from './members.ts';
import { isPicture } from './pictures.ts';

/** Page ids with what the wiki says of them now; null: no file any more. */
export type Details = ReadonlyMap<number, WikiFile | null>;

/** Pages of this crawl whose details have to be read, at most `limit`. */
export async function wantedPages(db: Db, crawl: Crawl, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('crawl_members')
    .select('page_id')
    .where('project_id', '=', crawl.projectId)
    .where('crawl', '=', crawl.number)
    .where('state', '=', 'wanted')
    .orderBy('page_id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.page_id);
}

/** Keeps the details of files that the crawl found: new ones join the project while there is room. */
export async function keepDetails(
  store: Store,
  trx: Trx,
  crawl: Crawl,
  details: Details,
  now: number,
): Promise<void> {
  const members = new Map<number, CrawlMemberState>();
  const pictures: WikiFile[] = [];
  const deleted: number[] = [];
  const blocked = await blockedAmong(trx, 'file', [...details.keys()]);
  for (const [pageId, file] of details) {
    if (!file) deleted.push(pageId);
    else if (blocked.has(String(pageId))) members.set(pageId, 'left_out');
    else if (file.thumbUrl && isPicture(file)) pictures.push(file);
    else members.set(pageId, 'left_out');
  }
  await forgetDeleted(trx, crawl, deleted, now);
  const ids = await upsertFiles(store, trx, pictures);
  const known = await projectFileIds(trx, crawl.projectId, [...ids.keys()]);
  const unknown = [...ids].filter(([pageId]) => !known.has(pageId));
  const added = await addToProject(
    trx,
    crawl,
    unknown.map(([, fileId]) => fileId),
    now,
  );
  for (const [pageId, fileId] of ids)
    members.set(pageId, known.has(pageId) || added.has(fileId) ? 'in' : 'beyond');
  // Some of them may have faces already, found for another project.
  if (added.size > 0) await projectChanged(trx, crawl.projectId);
  await noteMembers(trx, crawl, members);
}

/** Deleted between the list of the category and the details. */
async function forgetDeleted(trx: Trx, crawl: Crawl, pageIds: readonly number[], now: number): Promise<void> {
  if (pageIds.length === 0) return;
  const known = await trx.selectFrom('files').select('id').where('page_id', 'in', pageIds).execute();
  for (const { id } of known) await markGone(trx, id, now);
  await trx
    .deleteFrom('crawl_members')
    .where('project_id', '=', crawl.projectId)
    .where('page_id', 'in', pageIds)
    .execute();
}

/** Files of the project that this crawl has not come across, at most `limit`. */
export async function missedFiles(
  db: Db,
  crawl: Crawl,
  limit: number,
): Promise<{ pageId: number; fileId: number }[]> {
  const rows = await db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .leftJoin('crawl_members', (join) =>
      join
        .onRef('crawl_members.project_id', '=', 'project_files.project_id')
        .onRef('crawl_members.page_id', '=', 'files.page_id')
        .on('crawl_members.crawl', '=', crawl.number),
    )
    .select(['files.id', 'files.page_id'])
    .where('project_files.project_id', '=', crawl.projectId)
    .where('files.state', '!=', 'gone')
    .where('crawl_members.page_id', 'is', null)
    .orderBy('files.id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({ pageId: row.page_id, fileId: row.id }));
}

/**
 * Files of the project that are not in its categories any more: deleted ones are gone, the others are brought up
 * to date. One that was away at the last complete crawl too leaves the project, unless something was said or
 * written about it: a category that is being moved must not empty a project.
 * @param complete this crawl has seen everything, and its category is not empty
 */
export async function keepMissed(
  store: Store,
  trx: Trx,
  crawl: Crawl,
  missed: readonly { pageId: number; fileId: number }[],
  details: Details,
  { complete, now }: { complete: boolean; now: number },
): Promise<void> {
  const there = [...details.values()].filter((file) => file !== null);
  await upsertFiles(store, trx, there);
  const members = new Map<number, CrawlMemberState>();
  const before = await awayBefore(
    trx,
    crawl,
    missed.map((file) => file.pageId),
  );
  for (const { pageId, fileId } of missed) {
    if (!details.get(pageId)) {
      await markGone(trx, fileId, now);
      continue;
    }
    const leaves =
      complete && before.has(pageId) && !(await isSpokenOf(trx, crawl.projectId, fileId, pageId));
    if (leaves) await removeFromProject(trx, crawl.projectId, fileId);
    else members.set(pageId, complete ? 'away' : 'kept');
  }
  await noteMembers(trx, crawl, members);
}

async function awayBefore(trx: Trx, crawl: Crawl, pageIds: readonly number[]): Promise<ReadonlySet<number>> {
  if (pageIds.length === 0) return new Set();
  const rows = await trx
    .selectFrom('crawl_members')
    .select('page_id')
    .where('project_id', '=', crawl.projectId)
    .where('state', '=', 'away')
    .where('page_id', 'in', pageIds)
    .execute();
  return new Set(rows.map((row) => row.page_id));
}

async function isSpokenOf(trx: Trx, projectId: number, fileId: number, pageId: number): Promise<boolean> {
  const vote = await trx
    .selectFrom('votes')
    .innerJoin('faces', 'faces.id', 'votes.face_id')
    .select('votes.id')
    .where('votes.project_id', '=', projectId)
    .where('faces.file_id', '=', fileId)
    .limit(1)
    .executeTakeFirst();
  const question = await trx
    .selectFrom('question_faces')
    .innerJoin('questions', 'questions.id', 'question_faces.question_id')
    .innerJoin('faces', 'faces.id', 'question_faces.face_id')
    .select('questions.id')
    .where('questions.project_id', '=', projectId)
    .where('faces.file_id', '=', fileId)
    .limit(1)
    .executeTakeFirst();
  const claim = await trx
    .selectFrom('sdc_claims')
    .select('id')
    .where('project_id', '=', projectId)
    .where('page_id', '=', pageId)
    .limit(1)
    .executeTakeFirst();
  return vote !== undefined || question !== undefined || claim !== undefined;
}

async function removeFromProject(trx: Trx, projectId: number, fileId: number): Promise<void> {
  const faces = await trx.selectFrom('faces').select('id').where('file_id', '=', fileId).execute();
  const ids = faces.map((row) => row.id);
  if (ids.length > 0) {
    for (const table of ['suggestions', 'verdicts'] as const) {
      await trx.deleteFrom(table).where('project_id', '=', projectId).where('face_id', 'in', ids).execute();
    }
  }
  await trx
    .deleteFrom('project_files')
    .where('project_id', '=', projectId)
    .where('file_id', '=', fileId)
    .execute();
  await projectChanged(trx, projectId);
}
