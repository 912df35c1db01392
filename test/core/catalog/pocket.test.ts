import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CrawlDeps, crawlStep } from '../../../src/core/catalog/crawl.ts';
import type { Log } from '../../../src/core/platform/log.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { createWikiClient } from '../../../src/core/wiki/client.ts';
import { createLimiter } from '../../../src/core/wiki/limiter.ts';
import { createWiki } from '../../../src/core/wiki/wiki.ts';
import { createPocketWiki, POCKET_ENDPOINTS, type PocketWiki } from '../../../src/sandbox/wiki.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addProject } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

const LONG = process.env.VISAVIS_LONG_TESTS === '1';
const TIMEOUT = LONG ? 180_000 : 60_000;
/** The cap of a project, in as many categories as a busy person has. */
const SIZE = LONG ? { files: 9000, categories: 40 } : { files: 1230, categories: 12 };

/** A wiki with so many files in a tree of so many categories: one big category, many small ones, some empty. */
async function fill(pocket: PocketWiki): Promise<{ pageIds: number[]; sizes: number[] }> {
  const { hands } = pocket;
  const names = Array.from({ length: SIZE.categories }, (_, i) => `Crawled ${i}`);
  const sizes = names.map((_, i) => (i % 7 === 3 ? 0 : 10 + i));
  sizes[2] = SIZE.files - sizes.reduce((sum, n, i) => sum + (i === 2 ? 0 : n), 0);
  const pageIds: number[] = [];
  for (const [i, name] of names.entries()) {
    // Three below each: the tree is four levels deep.
    hands.addCategory(name, i === 0 ? undefined : names[Math.floor((i - 1) / 3)]);
    if (sizes[i]) pageIds.push(...(await hands.addManyFiles(sizes[i], name, name)));
  }
  return { pageIds: pageIds.sort((a, b) => a - b), sizes };
}

