import { describe, expect, it } from 'vitest';
import { categoryName, listExclusions, setExclusions } from '../../../src/core/catalog/exclusions.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { fakeCategories } from '../../support/category-wiki.ts';
import { addMember, addProject } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';
import { changesDesk, file } from './changes-support.ts';

describe.each(engines())('excluded categories on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('does not enter categories that are excluded', async () => {
    const { deps, step, start, again, filesOf } = await changesDesk(store);
    const [in1, in2] = [file(), file()];
    const { wiki, id, owner } = await start({
      Root: { files: [in1], categories: ['A', 'B'] },
      A: { files: [in2], categories: ['B'] },
      B: { files: [file()], categories: ['C'] },
      C: { files: [file()] },
    });
    await setExclusions(deps, id, owner, [' category:b', '', 'Category:B']);
    expect(await listExclusions(store, id)).toEqual(['B']);
    expect(await step(wiki)).toBe(true);
    expect(wiki.calls.filter((call) => call.startsWith('members'))).toEqual([
      'members Root 0',
      'members Root 2',
      'members A 0',
    ]);
    await again(wiki, id);
    expect((await filesOf(id)).map((row) => row.page_id)).toEqual([in1.pageId, in2.pageId]);

    const member = await addMember(store, id);
    await expect(setExclusions(deps, id, member, [])).rejects.toMatchObject({ code: 'forbidden' });
    await expect(setExclusions(deps, id, owner, ['Root'])).rejects.toMatchObject({ code: 'bad_input' });
    await expect(setExclusions(deps, id, owner, ['a|b'])).rejects.toMatchObject({ code: 'bad_input' });
    await setExclusions(deps, id, owner, []);
    expect(await listExclusions(store, id)).toEqual([]);
  });

  it('passes over a category that is excluded while the crawl is under way', async () => {
    const { deps, step, filesOf } = await changesDesk(store);
    const wiki = fakeCategories({ Root: { categories: ['A'] }, A: { files: [file()] } });
    const { id, owner } = await addProject(store, { category: 'Root', crawl_wanted_at: 1 });
    const stop = new AbortController();
    wiki.onCall((call) => {
      if (call === 'members Root 0') stop.abort();
    });
    await step(wiki, {}, stop.signal);
    await setExclusions(deps, id, owner, ['A']);
    wiki.onCall(() => {});
    await step(wiki);
    expect(wiki.calls).toEqual(['members Root 0']);
    expect(await filesOf(id)).toEqual([]);
  });

  it.each([
    ['portraits_by  year', 'Portraits by year'],
    [' Category:émile', 'Émile'],
    ['', ''],
  ])('writes %j as %j', (given, name) => expect(categoryName(given)).toBe(name));
});
