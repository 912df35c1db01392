import { describe, expect, it } from 'vitest';
import { createFaceCache } from '../../../src/core/faces/face-cache.ts';
import { vectorToBytes } from '../../../src/core/faces/vectors.ts';
import { verdictsChanged } from '../../../src/core/projects/changes.ts';
import { addProject } from '../../support/people.ts';
import { addPortrait, at } from '../../support/pictures.ts';
import { matchingDesk } from './matching-support.ts';

/** As `matchingDesk`, for a worker that keeps faces in memory. */
async function cachingDesk() {
  const desk = await matchingDesk();
  const { store, clock, step, suggestions } = desk;
  const cache = createFaceCache(clock);
  return {
    ...desk,
    again: () => step({ cache }),
    vectorOf: (faceId: number, position: number) =>
      store.db
        .updateTable('embeddings')
        .set({ vector: vectorToBytes(at(position)) })
        .where('face_id', '=', faceId)
        .execute(),
    distances: async (id: number) => (await suggestions(id)).map((row) => row.distance),
  };
}

describe('matching with faces kept in memory', () => {
  it('notices faces that came, went or were embedded again', async () => {
    const { store, changed, example, again, vectorOf, distances } = await cachingDesk();
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    const one = await addPortrait(store, id, { vector: at(0.25) });
    await again();
    expect(await distances(id)).toEqual([0.25]);
    await addPortrait(store, id, { vector: at(0.5) });
    await changed(id);
    await again();
    expect(await distances(id)).toEqual([0.25, 0.5]);
    await vectorOf(one.faceId, 0.125);
    await changed(id);
    await again();
    expect(await distances(id)).toEqual([0.125, 0.5]);
    await store.db.deleteFrom('embeddings').where('face_id', '=', one.faceId).execute();
    await changed(id);
    await again();
    expect(await distances(id)).toEqual([0.5]);
  });

  it('reads no face again when only verdicts changed', async () => {
    const { store, clock, example, again, vectorOf, distances } = await cachingDesk();
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    const { faceId } = await addPortrait(store, id, { vector: at(0.25) });
    await again();
    // Nobody said that faces changed, so this is not to be seen.
    await vectorOf(faceId, 0.5);
    await store.transaction((trx) => verdictsChanged(trx, id));
    expect(await again()).toBe(true);
    expect(await distances(id)).toEqual([0.25]);
    clock.advance(11 * 60_000);
    await store.transaction((trx) => verdictsChanged(trx, id));
    await again();
    expect(await distances(id)).toEqual([0.5]);
  });

  it('comes to the same as without', async () => {
    const { store, step, changed, verdict, suggestions, again } = await cachingDesk();
    const { id } = await addProject(store, { min_confirmed: 1 }, ['Q1', 'Q2']);
    const faces: number[] = [];
    for (let i = 0; i < 12; i++) faces.push((await addPortrait(store, id, { vector: at(i / 8) })).faceId);
    for (const [i, faceId] of faces.slice(0, 6).entries()) {
      await verdict(id, faceId, i % 3 === 2 ? 'no_match' : 'match', { person: i % 2 ? 'Q1' : 'Q2' });
      await again();
      const warm = await suggestions(id);
      await changed(id);
      await step();
      expect(await suggestions(id)).toEqual(warm);
    }
  });
});
