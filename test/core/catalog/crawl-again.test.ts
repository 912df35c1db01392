import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { wikiError } from '../../../src/core/wiki/wiki-error.ts';
import { fakeCategories } from '../../support/category-wiki.ts';
import { addProject } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';
import { changesDesk, DAY, file } from './changes-support.ts';

describe.each(engines())('a crawl that comes again, or is interrupted, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const refused = (code: string) =>
    wikiError('no', { kind: 'this_file', codes: [code], statement: 'refused' });

  it('looks again after a day, at those that somebody waits for first', async () => {
    const { clock, step, start, filesOf } = await changesDesk(store);
    const { wiki, id } = await start({ Root: { files: [file()] }, Other: { files: [] } });
    expect(await step(wiki, { crawlEveryMs: DAY })).toBe(false);
    clock.advance(DAY);
    const other = await addProject(store, { category: 'Other', crawl_wanted_at: clock.now() });
    expect(await step(wiki)).toBe(true);
    expect(await step(wiki)).toBe(false);
    await store.db
      .updateTable('projects')
      .set({ crawl_wanted_at: clock.now(), crawled_at: null })
      .where('id', '=', other.id)
      .execute();
    wiki.calls.length = 0;
    expect(await step(wiki, { crawlEveryMs: DAY })).toBe(true);
    wiki.tree.Root = { files: [...(wiki.tree.Root?.files ?? []), file()] };
    expect(await step(wiki, { crawlEveryMs: DAY })).toBe(true);
    expect(wiki.calls).toEqual(['members Other 0', 'members Root 0', 'details of 1']);
    expect(await filesOf(id)).toHaveLength(2);
    expect(await step(wiki, { crawlEveryMs: DAY })).toBe(false);
  });

  it('goes on after it was stopped while it looked again', async () => {
    const { clock, step, start, filesOf } = await changesDesk(store);
    const { wiki, id } = await start({ Root: { files: [file(), file(), file()] } });
    clock.advance(DAY);
    wiki.onCall((call) => {
      if (call === 'members Root 2') throw new Error('the wiki has trouble');
    });
    await expect(step(wiki, { crawlEveryMs: DAY })).rejects.toThrow('the wiki has trouble');
    wiki.onCall(() => {});
    wiki.calls.length = 0;
    expect(await step(wiki)).toBe(true);
    expect(wiki.calls).toEqual(['members Root 2']);
    expect(await filesOf(id)).toHaveLength(3);
  });

  it('lets other projects have their turn when one cannot be read', async () => {
    const { step, filesOf } = await changesDesk(store);
    const wiki = fakeCategories({ Root: {}, Fine: { files: [file()] } });
    await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    const fine = await addProject(store, { category: 'Fine', crawl_wanted_at: 2 });
    wiki.onCall((call) => {
      if (call.includes('Root')) throw new Error('the wiki has trouble');
    });
    await expect(step(wiki)).rejects.toThrow('the wiki has trouble');
    expect(await step(wiki)).toBe(true);
    expect(await filesOf(fine.id)).toHaveLength(1);
  });

  it('stops when the project is paused meanwhile', async () => {
    const { step, filesOf } = await changesDesk(store);
    const wiki = fakeCategories({ Root: { files: [file(), file(), file()] } });
    const { id } = await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    wiki.onCall(async () => {
      await store.db.updateTable('projects').set({ state: 'paused' }).where('id', '=', id).execute();
    });
    await step(wiki);
    expect(wiki.calls).toEqual(['members Root 0']);
    wiki.onCall(() => {});
    await store.db.updateTable('projects').set({ state: 'active' }).where('id', '=', id).execute();
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(3);
  });

  it('begins a category anew when the wiki has forgotten the place', async () => {
    const { step, filesOf } = await changesDesk(store);
    const files = [file(), file(), file()];
    const wiki = fakeCategories({ Root: { files } });
    const { id } = await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    let refusals = 0;
    wiki.onCall((call) => {
      if (call === 'members Root 2' && refusals++ === 0) throw refused('badcontinue');
    });
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(3);
    expect(wiki.calls.slice(0, 4)).toEqual([
      'members Root 0',
      'members Root 2',
      'members Root 0',
      'members Root 2',
    ]);
  });

  it('passes over a name that the wiki does not take', async () => {
    const { step, filesOf } = await changesDesk(store);
    const wiki = fakeCategories({ Root: { categories: ['Odd'], files: [file()] } });
    const { id } = await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    wiki.onCall((call) => {
      if (call.startsWith('members Odd')) throw refused('invalidcategory');
    });
    await step(wiki);
    expect(await filesOf(id)).toHaveLength(1);
  });
});
