import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { KEPT } from '../../../src/core/faces/suggestions.ts';
import { createTurns } from '../../../src/core/platform/turns.ts';
import { addProject } from '../../support/people.ts';
import { addPortrait, at } from '../../support/pictures.ts';
import { matchingDesk } from './matching-support.ts';

describe('the matching step', () => {
  it('computes anew only when something changed', async () => {
    const { store, step, changed } = await matchingDesk();
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

  it('serves the project that waited longest, however often another one changes', async () => {
    const { store, step, changed, projectRow } = await matchingDesk();
    const busy = (await addProject(store)).id;
    const quiet = (await addProject(store)).id;
    const turns = createTurns();
    const next = async () => {
      await changed(busy);
      await step({ turns });
    };
    await next();
    await changed(quiet);
    await next();
    const { change_number, matched_change } = await projectRow(quiet);
    expect(matched_change).toBe(change_number);
  });

  it('leaves a project to the worker that is at it', async () => {
    const { store, clock, step } = await matchingDesk();
    const { id } = await addProject(store);
    await store.db
      .insertInto('leases')
      .values({ name: `match ${id}`, owner: 'worker 2', expires_at: clock.now() + 1000, fence: 4 })
      .execute();
    expect(await step()).toBe(false);
    clock.advance(1000);
    expect(await step()).toBe(true);
  });

  it('suggests what is near the confirmed faces, and keeps the distance of the rest', async () => {
    const { store, nudges, step, example, suggestions } = await matchingDesk();
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

  it('says whom a face is most likely to be, and after a no the next one', async () => {
    const { store, step, verdict, example, suggestions } = await matchingDesk();
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
    const { store, step, example, suggestions } = await matchingDesk();
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

  it('takes its suggestions back when matching is turned off', async () => {
    const { store, step, changed, example, suggestions } = await matchingDesk();
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
    const { store, step, example, suggestions } = await matchingDesk();
    const { id } = await addProject(store, { min_confirmed: 1 });
    await example(id, 0, 'match');
    await addPortrait(store, id, { vector: at(0.25), h: 0.047 });
    await addPortrait(store, id, { vector: at(0.25), h: 0.048 });
    await step();
    expect((await suggestions(id)).map((row) => row.suggested)).toEqual([0, 1]);
  });

  it('writes only what has changed', async () => {
    const { store, step, example, suggestions } = await matchingDesk();
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
});
