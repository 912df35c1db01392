import type { Clock } from '../platform/clock.ts';
import { describeError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import { assertLease, type Lease, releaseLease, renewLease, takeLease } from '../store/leases.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { wikiErrorDetails } from '../wiki/wiki-error.ts';
import { keepDetails, keepMissed, missedFiles, wantedPages } from './details.ts';
import { type Crawl, countComing, countFiles } from './members.ts';
import { enqueue, keepPage, type QueuedCategory } from './walk.ts';

export interface CrawlDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: Pick<Wiki, 'categoryMembers' | 'filesByPageId'>;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
  /** A category that was read to its end is read again after this many milliseconds; null: only when asked. */
  readonly crawlEveryMs?: number | null;
}

const LEASE_MS = 60_000;
/** The wiki describes at most so many files in one answer. */
const AT_ONCE = 50;
/** After so many answers it is the next project's turn, if one waits. */
const TURN = 25;

/**
 * Finds a project whose categories have to be read, and reads them, breadth first, to the end or until it is another
 * project's turn. Each answer of the wiki is
 * kept in one transaction together with where to go on (`crawl_queue`, `crawl_members`), so that whoever takes
 * over after anything loses nothing and doubles nothing.
 * @returns whether there was something to do
 */
export async function crawlStep(deps: CrawlDeps, signal?: AbortSignal): Promise<boolean> {
  const { store, clock } = deps;
  for (const id of await waitingProjects(deps)) {
    const lease = await takeLease(store, {
      name: `crawl ${id}`,
      owner: deps.workerId,
      now: clock.now(),
      ttl: LEASE_MS,
    });
    if (!lease) continue;
    try {
      // Another worker may have finished it between our look and our lease.
      if (!(await wanted(deps).where('id', '=', id).executeTakeFirst())) continue;
      await crawlProject(deps, lease, id, signal);
    } catch (error) {
      // Others have their turn first. Whoever has taken over sees to it otherwise.
      if (describeError(error).code === 'lease_lost') throw error;
      await goLast(deps, id);
      throw error;
    } finally {
      await releaseLease(store, lease);
    }
    return true;
  }
  return false;
}

/** After an error or a turn; what somebody wished for while the crawl was under way stays a wish for another one. */
async function goLast({ store, clock }: CrawlDeps, projectId: number): Promise<void> {
  const now = clock.now();
  await store.transaction(async (trx) => {
    const { crawl_wanted_at, crawl_started_at } = await forUpdate(
      store,
      trx.selectFrom('projects').select(['crawl_wanted_at', 'crawl_started_at']).where('id', '=', projectId),
    ).executeTakeFirstOrThrow();
    const wished = (crawl_wanted_at ?? 0) > (crawl_started_at ?? now);
    await trx
      .updateTable('projects')
      .set({ crawl_wanted_at: now, ...(wished ? {} : { crawl_started_at: now }) })
      .where('id', '=', projectId)
      .execute();
  });
}

/** Those that somebody waits for first, then those that have not been looked at for long. */
async function waitingProjects(deps: CrawlDeps): Promise<number[]> {
  const rows = await wanted(deps).orderBy('crawled_at').limit(100).execute();
  const waited = (row: { crawl_wanted_at: number | null }) => row.crawl_wanted_at ?? Number.MAX_SAFE_INTEGER;
  return rows.sort((a, b) => waited(a) - waited(b)).map((row) => row.id);
}

function wanted({ store, clock, crawlEveryMs = null }: CrawlDeps) {
  return store.db
    .selectFrom('projects')
    .select(['id', 'crawl_wanted_at', 'crawled_at'])
    .where('state', '=', 'active')
    .where((eb) =>
      crawlEveryMs === null
        ? eb('crawl_wanted_at', 'is not', null)
        : eb.or([eb('crawl_wanted_at', 'is not', null), eb('crawled_at', '<=', clock.now() - crawlEveryMs)]),
    );
}

