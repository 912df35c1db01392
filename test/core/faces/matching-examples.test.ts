import { describe, expect, it } from 'vitest';
import { addProject } from '../../support/people.ts';
import { addFace, addFile, addPortrait, at } from '../../support/pictures.ts';
import { matchingDesk } from './matching-support.ts';

describe('what the matching step measures against', () => {
  it('suggests nothing until people have confirmed enough, but orders by distance', async () => {
    const { store, step, example, suggestions } = await matchingDesk();
    const { id } = await addProject(store, { min_confirmed: 2 });
    const near = await addPortrait(store, id, { vector: at(0.25) });
    await example(id, 0, 'match');
    await step();
    expect(await suggestions(id)).toMatchObject([{ face_id: near.faceId, distance: 0.25, suggested: 0 }]);
    await example(id, 0, 'match', { source: 'owner' });
    await step();
    expect(await suggestions(id)).toMatchObject([{ face_id: near.faceId, suggested: 1 }]);
  });

  it('takes bootstrap examples as examples, not for the minimum', async () => {
    const { store, step, example, suggestions } = await matchingDesk();
    const { id } = await addProject(store, { min_confirmed: 2 });
    const near = await addPortrait(store, id, { vector: at(0.25) });
    for (let i = 0; i < 5; i++) await example(id, 0, 'match', { source: 'bootstrap' });
    await example(id, 0, 'match');
    await step();
    expect(await suggestions(id)).toMatchObject([{ face_id: near.faceId, distance: 0.25, suggested: 0 }]);
    await example(id, 0, 'match');
    await step();
    expect(await suggestions(id)).toMatchObject([{ face_id: near.faceId, suggested: 1 }]);
  });

  it('does not count what is no match any more', async () => {
    const { store, step, changed, example, suggestions } = await matchingDesk();
    const { id } = await addProject(store, { min_confirmed: 2 });
    await addPortrait(store, id, { vector: at(0.25) });
    const first = await example(id, 0, 'match');
    await example(id, 0, 'match');
    await store.db
      .updateTable('verdicts')
      .set({ verdict: 'disputed' })
      .where('face_id', '=', first)
      .execute();
    await changed(id);
    await step();
    const rows = await suggestions(id);
    expect(rows.map((row) => row.suggested)).toEqual([0]);
  });

  it('never takes a suggestion for an example', async () => {
    const { store, step, changed, example, suggestions } = await matchingDesk();
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    const near = await addPortrait(store, id, { vector: at(0.5) });
    const chained = await addPortrait(store, id, { vector: at(1) });
    for (let i = 0; i < 3; i++) {
      await changed(id);
      await step();
      expect(await suggestions(id)).toEqual([
        { face_id: near.faceId, person: 'Q1', distance: 0.5, suggested: 1 },
        { face_id: chained.faceId, person: 'Q1', distance: 1, suggested: 0 },
      ]);
    }
  });

  it('takes the rejected faces into account', async () => {
    const { store, step, example, suggestions } = await matchingDesk();
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    await example(id, 0.5, 'no_match');
    await addPortrait(store, id, { vector: at(0.375) });
    await addPortrait(store, id, { vector: at(0.125) });
    await step();
    expect((await suggestions(id)).map((row) => row.suggested)).toEqual([0, 1]);
  });

  it('has no opinion of a face that is decided, or is somebody else', async () => {
    const { store, step, example, suggestions } = await matchingDesk();
    const { id } = await addProject(store, { min_confirmed: 1 }, ['Q1', 'Q2']);
    await example(id, 0, 'match');
    await example(id, 0.25, 'match', { person: 'Q2' });
    await example(id, 0.25, 'disputed');
    await step();
    // Nor of one in dispute: who that is, its owners decide first.
    expect(await suggestions(id)).toEqual([]);
  });

  it('keeps the examples of persons and of projects apart', async () => {
    const { store, step, example, suggestions } = await matchingDesk();
    const one = await addProject(store, { min_confirmed: 1 }, ['Q1', 'Q2']);
    const two = await addProject(store, { min_confirmed: 1 });
    await example(one.id, 0, 'match');
    await example(one.id, 3, 'match', { person: 'Q2' });
    await example(two.id, 9, 'match');
    const { faceId } = await addPortrait(store, one.id, { vector: at(0.25) });
    while (await step());
    expect(await suggestions(one.id)).toEqual([
      { face_id: faceId, person: 'Q1', distance: 0.25, suggested: 1 },
    ]);
    expect(await suggestions(two.id)).toEqual([]);
  });

  it('never compares embeddings of different models', async () => {
    const { store, step, example, suggestions } = await matchingDesk();
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    const fileId = await addFile(store, id);
    await addFace(store, fileId, { vector: at(0.125), model: 'an older model' });
    await step();
    expect(await suggestions(id)).toEqual([]);
  });
});
