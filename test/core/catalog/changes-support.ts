import { expect } from 'vitest';
import { type CrawlDeps, crawlStep } from '../../../src/core/catalog/crawl.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { WikiFile } from '../../../src/core/wiki/file-page.ts';
import { fakeCategories, type Tree } from '../../support/category-wiki.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addChannel, addProject } from '../../support/people.ts';
import { addFace, wikiFile } from '../../support/pictures.ts';
import { fakeClock } from '../wiki/fakes.ts';

export const DAY = 24 * 3_600_000;

type Fake = ReturnType<typeof fakeCategories>;

let pages = 500_000;

/** A picture that no other test of the file has. */
export function file(given: Partial<WikiFile> = {}): WikiFile {
  return wikiFile(++pages, given);
}

/** Rows of the files that a project has, by page. */
export function projectFiles({ db }: Store, projectId: number) {
  return db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .selectAll('files')
    .where('project_id', '=', projectId)
    .orderBy('page_id')
    .execute();
}

/** The crawl of a wiki on which things change, and short ways to what it keeps. */
export async function changesDesk(store: Store) {
  const clock = fakeClock();
  const nudges = notedNudges();
  // Projects of earlier tests are not crawled any more.
  await store.db.updateTable('projects').set({ state: 'completed' }).execute();
  const step = (wiki: Fake, more: Partial<CrawlDeps> = {}, signal?: AbortSignal) =>
    crawlStep({ store, clock, wiki, nudges, log: silentLog, workerId: 'worker 1', ...more }, signal);
  const fileOf = (one: WikiFile) =>
    store.db.selectFrom('files').selectAll().where('page_id', '=', one.pageId).executeTakeFirstOrThrow();
  const filesOf = (projectId: number) => projectFiles(store, projectId);
  return {
    clock,
    deps: { store, clock, nudges },
    step,
    /** A project whose category was crawled once. */
    start: async (tree: Tree, given: Parameters<typeof addProject>[1] = {}) => {
      const wiki = fakeCategories(tree);
      const project = await addProject(store, { category: 'Root', crawl_wanted_at: clock.now(), ...given });
      expect(await step(wiki)).toBe(true);
      wiki.calls.length = 0;
      return { wiki, ...project };
    },
    /** Somebody wants it crawled again. */
    again: async (wiki: Fake, id: number) => {
      clock.advance(1000);
      await store.db
        .updateTable('projects')
        .set({ crawl_wanted_at: clock.now() })
        .where('id', '=', id)
        .execute();
      expect(await step(wiki)).toBe(true);
    },
    fileOf,
    filesOf,
    states: async (projectId: number) => (await filesOf(projectId)).map((row) => row.state),
    /** As if its one face was found. */
    detected: async (one: WikiFile) => {
      const { id } = await fileOf(one);
      await store.db
        .updateTable('files')
        .set({ state: 'detected', detected_at: 1 })
        .where('id', '=', id)
        .execute();
      return { fileId: id, faceId: await addFace(store, id) };
    },
    ask: async (projectId: number, kind: 'single' | 'batch', faceIds: number[]) => {
      const channel = await addChannel(store, projectId);
      return store.transaction((trx) =>
        openQuestion(trx, { projectId, kind, person: 'Q1', faceIds }, channel, clock.now()),
      );
    },
    question: (id: number) =>
      store.db.selectFrom('questions').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  };
}
