import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { addFace, addFile, addPortrait, at } from '../../support/pictures.ts';
import { matchingDesk } from './matching-support.ts';

describe('bootstrap examples', () => {
  it('are the single faces of files that depict the person', async () => {
    const { store, step } = await matchingDesk();
    const { id } = await addProject(store);
    const { faceId } = await addPortrait(store, id, { depicts: 'Q1' });
    await addPortrait(store, id);
    const several = await addFile(store, id, { depicts: 'Q1' });
    await addFace(store, several);
    await addFace(store, several);
    await addFile(store, id, { depicts: 'Q1' });
    await step();
    expect(await verdicts(store, id)).toEqual([
      { face_id: faceId, person: 'Q1', verdict: 'match', source: 'bootstrap' },
    ]);
    expect(await step()).toBe(false);
  });

  it('are used at once', async () => {
    const { store, step, suggestions } = await matchingDesk();
    const { id } = await addProject(store);
    await addPortrait(store, id, { depicts: 'Q1', vector: at(0) });
    const { faceId } = await addPortrait(store, id, { vector: at(0.25) });
    await step();
    expect(await suggestions(id)).toMatchObject([{ face_id: faceId, distance: 0.25, suggested: 0 }]);
  });

  it('do not go against what people say', async () => {
    const { store, step, verdict } = await matchingDesk();
    const { id } = await addProject(store);
    const { faceId } = await addPortrait(store, id, { depicts: 'Q1' });
    await verdict(id, faceId, 'no_match');
    await step();
    expect(await verdicts(store, id)).toMatchObject([{ verdict: 'no_match', source: 'votes' }]);
  });

  it('count again when people have taken back what they said', async () => {
    const { store, step, verdict } = await matchingDesk();
    const { id } = await addProject(store);
    const { faceId } = await addPortrait(store, id, { depicts: 'Q1' });
    await verdict(id, faceId, 'open');
    await step();
    expect(await verdicts(store, id)).toMatchObject([{ verdict: 'match', source: 'bootstrap' }]);
  });

  it('are there without matching too', async () => {
    const { store, step } = await matchingDesk();
    const { id } = await addProject(store, { matching: 0 });
    await addPortrait(store, id, { depicts: 'Q1' });
    await step();
    expect(await verdicts(store, id)).toHaveLength(1);
  });

  it('have the bumped number computed in the same step', async () => {
    const { store, step, projectRow } = await matchingDesk();
    const { id } = await addProject(store);
    await addPortrait(store, id, { depicts: 'Q1' });
    await step();
    const { change_number, matched_change } = await projectRow(id);
    expect(matched_change).toBe(change_number);
  });
});

function verdicts(store: Store, projectId: number) {
  return store.db
    .selectFrom('verdicts')
    .select(['face_id', 'person', 'verdict', 'source'])
    .where('project_id', '=', projectId)
    .orderBy('face_id')
    .execute();
}
