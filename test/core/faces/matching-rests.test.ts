import { expect, it } from 'vitest';
import { createFaceCache } from '../../../src/core/faces/face-cache.ts';
import { createRests } from '../../../src/core/platform/rests.ts';
import { verdictsChanged } from '../../../src/core/projects/changes.ts';
import { addProject } from '../../support/people.ts';
import { addPortrait, at } from '../../support/pictures.ts';
import { matchingDesk } from './matching-support.ts';

it('matches new faces after a rest, and answers at once', async () => {
  const { store, clock, step, changed, example, suggestions } = await matchingDesk();
  const { id } = await addProject(store, { min_confirmed: 1 });
  const more = { cache: createFaceCache(clock), rests: createRests(4) };
  await example(id, 0, 'match');
  expect(await step(more)).toBe(true);
  // What it took: the clock of a test stands still meanwhile.
  more.rests.worked(id, clock.now() - 1_000, clock.now());
  const { faceId } = await addPortrait(store, id, { vector: at(0.25) });
  await changed(id);
  expect(await step(more)).toBe(false);
  clock.advance(4_000);
  expect(await step(more)).toBe(true);
  expect((await suggestions(id)).map((row) => row.face_id)).toEqual([faceId]);
  more.rests.worked(id, clock.now() - 1_000, clock.now());
  await store.transaction((trx) => verdictsChanged(trx, id));
  expect(await step(more)).toBe(true);
});