describe.each(engines())('a big category of a wiki, on %s', (kind) => {
  let store: Store;
  let address: Awaited<ReturnType<typeof freshStore>>['address'];
  let dispose: () => Promise<void>;
  let pocket: PocketWiki;
  let clock: FakeClock;
  let content: Awaited<ReturnType<typeof fill>>;
  beforeAll(async () => {
    clock = fakeClock();
    ({ store, address, dispose } = await freshStore(kind));
    pocket = await createPocketWiki({
      port: 0,
      host: '127.0.0.1',
      dataDir: ':memory:',
      photosDir: null,
      clients: [],
      clock,
      content: 'empty',
    });
    content = await fill(pocket);
  });
  afterAll(async () => {
    await pocket.close();
    await dispose();
  });

  const realWiki = () =>
    createWiki({
      files: createWikiClient({
        apiUrl: POCKET_ENDPOINTS(pocket.url).commonsApi,
        userAgent: 'Visavis/test',
        clock,
        limiter: createLimiter(),
        allowInsecure: true,
      }),
      items: { read: () => Promise.reject(new Error('no')), write: () => Promise.reject(new Error('no')) },
    });
  const bound = () =>
    Math.ceil(SIZE.files / 50) +
    content.sizes.reduce((sum, n) => sum + Math.ceil(n / 500), 0) +
    SIZE.categories +
    5;
  const filesOf = (projectId: number) =>
    store.db
      .selectFrom('project_files')
      .innerJoin('files', 'files.id', 'project_files.file_id')
      .select('page_id')
      .where('project_id', '=', projectId)
      .orderBy('page_id')
      .execute();

  it('is read with few requests, killed three times, nothing lost and nothing doubled', {
    timeout: TIMEOUT,
  }, async () => {
    const { id } = await addProject(store, { category: 'Crawled 0', crawl_wanted_at: 1, depth: 10 });
    const logged: { requests?: number }[] = [];
    const log: Log = { ...silentLog, info: (fields) => void logged.push(fields) };
    pocket.requests.clear();
    const began = performance.now();
    for (const life of [3, Math.round(bound() / 4), Math.round(bound() / 3), null]) {
      const process = await newProcess(life);
      await Promise.race([process.died, crawlStep({ ...process.deps, log, workerId: `life ${life}` })]);
      // Its lease runs out; whatever it still had in mind is not kept.
      clock.advance(61_000);
    }
    const seconds = (performance.now() - began) / 1000;
    expect((await filesOf(id)).map((row) => row.page_id)).toEqual(content.pageIds);
    expect(await store.db.selectFrom('crawl_queue').selectAll().execute()).toEqual([]);
    const asked = pocket.requests.count();
    expect(asked).toBeLessThanOrEqual(bound());
    // Answers that came when the process was dead already are not counted.
    const { requests = 0 } = logged.find((fields) => fields.requests !== undefined) ?? {};
    expect(requests).toBe(asked - 3);
    if (LONG) expect(seconds).toBeLessThan(60);
  });

  it('is looked at again with one request for 500 files', { timeout: TIMEOUT }, async () => {
    const project = await store.db.selectFrom('projects').select('id').executeTakeFirstOrThrow();
    await store.db.updateTable('projects').set({ crawl_wanted_at: 1 }).execute();
    pocket.requests.clear();
    const { deps } = await newProcess(null);
    await crawlStep({ ...deps, workerId: 'another day' });
    const pages = content.sizes.reduce((sum, n) => sum + Math.max(1, Math.ceil(n / 500)), 0);
    // Subcategories stand on the same pages.
    expect(pocket.requests.count()).toBeLessThanOrEqual(pages + 2);
    expect(await filesOf(project.id)).toHaveLength(SIZE.files);
  });

  it('notices a moved, a deleted and a new file', { timeout: TIMEOUT }, async () => {
    const project = await store.db.selectFrom('projects').select('id').executeTakeFirstOrThrow();
    const { hands } = pocket;
    const [moved = 0, deleted = 0] = content.pageIds;
    hands.moveFile(hands.page(moved).title, 'File:Another name.jpg');
    hands.deletePage(deleted);
    const added = await hands.addFile({ title: 'File:New here.jpg', category: 'Crawled 5' });
    await hands.addFile({
      title: 'File:New.ogg',
      category: 'Crawled 5',
      mime: 'audio/ogg',
      bytes: Buffer.from('Ogg'),
    });
    await store.db.updateTable('projects').set({ crawl_wanted_at: 1 }).execute();
    const { deps } = await newProcess(null);
    await crawlStep({ ...deps, workerId: 'another day' });
    const byPage = async (pageId: number) =>
      store.db
        .selectFrom('files')
        .select(['title', 'state'])
        .where('page_id', '=', pageId)
        .executeTakeFirstOrThrow();
    expect(await byPage(moved)).toEqual({ title: 'File:Another name.jpg', state: 'waiting' });
    expect((await byPage(deleted)).state).toBe('gone');
    expect((await byPage(added.id)).state).toBe('waiting');
    // At its cap the project takes the new one the next time: the deleted one is noticed last.
    expect(await filesOf(project.id)).toHaveLength(LONG ? SIZE.files : SIZE.files + 1);
    // The title that the file had before leads to it, and is no file.
    expect(await store.db.selectFrom('files').select('id').execute()).toHaveLength(SIZE.files + 1);
  });

  /**
   * As a process that lives for so many answers of the wiki: the next one reaches it no more, and nothing that
   * it was about to do happens. It has a connection of its own to the database.
   */
  async function newProcess(life: number | null): Promise<{
    deps: Omit<CrawlDeps, 'log' | 'workerId'> & { log: Log };
    died: Promise<void>;
  }> {
    const own = openStore(address, { connections: 2 });
    const wiki = realWiki();
    let answers = 0;
    let die = () => {};
    const died = new Promise<void>((resolve) => {
      die = resolve;
    });
    const living = async <T>(answer: Promise<T>): Promise<T> => {
      const value = await answer;
      if (life === null || answers++ < life) return value;
      await own.close();
      die();
      return new Promise(() => {});
    };
    const deps = {
      store: own,
      clock,
      nudges: notedNudges(),
      log: silentLog,
      wiki: {
        categoryMembers: (...args: Parameters<typeof wiki.categoryMembers>) =>
          living(wiki.categoryMembers(...args)),
        filesByPageId: (...args: Parameters<typeof wiki.filesByPageId>) =>
          living(wiki.filesByPageId(...args)),
      },
    };
    return { deps, died };
  }
});
