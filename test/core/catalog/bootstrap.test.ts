import { beforeEach, describe, expect, it } from 'vitest';
import { bootstrapStep } from '../../../src/core/catalog/bootstrap.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { FileStatements } from '../../../src/core/wiki/statements.ts';
import { addProject } from '../../support/people.ts';
import { addFile } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

describe('bootstrap', () => {
  let store: Store;
  let dispose: () => Promise<void>;
  let clock: FakeClock;
  /** Items that files depict, by page id. */
  const depicts = new Map<number, (string | null)[]>();
  const batches: number[] = [];
  let before: () => void | Promise<void> = () => {};

  beforeEach(async () => {
    clock = fakeClock();
    ({ store, dispose } = await freshStore());
    depicts.clear();
    batches.length = 0;
    before = () => {};
    return () => dispose();
  });

  const step = (workerId = 'worker 1') =>
    bootstrapStep({
      store,
      clock,
      log: silentLog,
      workerId,
      wiki: {
        readStatements: async (pageIds) => {
          batches.push(pageIds.length);
          await before();
          return new Map(
            pageIds.map((pageId): [number, FileStatements] => [
              pageId,
              {
                exists: depicts.has(pageId),
                revision: null,
                statements: (depicts.get(pageId) ?? []).map((itemId, i) => ({
                  id: `M${pageId}$${i}`,
                  itemId,
                  rank: 'normal',
                  positions: [],
                })),
              },
            ]),
          );
        },
      },
    });
  const fileThatDepicts = async (projectId: number, ...items: (string | null)[]) => {
    const id = await addFile(store, projectId);
    const { page_id } = await store.db
      .selectFrom('files')
      .select('page_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    if (items.length > 0) depicts.set(page_id, items);
    return id;
  };
  const noted = async (projectId: number) =>
    (
      await store.db
        .selectFrom('project_files')
        .select('depicts')
        .where('project_id', '=', projectId)
        .orderBy('file_id')
        .execute()
    ).map((row) => row.depicts);
  const projectRow = (id: number) =>
    store.db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  it('notes which files depict a person of the project', async () => {
    const { id } = await addProject(store, { crawled_at: 1 }, ['Q1', 'Q2']);
    await fileThatDepicts(id, 'Q1');
    await fileThatDepicts(id);
    await fileThatDepicts(id, null, 'Q99', 'Q2');
    await fileThatDepicts(id, 'Q99');
    expect(await step()).toBe(true);
    expect(await noted(id)).toEqual(['Q1', null, 'Q2', null]);
    expect(await projectRow(id)).toMatchObject({ bootstrapped_at: clock.now(), change_number: 2 });
    expect(await step()).toBe(false);
  });

  it('leaves a file that depicts two of the persons to people', async () => {
    const { id } = await addProject(store, { crawled_at: 1 }, ['Q1', 'Q2']);
    await fileThatDepicts(id, 'Q2', 'Q1');
    await fileThatDepicts(id, 'Q1', 'Q1');
    await step();
    expect(await noted(id)).toEqual([null, 'Q1']);
  });

  it('waits for the first crawl, and for the project to be active', async () => {
    await addProject(store, { crawled_at: null });
    await addProject(store, { crawled_at: 1, state: 'paused' });
    expect(await step()).toBe(false);
  });

  it('asks about 50 files at a time', async () => {
    const { id } = await addProject(store, { crawled_at: 1 });
    for (let i = 0; i < 101; i++) await fileThatDepicts(id, ...(i % 10 ? [] : ['Q1']));
    await step();
    expect(batches).toEqual([50, 50, 1]);
    expect((await noted(id)).filter((person) => person === 'Q1')).toHaveLength(11);
  });

  it('begins again after an error', async () => {
    const { id } = await addProject(store, { crawled_at: 1 });
    await fileThatDepicts(id, 'Q1');
    before = () => {
      throw new Error('the wiki has trouble');
    };
    await expect(step()).rejects.toThrow('the wiki has trouble');
    expect(await projectRow(id)).toMatchObject({ bootstrapped_at: null, change_number: 1 });
    before = () => {};
    await step('worker 2');
    expect(await noted(id)).toEqual(['Q1']);
  });

  it('keeps its lease while a big category takes long', async () => {
    const { id } = await addProject(store, { crawled_at: 1 });
    for (let i = 0; i < 120; i++) await fileThatDepicts(id, 'Q1');
    const taken: boolean[] = [];
    let inside = false;
    before = async () => {
      if (inside) return;
      inside = true;
      clock.advance(90_000);
      taken.push(await step('worker 2'));
      inside = false;
    };
    expect(await step()).toBe(true);
    expect(taken).toEqual([false, false, false]);
    expect(await noted(id)).toHaveLength(120);
    expect((await projectRow(id)).bootstrapped_at).toBe(clock.now());
  });

  it('writes nothing when another worker has taken over', async () => {
    const { id } = await addProject(store, { crawled_at: 1 });
    await fileThatDepicts(id, 'Q1');
    let inside = false;
    before = async () => {
      if (inside) return;
      inside = true;
      clock.advance(121_000);
      expect(await step('worker 2')).toBe(true);
    };
    await step().catch((error) => expect(error).toMatchObject({ code: 'lease_lost' }));
    expect((await projectRow(id)).change_number).toBe(2);
  });

  it('goes on to the next project while another worker has the first', async () => {
    const first = await addProject(store, { crawled_at: 1 });
    const second = await addProject(store, { crawled_at: 1 });
    await fileThatDepicts(first.id, 'Q1');
    await fileThatDepicts(second.id, 'Q1');
    let inside = false;
    before = async () => {
      if (inside) return;
      inside = true;
      expect(await step('worker 2')).toBe(true);
    };
    await step();
    expect([await noted(first.id), await noted(second.id)]).toEqual([['Q1'], ['Q1']]);
  });
});
