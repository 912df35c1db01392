import { describe, expect, it } from 'vitest';
import { crawlStep } from '../../../src/core/catalog/crawl.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { fakeCategories } from '../../support/category-wiki.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addProject } from '../../support/people.ts';
import { wikiFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('a wish for a new crawl on %s', (kind) => {
  let store: Store;
  const clock = fakeClock();
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const wish = async (id: number) => {
    clock.advance(1000);
    await store.db
      .updateTable('projects')
      .set({ crawl_wanted_at: clock.now() })
      .where('id', '=', id)
      .execute();
    clock.advance(1000);
  };
  let pages = 0;
  const wanted = async (id: number) =>
    (
      await store.db
        .selectFrom('projects')
        .select('crawl_wanted_at')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
    ).crawl_wanted_at;

  it.each([
    { comes: 'while the crawl goes on', fails: false },
    { comes: 'before the wiki has trouble', fails: true },
  ])('that comes $comes is for another crawl', async ({ fails }) => {
    const wiki = fakeCategories({
      Root: { files: [wikiFile(++pages), wikiFile(++pages), wikiFile(++pages)] },
    });
    const { id } = await addProject(store, { category: 'Root', crawl_wanted_at: clock.now() });
    const step = () =>
      crawlStep({ store, clock, wiki, nudges: notedNudges(), log: silentLog, workerId: 'worker' });
    let calls = 0;
    wiki.onCall(async () => {
      if (++calls === 2) await wish(id);
      if (fails && calls === 3) throw new Error('the wiki has trouble');
    });
    if (fails) await expect(step()).rejects.toThrow('trouble');
    await step();
    expect(await wanted(id)).not.toBeNull();
    // The second crawl begins after the wish, and answers it.
    await step();
    expect(await wanted(id)).toBeNull();
  });

  it('is not made by trouble alone', async () => {
    const wiki = fakeCategories({ Root: { files: [wikiFile(++pages)] } });
    const { id } = await addProject(store, { category: 'Root', crawl_wanted_at: clock.now() });
    const step = () =>
      crawlStep({ store, clock, wiki, nudges: notedNudges(), log: silentLog, workerId: 'worker' });
    wiki.onCall(() => {
      throw new Error('the wiki has trouble');
    });
    for (let i = 0; i < 2; i++) {
      await expect(step()).rejects.toThrow('trouble');
      clock.advance(1000);
    }
    wiki.onCall(() => {});
    await step();
    expect(await wanted(id)).toBeNull();
  });
});
