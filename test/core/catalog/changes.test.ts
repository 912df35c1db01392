import { describe, expect, it } from 'vitest';
import { bootstrapStep } from '../../../src/core/catalog/bootstrap.ts';
import { crawlCounts } from '../../../src/core/catalog/pictures.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { fakeWiki } from '../../support/fake-wiki.ts';
import { engines, useStore } from '../../support/stores.ts';
import { changesDesk, file } from './changes-support.ts';

describe.each(engines())('what changes in a category, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('asks about nothing in particular when nothing has changed', async () => {
    const { start, again } = await changesDesk(store);
    const { wiki, id } = await start({ Root: { files: [file(), file(), file()], categories: ['A'] }, A: {} });
    await again(wiki, id);
    expect(wiki.calls).toEqual(['members Root 0', 'members Root 2', 'members A 0']);
    const { crawl_requests } = await store.db
      .selectFrom('projects')
      .select('crawl_requests')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(crawl_requests).toBe(3);
  });

  it('lets go of a file that left the category, at the second look, when nothing was said about it', async () => {
    const { start, again, fileOf, filesOf, detected } = await changesDesk(store);
    const [stays, leaves, voted] = [file(), file(), file()];
    const { wiki, id, owner } = await start({ Root: { files: [stays, leaves, voted] } });
    await detected(leaves);
    const { faceId } = await detected(voted);
    await store.db
      .insertInto('votes')
      .values({
        project_id: id,
        face_id: faceId,
        person: 'Q1',
        account_id: owner,
        answer: 'yes',
        decides: 0,
        question_id: null,
        platform: 'web',
        voted_at: 1,
      })
      .execute();
    wiki.tree.Root = { files: [stays] };
    wiki.elsewhere.push({ ...leaves, title: 'File:Renamed on the way.jpg' }, voted);
    await again(wiki, id);
    expect(await filesOf(id)).toHaveLength(3);
    expect((await fileOf(leaves)).title).toBe('File:Renamed on the way.jpg');
    expect(await crawlCounts(store, id)).toMatchObject({ away: 2 });
    await again(wiki, id);
    expect((await filesOf(id)).map((row) => row.page_id)).toEqual([stays.pageId, voted.pageId]);
    expect(await crawlCounts(store, id)).toMatchObject({ away: 1 });
    // Its faces are there for other projects.
    expect(await fileOf(leaves)).toMatchObject({ state: 'detected' });
  });

  it('does not let an empty category empty the project', async () => {
    const { start, again, filesOf } = await changesDesk(store);
    const files = [file(), file(), file()];
    const { wiki, id } = await start({ Root: { files } });
    wiki.tree.Root = {};
    wiki.elsewhere.push(...files);
    for (let i = 0; i < 3; i++) await again(wiki, id);
    expect(await filesOf(id)).toHaveLength(3);
  });

  it('looks at known files of a full project too', async () => {
    const { start, again, states } = await changesDesk(store);
    const files = [file(), file(), file(), file()];
    const { wiki, id } = await start({ Root: { files } }, { file_cap: 3 });
    expect(await crawlCounts(store, id)).toMatchObject({ beyondCap: 1 });
    const [first] = files;
    if (!first) throw new Error('no file');
    wiki.tree.Root = { files: files.slice(1) };
    await again(wiki, id);
    // Then there is room for one more.
    expect(wiki.calls).toEqual(['members Root 0', 'details of 1', 'members Root 2']);
    expect(await states(id)).toEqual(['gone', 'waiting', 'waiting', 'waiting']);
  });

  it('counts what is left out', async () => {
    const { start, again } = await changesDesk(store);
    const sound = file({ mime: 'audio/ogg', width: 0, height: 0 });
    const odd = file({ thumbUrl: null });
    const { wiki, id } = await start({
      Root: { files: [sound, file(), odd], categories: ['A'] },
      A: { files: [sound, odd] },
    });
    expect(await crawlCounts(store, id)).toEqual({ leftOut: 2, beyondCap: 0, away: 0 });
    wiki.tree.Root = { files: [file()] };
    await again(wiki, id);
    expect(await crawlCounts(store, id)).toMatchObject({ leftOut: 0 });
  });

  it('notes what files of a later crawl depict, and nothing twice', async () => {
    const { clock, start, again } = await changesDesk(store);
    const [first, later] = [file(), file()];
    const { wiki, id } = await start({ Root: { files: [first] } });
    const statements = fakeWiki();
    const bootstrap = () =>
      bootstrapStep({ store, clock, log: silentLog, workerId: 'worker 1', wiki: statements });
    expect(await bootstrap()).toBe(true);
    // Written by us since: no bootstrap.
    statements.record(first.pageId, 'Q1');
    statements.record(later.pageId, 'Q1');
    wiki.tree.Root = { files: [first, later] };
    await again(wiki, id);
    expect(await bootstrap()).toBe(true);
    expect(await bootstrap()).toBe(false);
    expect(statements.reads).toEqual([[first.pageId], [later.pageId]]);
    const depicts = await store.db
      .selectFrom('project_files')
      .select('depicts')
      .where('project_id', '=', id)
      .orderBy('file_id')
      .execute();
    expect(depicts.map((row) => row.depicts)).toEqual([null, 'Q1']);
  });
});
