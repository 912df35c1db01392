import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import { projectChanged } from '../projects/changes.ts';
import { assertLease, type Lease, releaseLease, renewLease, takeLease } from '../store/leases.ts';
import type { Store, Trx } from '../store/store.ts';
import type { WikiFile } from '../wiki/file-page.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { upsertFile } from './files.ts';

export interface CrawlDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: Pick<Wiki, 'categoryFiles' | 'subcategories'>;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
}

const LEASE_MS = 60_000;

/** Kinds that can hold faces and that the wiki makes pictures of. */
const PICTURE = /^image\/(jpeg|png|gif|webp|tiff|svg\+xml|x-xcf|vnd\.djvu)$|^application\/pdf$/;

/**
 * One step of the crawl: finds a project whose category has to be read and reads one page of one category,
 * breadth first. Where it stopped stands in `crawl_queue`, so that it goes on after anything.
 * @returns whether there was something to do
 */
export async function crawlStep(deps: CrawlDeps, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = deps;
  const wanted = store.db
    .selectFrom('projects')
    .select(['id', 'category', 'depth', 'file_cap'])
    .where('state', '=', 'active')
    .where('crawl_wanted_at', 'is not', null);
  const waiting = await wanted.orderBy('crawl_wanted_at').limit(10).execute();
  for (const project of waiting) {
    const lease = await takeLease(store, {
      name: `crawl ${project.id}`,
      owner: deps.workerId,
      now: clock.now(),
      ttl: LEASE_MS,
    });
    if (!lease) continue;
    try {
      // Another worker may have finished it between our look and our lease.
      if (!(await wanted.where('id', '=', project.id).executeTakeFirst())) continue;
      await crawlProject(deps, lease, project, signal);
    } finally {
      await releaseLease(store, lease);
    }
    return true;
  }
  return false;
}

interface Crawled {
  readonly id: number;
  readonly category: string;
  readonly depth: number;
  readonly file_cap: number;
}

async function crawlProject(
  deps: CrawlDeps,
  lease: Lease,
  project: Crawled,
  signal?: AbortSignal,
): Promise<void> {
  const { store, clock, wiki, log, nudges } = deps;
  await enqueue(store, lease, project.id, [project.category], 0);
  while (!signal?.aborted) {
    const next = await store.db
      .selectFrom('crawl_queue')
      .selectAll()
      .where('project_id', '=', project.id)
      .where('done_at', 'is', null)
      .orderBy('depth')
      .orderBy('category')
      .executeTakeFirst();
    const files = await countFiles(store, project.id);
    if (!next || files >= project.file_cap) {
      await finish(deps, lease, project.id);
      log.info({ project: project.id, files }, 'category read');
      return;
    }
    if (next.next_page === null && next.depth < project.depth) {
      const children = await allSubcategories(wiki, next.category);
      await enqueue(store, lease, project.id, children, next.depth + 1);
    }
    const page = await wiki.categoryFiles(next.category, next.next_page);
    if (!(await renewLease(store, lease, clock.now(), LEASE_MS))) return;
    const pictures = page.files.filter(isPicture);
    await store.transaction(async (trx) => {
      await assertLease(store, trx, lease);
      let room = project.file_cap - files;
      for (const file of pictures) {
        if (await addFile(trx, project.id, file, { room, now: clock.now() })) room--;
      }
      // Some of the new ones may have faces already, found for another project.
      if (room < project.file_cap - files) await projectChanged(trx, project.id);
      await trx
        .updateTable('crawl_queue')
        .set({ next_page: page.next, done_at: page.next === null ? clock.now() : null })
        .where('project_id', '=', project.id)
        .where('category', '=', next.category)
        .execute();
    });
    log.info(
      {
        project: project.id,
        category: next.category,
        files: pictures.length,
        leftOut: page.files.length - pictures.length,
      },
      'category page read',
    );
    nudges.nudge('work');
    nudges.nudge(`project:${project.id}`);
  }
}

export function isPicture(file: Pick<WikiFile, 'mime' | 'width' | 'height' | 'thumbUrl'>): boolean {
  return PICTURE.test(file.mime) && file.width > 0 && file.height > 0 && file.thumbUrl !== null;
}

/**
 * Brings a file of the project up to date; a new one is added while there is room.
 * @returns whether it was added
 */
async function addFile(
  trx: Trx,
  projectId: number,
  file: WikiFile,
  { room, now }: { room: number; now: number },
): Promise<boolean> {
  const known = await trx
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select('file_id')
    .where('project_id', '=', projectId)
    .where('page_id', '=', file.pageId)
    .executeTakeFirst();
  if (!known && room <= 0) return false;
  const fileId = await upsertFile(trx, file);
  if (known) return false;
  await trx
    .insertInto('project_files')
    .values({ project_id: projectId, file_id: fileId, depicts: null, added_at: now })
    .execute();
  return true;
}

/** Puts categories at the end of the queue, unless they are in it: a category tree may have loops. */
async function enqueue(
  store: Store,
  lease: Lease,
  projectId: number,
  categories: readonly string[],
  depth: number,
): Promise<void> {
  if (categories.length === 0) return;
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const known = await trx
      .selectFrom('crawl_queue')
      .select('category')
      .where('project_id', '=', projectId)
      .where('category', 'in', categories)
      .execute();
    const seen = new Set(known.map((row) => row.category));
    for (const category of categories) {
      if (seen.has(category)) continue;
      seen.add(category);
      await trx
        .insertInto('crawl_queue')
        .values({ project_id: projectId, category, depth, next_page: null, done_at: null })
        .execute();
    }
  });
}

async function allSubcategories(wiki: Pick<Wiki, 'subcategories'>, category: string): Promise<string[]> {
  const names: string[] = [];
  let next: string | null = null;
  do {
    const page: Awaited<ReturnType<Wiki['subcategories']>> = await wiki.subcategories(category, next);
    names.push(...page.categories.map(({ title }) => title.replace(/^[^:]*:/, '')));
    next = page.next;
  } while (next !== null);
  return names;
}

async function countFiles(store: Store, projectId: number): Promise<number> {
  const row = await store.db
    .selectFrom('project_files')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow();
  return row.n;
}

async function finish({ store, clock }: CrawlDeps, lease: Lease, projectId: number): Promise<void> {
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await trx
      .updateTable('projects')
      .set({ crawled_at: clock.now(), crawl_wanted_at: null })
      .where('id', '=', projectId)
      .execute();
    await trx.deleteFrom('crawl_queue').where('project_id', '=', projectId).execute();
  });
}