async function crawlProject(
  deps: CrawlDeps,
  lease: Lease,
  projectId: number,
  signal?: AbortSignal,
): Promise<void> {
  await begin(deps, lease, projectId);
  for (let answers = 0; !signal?.aborted; answers++) {
    if (answers >= TURN && (await waitingProjects(deps)).some((id) => id !== projectId))
      return goLast(deps, projectId);
    // Read each time: it may be paused, or be given another cap, while we work.
    const project = await deps.store.db
      .selectFrom('projects')
      .select(['state', 'depth', 'file_cap', 'crawl_number', 'crawl_requests'])
      .where('id', '=', projectId)
      .executeTakeFirstOrThrow();
    if (project.state !== 'active') return;
    const crawl: Crawl = { projectId, number: project.crawl_number, cap: project.file_cap };
    const kept = await oneAnswer(deps, lease, crawl, project);
    if (kept === 'lost') return;
    if (kept === 'finished') return finish(deps, lease, crawl);
    deps.nudges.nudge('work');
    deps.nudges.nudge(`project:${projectId}`);
  }
}

/** A new crawl begins where none is under way. */
async function begin({ store, clock }: CrawlDeps, lease: Lease, projectId: number): Promise<void> {
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const underWay = await trx
      .selectFrom('crawl_queue')
      .select('category')
      .where('project_id', '=', projectId)
      .limit(1)
      .executeTakeFirst();
    if (underWay) return;
    const project = await trx
      .updateTable('projects')
      .set((eb) => ({
        crawl_number: eb('crawl_number', '+', 1),
        crawl_requests: 0,
        crawl_started_at: clock.now(),
      }))
      .where('id', '=', projectId)
      .execute()
      .then(() =>
        trx.selectFrom('projects').select('category').where('id', '=', projectId).executeTakeFirstOrThrow(),
      );
    await enqueue(trx, projectId, [project.category], 0);
  });
}

/** Asks the wiki one thing and keeps the answer. What to ask stands in the database alone. */
async function oneAnswer(
  deps: CrawlDeps,
  lease: Lease,
  crawl: Crawl,
  { depth, crawl_requests }: { depth: number; crawl_requests: number },
): Promise<'kept' | 'lost' | 'finished'> {
  const { store, wiki } = deps;
  const now = deps.clock.now();
  const asked: Asked = { deps, lease, crawl, answers: 0 };
  const onAnswer = () => {
    asked.answers++;
  };
  const details = (pageIds: readonly number[]) => wiki.filesByPageId(pageIds, undefined, onAnswer);

  const pages = await wantedPages(store.db, crawl, AT_ONCE);
  const category = await nextCategory(store, crawl.projectId);
  // Full batches, as long as more may come.
  const walking = pages.length < AT_ONCE && category && (await mayFindMore(store, crawl, crawl_requests));
  if (pages.length > 0 && !walking) {
    const found = await details(pages);
    return keep(asked, (trx) => keepDetails(store, trx, crawl, found, now));
  }
  if (walking) {
    const page = await readCategory(deps, category, depth, onAnswer);
    return keep(asked, (trx) => keepPage(trx, crawl, category, page, now));
  }
  const missed = await missedFiles(store.db, crawl, AT_ONCE);
  if (missed.length === 0) return 'finished';
  const found = await details(missed.map((file) => file.pageId));
  const complete = category === undefined && (await hasSeenSomething(store, crawl));
  return keep(asked, (trx) => keepMissed(store, trx, crawl, missed, found, { complete, now }));
}

/**
 * A full project is read on as long as it has files that this crawl has not come across, because a category tells
 * of 500 files at a time; but not for longer than it takes to ask about each of them.
 */
async function mayFindMore(store: Store, crawl: Crawl, requests: number): Promise<boolean> {
  const files = await countFiles(store.db, crawl.projectId);
  if (files + (await countComing(store.db, crawl)) < crawl.cap) return true;
  return requests < Math.ceil(files / AT_ONCE) && (await missedFiles(store.db, crawl, 1)).length > 0;
}

interface Asked {
  readonly deps: CrawlDeps;
  readonly lease: Lease;
  readonly crawl: Crawl;
  answers: number;
}

