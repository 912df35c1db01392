import { describe, expect, it } from 'vitest';
import { MISSES } from '../../../src/core/faces/patience.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import type { VerdictsTable } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { type AskingDesk, askingDesk } from './next-support.ts';

describe.each(engines())('asking when nobody is found any more, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  /** A decided question about a face that was somebody else, or her. */
  const answered = async (desk: AskingDesk, value: VerdictsTable['verdict'], at: number) => {
    const faceId = await desk.portrait();
    await desk.verdict(faceId, value, 'Q1', at);
    await store.transaction(async (trx) => {
      const { questionId } = await openQuestion(
        trx,
        { projectId: desk.project, kind: 'single', person: 'Q1', faceIds: [faceId] },
        desk.channel,
        at,
      );
      await trx
        .updateTable('questions')
        .set({ state: 'decided', closed_at: at })
        .where('id', '=', questionId)
        .execute();
    });
  };
  const misses = async (desk: AskingDesk, count: number, from = 100) => {
    for (let i = 0; i < count; i++) await answered(desk, 'no_match', from + i);
  };

  it('stops after a few misses in a row with nothing near an example left', async () => {
    const desk = await askingDesk(store);
    const { next, think, measured, portrait } = desk;
    await measured();
    await think(await portrait(), 0.9, 'Q1');
    await misses(desk, MISSES.examples - 1);
    expect(await next()).not.toBeNull();
    await misses(desk, 1, 200);
    expect(await next()).toBeNull();
  });

  it('goes on as long as something is near an example', async () => {
    const desk = await askingDesk(store);
    const { next, think, measured, portrait } = desk;
    await measured();
    await think(await portrait(), 0.9, 'Q1');
    const near = await portrait();
    await think(near, 0.5, 'Q1', { near: 1 });
    await misses(desk, MISSES.examples + 3);
    expect(await next()).toMatchObject({ faceIds: [near] });
  });

  it('does not open more at once than it has patience for', async () => {
    const { ask, think, measured, portrait } = await askingDesk(store);
    await measured();
    for (let i = 0; i < 10; i++) await think(await portrait(), 0.9 + i / 100, 'Q1');
    let opened = 0;
    while (await ask()) opened++;
    expect(opened).toBe(MISSES.examples);
  });

  it('begins again with a new example, new faces and new files', async () => {
    const desk = await askingDesk(store);
    const { project, next, think, measured, portrait } = desk;
    await measured();
    await think(await portrait(), 0.9, 'Q1');
    await misses(desk, MISSES.examples);
    expect(await next()).toBeNull();
    await answered(desk, 'match', 300);
    expect(await next()).not.toBeNull();
    await misses(desk, MISSES.examples, 400);
    expect(await next()).toBeNull();
    await addFile(store, project, { detected_at: 500 });
    expect(await next()).not.toBeNull();
    await misses(desk, MISSES.examples, 600);
    expect(await next()).toBeNull();
  });

  it('is more patient with a portrait', async () => {
    const desk = await askingDesk(store);
    const { next, think, measured, portrait } = desk;
    await measured('portrait');
    await think(await portrait(), 0.9, 'Q1');
    await misses(desk, MISSES.portrait - 1);
    expect(await next()).not.toBeNull();
    await misses(desk, 1, 200);
    expect(await next()).toBeNull();
  });

  it('never stops while there is nothing to measure against', async () => {
    const desk = await askingDesk(store);
    const { next, portrait } = desk;
    await portrait();
    await misses(desk, MISSES.portrait + 3);
    expect(await next()).not.toBeNull();
  });

  it('asks the rest when an owner wants it', async () => {
    const desk = await askingDesk(store);
    const { project, next, ask, think, measured, portrait, asked } = desk;
    await measured();
    const [far, blank] = [await portrait(), await portrait()];
    await think(far, 0.9, 'Q1');
    await misses(desk, MISSES.examples);
    expect(await next()).toBeNull();
    await store.db
      .updateTable('project_persons')
      .set({ ask_rest: 1 })
      .where('project_id', '=', project)
      .execute();
    await ask();
    await ask();
    expect((await asked()).slice(-2).toSorted((a, b) => a - b)).toEqual([far, blank]);
    expect(await ask()).toBe(false);
  });

  it('asks about one at random now and then, and about the same one when asked again', async () => {
    const desk = await askingDesk(store);
    const { project, next, think, measured, portrait } = desk;
    await measured();
    for (let i = 0; i < 20; i++) await portrait();
    const nearest = await portrait();
    await think(nearest, 0.7, 'Q1');
    expect(await next()).toMatchObject({ faceIds: [nearest] });
    await misses(desk, 1);
    expect(await next()).toEqual(await next());
    // Any one of them may be the nearest; of twenty, some are others.
    const others = new Set<number | undefined>();
    for (let change = 10; change < 30; change++) {
      await store.db
        .updateTable('projects')
        .set({ change_number: change })
        .where('id', '=', project)
        .execute();
      others.add((await next())?.faceIds[0]);
    }
    expect(others.size).toBeGreaterThan(5);
  });
});
