import { beforeEach, describe, expect, it } from 'vitest';
import { matchStep } from '../../../src/core/faces/matching.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { VerdictsTable } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addProject } from '../../support/people.ts';
import { addFace, addFile, addPortrait, at, MODEL } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { type FakeClock, fakeClock } from '../wiki/fakes.ts';

describe('the matching step', () => {
  let store: Store;
  let clock: FakeClock;
  const nudges = notedNudges();
  beforeEach(async () => {
    clock = fakeClock();
    const fresh = await freshStore();
    store = fresh.store;
    return () => fresh.dispose();
  });

  const step = (workerId = 'worker 1') =>
    matchStep({ store, clock, nudges, log: silentLog, workerId, model: MODEL });
  const changed = (projectId: number) =>
    store.db
      .updateTable('projects')
      .set((eb) => ({ change_number: eb('change_number', '+', 1) }))
      .where('id', '=', projectId)
      .execute();
  const verdict = async (
    projectId: number,
    faceId: number,
    verdict: VerdictsTable['verdict'],
    given: { source?: VerdictsTable['source']; person?: string } = {},
  ) => {
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: projectId,
        face_id: faceId,
        person: given.person ?? 'Q1',
        verdict,
        source: given.source ?? 'votes',
        changed_at: 0,
      })
      .execute();
    await changed(projectId);
  };
  const example = async (
    projectId: number,
    position: number,
    value: VerdictsTable['verdict'],
    given: { source?: VerdictsTable['source']; person?: string } = {},
  ) => {
    const { faceId } = await addPortrait(store, projectId, { vector: at(position) });
    await verdict(projectId, faceId, value, given);
    return faceId;
  };
  const suggestions = (projectId: number) =>
    store.db
      .selectFrom('suggestions')
      .select(['face_id', 'person', 'distance', 'suggested'])
      .where('project_id', '=', projectId)
      .orderBy('face_id')
      .orderBy('person')
      .execute();
  const projectRow = (id: number) =>
    store.db.selectFrom('projects').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

  it('suggests what is near the confirmed faces, and keeps the distance of the rest', async () => {
    const { id } = await addProject(store, { min_confirmed: 2 });
    await example(id, 0, 'match');
    await example(id, 0.5, 'match');
    const near = await addPortrait(store, id, { vector: at(0.25) });
    const far = await addPortrait(store, id, { vector: at(5) });
    const blank = await addPortrait(store, id);
    expect(await step()).toBe(true);
    expect(await suggestions(id)).toEqual([
      { face_id: near.faceId, person: 'Q1', distance: 0.25, suggested: 1 },
      { face_id: far.faceId, person: 'Q1', distance: 4.75, suggested: 0 },
    ]);
    expect((await suggestions(id)).map((row) => row.face_id)).not.toContain(blank.faceId);
    expect(nudges.topics).toContain('posts');
  });

  it('computes anew only when something changed', async () => {
    const { id } = await addProject(store);
    expect(await step()).toBe(true);
    expect(await step()).toBe(false);
    await changed(id);
    expect(await step()).toBe(true);
    expect(await step()).toBe(false);
    await changed(id);
    await store.db.updateTable('projects').set({ state: 'paused' }).where('id', '=', id).execute();
    expect(await step()).toBe(false);
  });

  it('suggests nothing until people have confirmed enough, but orders by distance', async () => {
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
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    await example(id, 0.5, 'no_match');
    await addPortrait(store, id, { vector: at(0.375) });
    await addPortrait(store, id, { vector: at(0.125) });
    await step();
    expect((await suggestions(id)).map((row) => row.suggested)).toEqual([0, 1]);
  });

  it('has no opinion of a face that is decided, or is somebody else', async () => {
    const { id } = await addProject(store, { min_confirmed: 1 }, ['Q1', 'Q2']);
    await example(id, 0, 'match');
    await example(id, 0.25, 'match', { person: 'Q2' });
    const disputed = await example(id, 0.25, 'disputed');
    await step();
    expect(await suggestions(id)).toMatchObject([{ face_id: disputed, person: 'Q2' }]);
  });

  it('keeps the examples of persons and of projects apart', async () => {
    const one = await addProject(store, { min_confirmed: 1 }, ['Q1', 'Q2']);
    const two = await addProject(store, { min_confirmed: 1 });
    await example(one.id, 0, 'match');
    await example(one.id, 3, 'match', { person: 'Q2' });
    await example(two.id, 9, 'match');
    const { faceId } = await addPortrait(store, one.id, { vector: at(0.25) });
    while (await step());
    expect(await suggestions(one.id)).toEqual([
      { face_id: faceId, person: 'Q1', distance: 0.25, suggested: 1 },
      { face_id: faceId, person: 'Q2', distance: 2.75, suggested: 0 },
    ]);
    expect(await suggestions(two.id)).toEqual([]);
  });

  it('never compares embeddings of different models', async () => {
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    const fileId = await addFile(store, id);
    await addFace(store, fileId, { vector: at(0.125), model: 'an older model' });
    await step();
    expect(await suggestions(id)).toEqual([]);
  });

  it('takes its suggestions back when matching is turned off', async () => {
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    await addPortrait(store, id, { vector: at(0.25) });
    await step();
    expect(await suggestions(id)).toHaveLength(1);
    await store.db.updateTable('projects').set({ matching: 0 }).where('id', '=', id).execute();
    await changed(id);
    await step();
    expect(await suggestions(id)).toEqual([]);
    expect(await step()).toBe(false);
  });

  it('leaves small faces out of the suggestions', async () => {
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    await addPortrait(store, id, { vector: at(0.25), h: 0.047 });
    await addPortrait(store, id, { vector: at(0.25), h: 0.048 });
    await step();
    expect((await suggestions(id)).map((row) => row.suggested)).toEqual([0, 1]);
  });

  it('leaves a project to the worker that is at it', async () => {
    const { id } = await addProject(store);
    await store.db
      .insertInto('leases')
      .values({ name: `match ${id}`, owner: 'worker 2', expires_at: clock.now() + 1000, fence: 4 })
      .execute();
    expect(await step()).toBe(false);
    clock.advance(1000);
    expect(await step()).toBe(true);
  });

  describe('bootstrap examples', () => {
    const verdicts = (projectId: number) =>
      store.db
        .selectFrom('verdicts')
        .select(['face_id', 'person', 'verdict', 'source'])
        .where('project_id', '=', projectId)
        .orderBy('face_id')
        .execute();

    it('are the single faces of files that depict the person', async () => {
      const { id } = await addProject(store);
      const { faceId } = await addPortrait(store, id, { depicts: 'Q1' });
      await addPortrait(store, id);
      const several = await addFile(store, id, { depicts: 'Q1' });
      await addFace(store, several);
      await addFace(store, several);
      await addFile(store, id, { depicts: 'Q1' });
      await step();
      expect(await verdicts(id)).toEqual([
        { face_id: faceId, person: 'Q1', verdict: 'match', source: 'bootstrap' },
      ]);
      expect(await step()).toBe(false);
    });

    it('are used at once', async () => {
      const { id } = await addProject(store);
      await addPortrait(store, id, { depicts: 'Q1', vector: at(0) });
      const { faceId } = await addPortrait(store, id, { vector: at(0.25) });
      await step();
      expect(await suggestions(id)).toMatchObject([{ face_id: faceId, distance: 0.25, suggested: 0 }]);
    });

    it('do not go against what people say', async () => {
      const { id } = await addProject(store);
      const { faceId } = await addPortrait(store, id, { depicts: 'Q1' });
      await verdict(id, faceId, 'no_match');
      await step();
      expect(await verdicts(id)).toMatchObject([{ verdict: 'no_match', source: 'votes' }]);
    });

    it('count again when people have taken back what they said', async () => {
      const { id } = await addProject(store);
      const { faceId } = await addPortrait(store, id, { depicts: 'Q1' });
      await verdict(id, faceId, 'open');
      await step();
      expect(await verdicts(id)).toMatchObject([{ verdict: 'match', source: 'bootstrap' }]);
    });

    it('are there without matching too', async () => {
      const { id } = await addProject(store, { matching: 0 });
      await addPortrait(store, id, { depicts: 'Q1' });
      await step();
      expect(await verdicts(id)).toHaveLength(1);
    });

    it('have the bumped number computed in the same step', async () => {
      const { id } = await addProject(store);
      await addPortrait(store, id, { depicts: 'Q1' });
      await step();
      const { change_number, matched_change } = await projectRow(id);
      expect(matched_change).toBe(change_number);
    });
  });
});
