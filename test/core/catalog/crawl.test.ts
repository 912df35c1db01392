import { beforeEach, describe, expect, it } from 'vitest';
import { type CrawlDeps, crawlStep } from '../../../src/core/catalog/crawl.ts';
import { isPicture } from '../../../src/core/catalog/pictures.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { WikiFile } from '../../../src/core/wiki/file-page.ts';
import { fakeCategories } from '../../support/category-wiki.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addProject } from '../../support/people.ts';
import { addFace, sha1Of, wikiFile } from '../../support/pictures.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';
import { projectFiles } from './changes-support.ts';

describe.each(engines())('the crawl on %s', (kind) => {
  let store: Store;
  let other: Store;
  let clock: FakeClock;
  const nudges = notedNudges();
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });
  beforeEach(async () => {
    clock = fakeClock();
    await store.db.updateTable('projects').set({ crawl_wanted_at: null }).execute();
  });

  let pages = 0;
  const file = (given: Partial<WikiFile> = {}) => wikiFile(++pages, given);
  const step = (
    wiki: ReturnType<typeof fakeCategories>,
    which: Store = store,
    signal?: AbortSignal,
    more: Partial<CrawlDeps> = {},
  ) =>
    crawlStep(
      {
        store: which,
        clock,
        wiki,
        nudges,
        log: silentLog,
        workerId: which === store ? 'worker 1' : 'worker 2',
        ...more,
      },
      signal,
    );
  const newProject = async (given: Parameters<typeof addProject>[1] = {}) =>
    (await addProject(store, { category: 'Root', crawl_wanted_at: clock.now(), ...given })).id;
  const filesOf = (projectId: number) => projectFiles(store, projectId);
  const pageIdsOf = async (projectId: number) => (await filesOf(projectId)).map((row) => row.page_id);
  const projectRow = (id: number) =>
    store.db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  const queueOf = (id: number) =>
    store.db.selectFrom('crawl_queue').selectAll().where('project_id', '=', id).execute();

  it('has nothing to do when no project wants it', async () => {
    await addProject(store, { category: 'Root' });
    await addProject(store, { category: 'Root', state: 'paused', crawl_wanted_at: 1 });
    const wiki = fakeCategories({ Root: { files: [file()] } });
    expect(await step(wiki)).toBe(false);
    expect(wiki.calls).toEqual([]);
  });

  it('lets a small project have its turn while a large one is read', async () => {
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`Part ${i}`, { files: [file()] }]));
    const wiki = fakeCategories({
      Large: { files: [], categories: Object.keys(many) },
      ...many,
      Small: { files: [file()] },
    });
    const large = await newProject({ category: 'Large' });
    clock.advance(1);
    const small = await newProject({ category: 'Small' });
    clock.advance(1);
    const done = async (id: number) => (await projectRow(id)).crawl_wanted_at === null;
    expect(await step(wiki)).toBe(true);
    expect(await done(large)).toBe(false);
    expect(await step(wiki)).toBe(true);
    expect([await done(large), await done(small)]).toEqual([false, true]);
    // Nobody else waits: to the end in one go.
    expect(await step(wiki)).toBe(true);
    expect(await done(large)).toBe(true);
    expect(await pageIdsOf(large)).toHaveLength(60);
    // Nothing was asked twice for the break.
    expect(new Set(wiki.calls).size).toBe(wiki.calls.length);
  });

  it('keeps the pictures of a category with what the wiki says about them', async () => {
    const [one, two, three] = [file(), file({ author: null, licence: null }), file()];
    const wiki = fakeCategories({ Root: { files: [one, two, three] } });
    const id = await newProject();
    nudges.topics.length = 0;
    expect(await step(wiki)).toBe(true);
    expect(await filesOf(id)).toMatchObject([
      {
        page_id: one.pageId,
        title: one.title,
        sha1: one.sha1,
        width: 800,
        height: 600,
        mime: 'image/jpeg',
        thumb_url: one.thumbUrl,
        page_url: one.descriptionUrl,
        author: 'A photographer',
        licence: 'CC BY-SA 4.0',
        state: 'waiting',
      },
      { page_id: two.pageId, author: '', licence: '' },
      { page_id: three.pageId },
    ]);
    expect(await projectRow(id)).toMatchObject({ crawled_at: clock.now(), crawl_wanted_at: null });
    expect(await queueOf(id)).toEqual([]);
    expect(nudges.topics).toContain('work');
    expect(nudges.topics).toContain(`project:${id}`);
    expect(await step(wiki)).toBe(false);
  });

  it('reads subcategories breadth first, down to the depth and no further', async () => {
    const wiki = fakeCategories({
      Root: { categories: ['B', 'A', 'C'] },
      A: { categories: ['A2'] },
      B: { files: [file()] },
      A2: { files: [file()], categories: ['A3'] },
      A3: { files: [file()] },
    });
    const id = await newProject({ depth: 2 });
    await step(wiki);
    expect(wiki.calls).toEqual([
      'members Root 0',
      'members Root 2',
      'members A 0',
      'members B 0',
      'members C 0',
      'members A2 0',
      'details of 2',
    ]);
    expect(await filesOf(id)).toHaveLength(2);
  });

  it('reads the category alone at depth 0', async () => {
    const wiki = fakeCategories({ Root: { files: [file()], categories: ['A'] }, A: { files: [file()] } });
    const id = await newProject({ depth: 0 });
    await step(wiki);
    expect(wiki.calls).toEqual(['members Root 0', 'details of 1']);
    expect(await filesOf(id)).toHaveLength(1);
  });

  it('comes to an end in a tree with loops', async () => {
    const wiki = fakeCategories({
      Root: { categories: ['A', 'Root'] },
      A: { categories: ['B', 'Root'] },
      B: { categories: ['A', 'B'], files: [file()] },
    });
    const id = await newProject({ depth: 10 });
    await step(wiki);
    expect(wiki.calls).toEqual([
      'members Root 0',
      'members A 0',
      'members B 0',
      'members B 2',
      'details of 1',
    ]);
    expect(await filesOf(id)).toHaveLength(1);
  });

  it('takes a file of two categories once', async () => {
    const both = file();
    const wiki = fakeCategories({
      Root: { categories: ['A', 'B'], files: [both] },
      A: { files: [both, file()] },
      B: { files: [both] },
    });
    const id = await newProject();
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(2);
  });

  it('leaves out what is no picture', async () => {
    const picture = file({ mime: 'image/png' });
    const wiki = fakeCategories({
      Root: {
        files: [
          file({ mime: 'audio/ogg', width: 0, height: 0, thumbUrl: null }),
          file({ mime: 'video/webm' }),
          file({ thumbUrl: null }),
          file({ width: 0 }),
          picture,
          file({ mime: 'application/sla' }),
        ],
      },
    });
    const id = await newProject();
    await step(wiki);
    expect(await pageIdsOf(id)).toEqual([picture.pageId]);
  });

  it.each([
    ['image/jpeg', true],
    ['image/png', true],
    ['image/gif', true],
    ['image/webp', true],
    ['image/tiff', true],
    ['image/svg+xml', true],
    ['application/pdf', true],
    ['text/plain', false],
    ['video/mp4', false],
    ['xximage/jpeg', false],
    ['application/pdfx', false],
  ])('holds %s for a picture: %s', (mime, expected) => {
    expect(isPicture({ mime, width: 1, height: 1 })).toBe(expected);
  });

  it('stops at the cap', async () => {
    const wiki = fakeCategories({
      Root: { files: [file(), file(), file(), file(), file()] },
    });
    const id = await newProject({ file_cap: 3 });
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(3);
    expect(wiki.calls).toEqual(['members Root 0', 'members Root 2', 'details of 4']);
    expect(await projectRow(id)).toMatchObject({ crawled_at: clock.now(), crawl_wanted_at: null });
  });

  it('finds new files below the cap beside those it has', async () => {
    const known = [file(), file(), file()];
    const wiki = fakeCategories({ Root: { files: [...known] } });
    const id = await newProject({ file_cap: 4 });
    await step(wiki);
    const newer = file();
    wiki.tree.Root = { files: [known[0] ?? newer, newer, ...known.slice(1)] };
    await store.db.updateTable('projects').set({ crawl_wanted_at: 1 }).where('id', '=', id).execute();
    await step(wiki);
    expect(await pageIdsOf(id)).toEqual([...known, newer].map((one) => one.pageId));
  });

  it.each(['members Root 0', 'members Root 2', 'members A 0', 'members B 2', 'details of 8'])(
    'goes on where it stopped after an error at "%s", without loss or double',
    async (where) => {
      const files = Array.from({ length: 8 }, () => file());
      const wiki = fakeCategories({
        Root: { files: files.slice(0, 3), categories: ['A', 'B'] },
        A: { files: files.slice(3, 4) },
        B: { files: files.slice(4) },
      });
      wiki.onCall((call) => {
        if (call === where) throw new Error('the wiki has trouble');
      });
      const id = await newProject();
      for (let i = 0; i < 2; i++) await expect(step(wiki)).rejects.toThrow('the wiki has trouble');
      expect(await projectRow(id)).toMatchObject({ crawled_at: null });
      wiki.onCall(() => {});
      wiki.calls.length = 0;
      expect(await step(wiki, other)).toBe(true);
      expect(await pageIdsOf(id)).toEqual(files.map((one) => one.pageId));
      expect(await projectRow(id)).toMatchObject({ crawled_at: clock.now(), crawl_wanted_at: null });
      // What was read before the error is not read again.
      if (where === 'members B 2') expect(wiki.calls).toEqual(['members B 2', 'details of 8']);
    },
  );

  it('stops between pages when asked to, and goes on later', async () => {
    const files = Array.from({ length: 6 }, () => file());
    const wiki = fakeCategories({ Root: { files } });
    const stop = new AbortController();
    wiki.onCall((call) => {
      if (call === 'members Root 2') stop.abort();
    });
    const id = await newProject();
    await step(wiki, store, stop.signal);
    expect(await queueOf(id)).toMatchObject([{ category: 'Root', next_page: '4' }]);
    expect(await projectRow(id)).toMatchObject({ crawled_at: null });
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(6);
  });

  it('writes nothing more when another worker has taken over', async () => {
    const files = Array.from({ length: 4 }, () => file());
    const wiki = fakeCategories({ Root: { files, categories: ['A'] }, A: {} });
    const id = await newProject();
    let taken = false;
    wiki.onCall(async (call) => {
      if (taken || call !== 'members Root 2') return;
      taken = true;
      clock.advance(61_000);
      expect(await step(wiki, other)).toBe(true);
      // The other one has read everything; a crawl begins anew.
      await store.db.updateTable('projects').set({ crawl_wanted_at: 1 }).where('id', '=', id).execute();
    });
    await step(wiki);
    expect(taken).toBe(true);
    expect(await pageIdsOf(id)).toEqual(files.map((one) => one.pageId));
    expect(await queueOf(id)).toEqual([]);
    // What the late worker would have written: the crawl that was wanted meanwhile is done.
    expect((await projectRow(id)).crawl_wanted_at).toBe(1);
  });

  it('does not put subcategories into the queue of another worker', async () => {
    const wiki = fakeCategories({ Root: { categories: ['A'] }, A: {} });
    const id = await newProject();
    let taken = false;
    wiki.onCall(async (call) => {
      if (taken || call !== 'members Root 0') return;
      taken = true;
      clock.advance(61_000);
      await step(wiki, other);
    });
    await step(wiki).catch((error) => expect(error).toMatchObject({ code: 'lease_lost' }));
    expect(await queueOf(id)).toEqual([]);
  });

  it('passes over a project that another worker reads', async () => {
    const wiki = fakeCategories({ Root: { files: [file()] }, Other: { files: [file()] } });
    const first = await newProject({ crawl_wanted_at: 1 });
    const second = await newProject({ crawl_wanted_at: 2, category: 'Other' });
    wiki.onCall(async (call) => {
      if (call === 'members Root 0') expect(await step(wiki, other)).toBe(true);
    });
    await step(wiki);
    expect(await filesOf(first)).toHaveLength(1);
    expect(await filesOf(second)).toHaveLength(1);
    expect(wiki.calls.filter((call) => call.startsWith('members'))).toEqual([
      'members Root 0',
      'members Other 0',
    ]);
  });

  it('brings titles up to date and looks at new versions again', async () => {
    const [moved, replaced, same] = [file(), file(), file()];
    const wiki = fakeCategories({ Root: { files: [moved, replaced, same] } });
    const id = await newProject();
    await step(wiki);
    await store.db
      .updateTable('files')
      .set({ state: 'detected', reason: 'old', attempts: 3, retry_at: 5 })
      .execute();
    wiki.tree.Root = {
      files: [{ ...moved, title: 'File:New name.jpg' }, { ...replaced, sha1: sha1Of(1), width: 5 }, same],
    };
    await store.db.updateTable('projects').set({ crawl_wanted_at: 1 }).where('id', '=', id).execute();
    await step(wiki);
    expect(await filesOf(id)).toMatchObject([
      { title: 'File:New name.jpg', state: 'detected', reason: 'old' },
      { sha1: sha1Of(1), width: 5, state: 'waiting', reason: null, attempts: 0, retry_at: null },
      { state: 'detected' },
    ]);
  });

  it('looks again at a file that came back', async () => {
    const wiki = fakeCategories({ Root: { files: [file()] } });
    const id = await newProject();
    await step(wiki);
    await store.db.updateTable('files').set({ state: 'gone' }).execute();
    await store.db.updateTable('projects').set({ crawl_wanted_at: 1 }).where('id', '=', id).execute();
    await step(wiki);
    expect(await filesOf(id)).toMatchObject([{ state: 'waiting' }]);
  });

  it('has suggestions computed for a file whose faces another project has found', async () => {
    const shared = file();
    const wiki = fakeCategories({ Root: { files: [shared] } });
    const first = await newProject();
    await step(wiki);
    const [row] = await filesOf(first);
    if (!row) throw new Error('no file');
    await store.db.updateTable('files').set({ state: 'detected' }).where('id', '=', row.id).execute();
    await addFace(store, row.id);
    const second = await newProject();
    await store.db.updateTable('projects').set({ matched_change: 1 }).where('id', '=', second).execute();
    await step(wiki);
    const { change_number, matched_change } = await projectRow(second);
    expect(change_number).toBeGreaterThan(matched_change);
    expect((await filesOf(second))[0]).toMatchObject({ id: row.id, state: 'detected' });
  });

  it('reads two projects with the same files at once', async () => {
    const wiki = fakeCategories({ Root: { files: Array.from({ length: 12 }, () => file()) } });
    const ids = [await newProject(), await newProject()];
    await Promise.all([step(wiki, store), step(wiki, other)]);
    for (const id of ids) expect(await filesOf(id)).toHaveLength(12);
    expect(await filesOf(ids[0] ?? 0)).toEqual(await filesOf(ids[1] ?? 0));
  });
});
