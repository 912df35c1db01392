import { describe, expect, it } from 'vitest';
import { crawlCounts } from '../../../src/core/catalog/pictures.ts';
import { nextQuestion } from '../../../src/core/faces/next.ts';
import { assertFileLease, claimFiles } from '../../../src/core/store/leases.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { sha1Of } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { changesDesk, file } from './changes-support.ts';

describe.each(engines())('files that are deleted and restored, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('keeps a deleted file as gone, withdraws its open question, and refuses a detection under way', async () => {
    const { clock, start, again, fileOf, states, detected, ask, question } = await changesDesk(store);
    const [stays, goes] = [file(), file()];
    const { wiki, id } = await start({ Root: { files: [stays, goes] } });
    const { faceId, fileId } = await detected(goes);
    const { questionId, postId } = await ask(id, 'single', [faceId]);
    await store.db.updateTable('files').set({ state: 'waiting' }).where('id', '=', fileId).execute();
    const leases = await claimFiles(store, { owner: 'x', now: clock.now(), ttl: 1e6, limit: 10 });
    const lease = leases.find((one) => one.fileId === fileId);
    if (!lease) throw new Error('not claimed');

    wiki.tree.Root = { files: [stays] };
    await again(wiki, id);
    expect(wiki.calls).toEqual(['members Root 0', 'details of 1']);
    expect(await states(id)).toEqual(['waiting', 'gone']);
    expect((await fileOf(goes)).gone_at).toBe(clock.now());
    expect(await question(questionId)).toMatchObject({ state: 'withdrawn', closed_at: clock.now() });
    const post = await store.db.selectFrom('posts').selectAll().where('id', '=', postId).executeTakeFirst();
    expect(post?.wanted).toBe(2);
    await expect(store.transaction((trx) => assertFileLease(store, trx, lease))).rejects.toMatchObject({
      code: 'lease_lost',
    });
    // It is not asked about again at every crawl.
    wiki.calls.length = 0;
    await again(wiki, id);
    expect(wiki.calls).toEqual(['members Root 0']);
  });

  it('has a file back as it was, with its faces, and asks about them anew', async () => {
    const { start, again, fileOf, detected, ask, question } = await changesDesk(store);
    const goes = file();
    const { wiki, id } = await start({ Root: { files: [file(), goes] } });
    const { faceId } = await detected(goes);
    const { questionId } = await ask(id, 'single', [faceId]);
    wiki.tree.Root = { files: [file()] };
    await again(wiki, id);
    expect(await fileOf(goes)).toMatchObject({ state: 'gone' });
    wiki.tree.Root = { files: [goes] };
    await again(wiki, id);
    expect(await fileOf(goes)).toMatchObject({ state: 'detected', gone_at: null });
    expect((await question(questionId)).state).toBe('decided');
    const next = await store.transaction((trx) => nextQuestion(trx, id));
    expect(next?.faceIds).toEqual([faceId]);
  });

  it('leaves withdrawn what an owner had withdrawn', async () => {
    const { start, again, fileOf, detected, ask, question } = await changesDesk(store);
    const goes = file();
    const { wiki, id } = await start({ Root: { files: [goes] } });
    const { faceId } = await detected(goes);
    const { questionId } = await ask(id, 'single', [faceId]);
    await store.db
      .updateTable('questions')
      .set({ state: 'withdrawn', closed_at: 7 })
      .where('id', '=', questionId)
      .execute();
    wiki.tree.Root = {};
    await again(wiki, id);
    wiki.tree.Root = { files: [goes] };
    await again(wiki, id);
    expect((await fileOf(goes)).state).toBe('detected');
    expect((await question(questionId)).state).toBe('withdrawn');
  });

  it('looks at a new version of a restored file again', async () => {
    const { start, again, fileOf, detected } = await changesDesk(store);
    const goes = file();
    const { wiki, id } = await start({ Root: { files: [goes] } });
    await detected(goes);
    wiki.tree.Root = {};
    await again(wiki, id);
    wiki.tree.Root = { files: [{ ...goes, sha1: sha1Of(3) }] };
    await again(wiki, id);
    expect(await fileOf(goes)).toMatchObject({ state: 'waiting', sha1: sha1Of(3), gone_at: null });
  });

  it('closes a batch about a deleted file, so that the others are asked again', async () => {
    const { start, again, detected, ask, question } = await changesDesk(store);
    const [stays, goes] = [file(), file()];
    const { wiki, id } = await start({ Root: { files: [stays, goes] } });
    const [one, two] = [await detected(stays), await detected(goes)];
    const { questionId } = await ask(id, 'batch', [one.faceId, two.faceId]);
    wiki.tree.Root = { files: [stays] };
    await again(wiki, id);
    expect((await question(questionId)).state).toBe('decided');
    const next = await store.transaction((trx) => nextQuestion(trx, id));
    expect(next?.faceIds).toEqual([one.faceId]);
  });

  it('takes a file that is deleted between the list and the details for gone', async () => {
    const { start, again, states } = await changesDesk(store);
    const [one, two] = [file(), file()];
    const { wiki, id } = await start({ Root: { files: [one, two] } });
    wiki.tree.Root = { files: [{ ...one, title: 'File:Moved.jpg' }, two, file()] };
    wiki.gone.add(one.pageId);
    await again(wiki, id);
    expect(await states(id)).toEqual(['gone', 'waiting', 'waiting']);
    expect(await crawlCounts(store, id)).toEqual({ leftOut: 0, beyondCap: 0, away: 0 });
  });
});
