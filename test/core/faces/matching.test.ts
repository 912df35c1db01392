import { sql } from 'kysely';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFaceCache, type FaceCache } from '../../../src/core/faces/face-cache.ts';
import { matchStep } from '../../../src/core/faces/matching.ts';
import { KEPT } from '../../../src/core/faces/suggestions.ts';
import { vectorToBytes } from '../../../src/core/faces/vectors.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { createTurns } from '../../../src/core/platform/turns.ts';
import { verdictsChanged } from '../../../src/core/projects/changes.ts';
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

  it('serves the project that waited longest, however often another one changes', async () => {
    const busy = (await addProject(store)).id;
    const quiet = (await addProject(store)).id;
    const turns = createTurns();
    const next = async () => {
      await changed(busy);
      await matchStep({ store, clock, nudges, log: silentLog, workerId: 'worker 1', model: MODEL, turns });
    };
    await next();
    await changed(quiet);
    await next();
    const { change_number, matched_change } = await store.db
      .selectFrom('projects')
      .select(['change_number', 'matched_change'])
      .where('id', '=', quiet)
      .executeTakeFirstOrThrow();
    expect(matched_change).toBe(change_number);
    expect(busy).toBeLessThan(quiet);
  });

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
    await example(id, 0.25, 'disputed');
    await step();
    // Nor of one in dispute: who that is, its owners decide first.
    expect(await suggestions(id)).toEqual([]);
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
    ]);
    expect(await suggestions(two.id)).toEqual([]);
  });

  it('says whom a face is most likely to be, and after a no the next one', async () => {
    const { id } = await addProject(store, { min_confirmed: 1 }, ['Q1', 'Q2', 'Q3']);
    await example(id, 0, 'match');
    await example(id, 1, 'match', { person: 'Q2' });
    const { faceId } = await addPortrait(store, id, { vector: at(0.375) });
    const likely = async () => {
      await step();
      return (await suggestions(id)).map(({ person, distance }) => `${person} ${distance}`);
    };
    expect(await likely()).toEqual(['Q1 0.375']);
    await verdict(id, faceId, 'no_match');
    expect(await likely()).toEqual(['Q2 0.625']);
    await verdict(id, faceId, 'no_match', { person: 'Q2' });
    expect(await likely()).toEqual([]);
  });

  it('keeps the nearest of each person, and counts the others', async () => {
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    for (let i = 1; i <= KEPT + 5; i++) await addPortrait(store, id, { vector: at(i / 128) });
    const far = await addPortrait(store, id, { vector: at(3) });
    await step();
    const rows = await suggestions(id);
    expect(rows).toHaveLength(KEPT);
    expect(Math.max(...rows.map((row) => row.distance))).toBeCloseTo(KEPT / 128, 3);
    expect(rows.map((row) => row.face_id)).not.toContain(far.faceId);
    expect(await store.db.selectFrom('matched_persons').selectAll().execute()).toMatchObject([
      {
        person: 'Q1',
        basis: 'examples',
        faces: KEPT + 6,
        suggested: 76,
        near: 76,
        nearest: 0.0078,
      },
    ]);
  });

  it('writes only what has changed', async () => {
    const { id } = await addProject(store, { min_confirmed: 1 }, ['Q1', 'Q2']);
    await example(id, 0, 'match');
    await example(id, 8, 'match', { person: 'Q2' });
    for (let i = 1; i <= 40; i++) await addPortrait(store, id, { vector: at(i / 128) });
    await addPortrait(store, id, { vector: at(8.25) });
    const rowsChanged = async () => {
      const { rows } = await sql<{ n: number }>`select total_changes() as n`.execute(store.db);
      return rows[0]?.n ?? 0;
    };
    await step();
    await example(id, 8.5, 'match', { person: 'Q2' });
    const before = await rowsChanged();
    await step();
    // The lease, the project, what became of the second person and her one suggestion.
    expect((await rowsChanged()) - before).toBeLessThan(10);
    expect((await suggestions(id)).at(-1)).toMatchObject({ person: 'Q2', distance: 0.25 });
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

  describe('with faces kept in memory', () => {
    let cache: FaceCache;
    beforeEach(() => {
      cache = createFaceCache(clock);
    });
    const again = () =>
      matchStep({ store, clock, nudges, log: silentLog, workerId: 'worker 1', model: MODEL, cache });
    const vectorOf = (faceId: number, position: number) =>
      store.db
        .updateTable('embeddings')
        .set({ vector: vectorToBytes(at(position)) })
        .where('face_id', '=', faceId)
        .execute();
    const distances = async (id: number) => (await suggestions(id)).map((row) => row.distance);

    it('notices faces that came, went or were embedded again', async () => {
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
