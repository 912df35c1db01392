import { beforeEach, describe, expect, it } from 'vitest';
import { adviseThreshold } from '../../../src/core/faces/advice.ts';
import type { VerdictsTable } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { addPortrait, at } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';

describe('advice about the threshold', () => {
  let store: Store;
  let project: number;
  beforeEach(async () => {
    const fresh = await freshStore();
    store = fresh.store;
    project = (await addProject(store, {}, ['Q1', 'Q2'])).id;
    return () => fresh.dispose();
  });

  const decided = async (
    position: number,
    verdict: VerdictsTable['verdict'],
    given: { source?: VerdictsTable['source']; person?: string; h?: number } = {},
  ) => {
    const { source = 'votes', person = 'Q1', h = 0.2 } = given;
    const { faceId } = await addPortrait(store, project, { vector: at(position), h });
    await store.db
      .insertInto('verdicts')
      .values({ project_id: project, face_id: faceId, person, verdict, source, changed_at: faceId })
      .execute();
  };
  const advice = () => adviseThreshold(store, project);
  const line = async (threshold: number) => {
    const found = (await advice())?.thresholds.find((one) => one.threshold === threshold);
    return [found?.right, found?.wrong];
  };

  it('is none before there is something to say', async () => {
    expect(await advice()).toBeNull();
    await decided(0, 'match');
    await decided(0.25, 'match');
    expect(await advice()).toBeNull();
    await decided(0.5, 'match');
    expect(await advice()).toMatchObject({ faces: 3 });
  });

  it('measures each decided face against the other examples', async () => {
    // Means to the others: 0.3125 and 0.4375; the first one (0.5) has a rejected face nearer than that. The one who
    // is somebody else: 0.583.
    await decided(0, 'match');
    await decided(0.375, 'match');
    await decided(0.625, 'match');
    await decided(-0.25, 'no_match');
    expect(await line(0.4)).toEqual([1, 0]);
    expect(await line(0.45)).toEqual([2, 0]);
    expect(await line(0.55)).toEqual([2, 0]);
    expect(await line(0.6)).toEqual([2, 1]);
    expect((await advice())?.best).toEqual({ threshold: 0.55, right: 2, wrong: 0 });
  });

  it('keeps persons apart, and measures against bootstrap faces without counting them', async () => {
    await decided(0, 'match', { source: 'bootstrap' });
    for (const position of [0.25, 0.3125, 0.375]) await decided(position, 'match');
    await decided(0.25, 'match', { person: 'Q2' });
    expect(await advice()).toMatchObject({ faces: 3, best: { threshold: 0.7, right: 3, wrong: 0 } });
  });

  it('leaves out what is never suggested', async () => {
    for (const position of [0, 0.25, 0.5]) await decided(position, 'match');
    await decided(0.25, 'no_match', { h: 0.04 });
    expect(await line(0.7)).toEqual([0, 0]);
    await decided(0.25, 'match', { h: 0.04 });
    expect(await advice()).toMatchObject({ faces: 3 });
  });

  it('compares no embeddings of different models', async () => {
    for (const position of [0, 0.25, 0.5]) await decided(position, 'match');
    const [one] = await store.db.selectFrom('embeddings').select('face_id').execute();
    await store.db
      .updateTable('embeddings')
      .set({ model: 'another model' })
      .where('face_id', '=', one?.face_id ?? 0)
      .execute();
    expect(await advice()).toBeNull();
  });
});
