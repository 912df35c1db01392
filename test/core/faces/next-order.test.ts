import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { askingDesk } from './next-support.ts';

describe.each(engines())('which question comes first on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('asks the nearest first when nothing is suggested', async () => {
    const { next, ask, measured, portrait } = await askingDesk(store);
    await measured('portrait');
    await portrait();
    const far = await portrait(2, 0);
    const near = await portrait(1, 0);
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [near] });
    await ask();
    expect(await next()).toMatchObject({ faceIds: [far] });
  });

  it('asks about files with few faces first when nothing is known', async () => {
    const { project, next, portrait } = await askingDesk(store);
    const crowd = await addFile(store, project);
    await addFace(store, crowd);
    await addFace(store, crowd);
    const alone = await portrait();
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [alone] });
  });

  it('asks about the most likely person, and about other faces of the file only for the same', async () => {
    const { project, next, think, measured } = await askingDesk(store, ['Q1', 'Q2']);
    await measured('examples', 'Q1');
    await measured('examples', 'Q2');
    const file = await addFile(store, project);
    const [hers, his, neither] = [
      await addFace(store, file, { x: 0.1 }),
      await addFace(store, file, { x: 0.4 }),
      await addFace(store, file, { x: 0.7 }),
    ];
    await think(hers, 0.65, 'Q2', { near: 1 });
    await think(his, 0.7, 'Q1');
    expect(await next()).toMatchObject({ person: 'Q2', faceIds: [hers, neither] });
  });

  it('asks about what is near an example before what is far, though the mean be farther', async () => {
    const { next, think, measured, portrait } = await askingDesk(store);
    await measured();
    const far = await portrait();
    const near = await portrait();
    await think(far, 0.65, 'Q1');
    await think(near, 0.8, 'Q1', { near: 1 });
    expect(await next()).toMatchObject({ faceIds: [near] });
  });

  it('asks what nobody answered for days when nothing else is left', async () => {
    const { next, ask, portrait, setState } = await askingDesk(store);
    const [first, second] = [await portrait(), await portrait()];
    await ask();
    await setState('resting');
    expect(await next()).toMatchObject({ faceIds: [second] });
    await ask();
    expect(await next()).toMatchObject({ faceIds: [first] });
  });

  it('asks in the order of the files without matching', async () => {
    const { project, next, ask, portrait } = await askingDesk(store);
    await store.db.updateTable('projects').set({ matching: 0 }).where('id', '=', project).execute();
    const crowd = await addFile(store, project);
    const [left, right] = [await addFace(store, crowd, { x: 0.1 }), await addFace(store, crowd, { x: 0.5 })];
    const alone = await portrait();
    expect(await next()).toMatchObject({ kind: 'several', faceIds: [left, right] });
    await ask();
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [alone] });
  });
});