async function keep(
  { deps, lease, crawl, answers }: Asked,
  work: (trx: Trx) => Promise<void>,
): Promise<'kept' | 'lost'> {
  const { store, clock } = deps;
  if (!(await renewLease(store, lease, clock.now(), LEASE_MS))) return 'lost';
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await work(trx);
    await trx
      .updateTable('projects')
      .set((eb) => ({ crawl_requests: eb('crawl_requests', '+', answers) }))
      .where('id', '=', crawl.projectId)
      .execute();
  });
  return 'kept';
}

async function nextCategory(store: Store, projectId: number): Promise<QueuedCategory | undefined> {
  return (
    store.db
      .selectFrom('crawl_queue')
      .select(['category', 'depth', 'next_page'])
      .where('project_id', '=', projectId)
      .where('done_at', 'is', null)
      // Excluded while the crawl was under way.
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('project_exclusions')
              .select('project_exclusions.category')
              .whereRef('project_exclusions.project_id', '=', 'crawl_queue.project_id')
              .whereRef('project_exclusions.category', '=', 'crawl_queue.category'),
          ),
        ),
      )
      .orderBy('depth')
      .orderBy('category')
      .executeTakeFirst()
  );
}

/** A title that the wiki will not take holds nothing; a place to go on that it has forgotten means from the start. */
async function readCategory(
  { wiki, log }: CrawlDeps,
  { category, depth, next_page }: QueuedCategory,
  deepest: number,
  onAnswer: () => void,
) {
  const read = (continueFrom: string | null) =>
    wiki.categoryMembers(category, { subcategories: depth < deepest, continueFrom, onAnswer });
  try {
    return await read(next_page);
  } catch (error) {
    const codes = wikiErrorDetails(error)?.codes ?? [];
    if (codes.includes('badcontinue') && next_page !== null) return read(null);
    if (!codes.includes('invalidcategory') && !codes.includes('invalidtitle')) throw error;
    log.warn({ category }, 'the wiki knows no category of that name; it is passed over');
    return { files: [], subcategories: [], next: null };
  }
}

/** A category that is empty all of a sudden has been moved, or somebody has made a mistake. */
async function hasSeenSomething(store: Store, crawl: Crawl): Promise<boolean> {
  const row = await store.db
    .selectFrom('crawl_members')
    .select('page_id')
    .where('project_id', '=', crawl.projectId)
    .where('crawl', '=', crawl.number)
    .where('state', 'not in', ['away', 'kept'])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

async function finish({ store, clock, log }: CrawlDeps, lease: Lease, crawl: Crawl): Promise<void> {
  const { projectId } = crawl;
  const done = await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const categories = await trx
      .selectFrom('crawl_queue')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .where('project_id', '=', projectId)
      .where('done_at', 'is not', null)
      .executeTakeFirstOrThrow();
    await trx
      .updateTable('projects')
      // A wish that came while the crawl was under way may be about what was read before it.
      .set((eb) => ({
        crawled_at: clock.now(),
        crawl_wanted_at: eb
          .case()
          .when('crawl_wanted_at', '>', eb.ref('crawl_started_at'))
          .then(eb.ref('crawl_wanted_at'))
          .else(null)
          .end(),
      }))
      .where('id', '=', projectId)
      .execute();
    await trx.deleteFrom('crawl_queue').where('project_id', '=', projectId).execute();
    // Pages that are in no category of the project any more.
    await trx
      .deleteFrom('crawl_members')
      .where('project_id', '=', projectId)
      .where('crawl', '<', crawl.number)
      .execute();
    const { crawl_requests } = await trx
      .selectFrom('projects')
      .select('crawl_requests')
      .where('id', '=', projectId)
      .executeTakeFirstOrThrow();
    return { categories: categories.n, requests: crawl_requests, files: await countFiles(trx, projectId) };
  });
  log.info(
    { project: projectId, files: done.files, categories: done.categories, requests: done.requests },
    'category read to its end',
  );
}
