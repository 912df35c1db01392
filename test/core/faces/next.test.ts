import { describe, expect, it } from 'vitest';
import { nextQuestion } from '../../../src/core/faces/next.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addMember } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';
import { askingDesk } from './next-support.ts';

describe.each(engines())('the next question on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('is none when there is nothing to ask', async () => {
    const { next, ask } = await askingDesk(store);
    expect(await next()).toBeNull();
    expect(await ask()).toBe(false);
  });

  it('is about the one face of a file', async () => {
    const { project, channel, next, ask, portrait, questions } = await askingDesk(store);
    const faceId = await portrait();
    expect(await next()).toEqual({ projectId: project, kind: 'single', person: 'Q1', faceIds: [faceId] });
    expect(await ask()).toBe(true);
    expect(await questions()).toMatchObject([
      { kind: 'single', person: 'Q1', state: 'open', created_at: 7, closed_at: null },
    ]);
    const post = await store.db
      .selectFrom('posts')
      .selectAll()
      .where('channel_id', '=', channel)
      .executeTakeFirstOrThrow();
    expect(post).toMatchObject({ state: 'waiting', external_id: null, wanted: 1, shown: 0, created_at: 7 });
  });

  it('is about the several faces of a file, from left to right', async () => {
    const { project, next } = await askingDesk(store);
    const file = await addFile(store, project);
    const right = await addFace(store, file, { x: 0.75 });
    const left = await addFace(store, file, { x: 0.125 });
    const middle = await addFace(store, file, { x: 0.5 });
    expect(await next()).toMatchObject({ kind: 'several', faceIds: [left, middle, right] });
  });

  it('asks about more than nine faces of a file in several questions', async () => {
    const { project, ask } = await askingDesk(store);
    const file = await addFile(store, project);
    const faces: number[] = [];
    for (let i = 0; i < 12; i++) faces.push(await addFace(store, file, { x: 0.9 - i * 0.05 }));
    await ask();
    await ask();
    expect(await ask()).toBe(false);
    const rows = await store.db
      .selectFrom('question_faces')
      .innerJoin('questions', 'questions.id', 'question_faces.question_id')
      .select(['position', 'face_id'])
      .where('project_id', '=', project)
      .orderBy('question_id')
      .orderBy('position')
      .execute();
    expect(rows.map((row) => row.position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]);
    expect(rows.map((row) => row.face_id)).toEqual(faces.toReversed());
  });

  it('gathers suggestions in batches of nine, the nearest first', async () => {
    const { project, next, ask, portrait } = await askingDesk(store);
    const faces: number[] = [];
    for (let i = 0; i < 11; i++) faces.push(await portrait((11 - i) / 32));
    expect(await next()).toEqual({
      projectId: project,
      kind: 'batch',
      person: 'Q1',
      faceIds: faces.toReversed().slice(0, 9),
    });
    await ask();
    expect(await next()).toMatchObject({ kind: 'batch', faceIds: faces.toReversed().slice(9) });
  });

  it('asks about a lone suggestion by itself', async () => {
    const { next, portrait } = await askingDesk(store);
    await portrait();
    const faceId = await portrait(0.25);
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [faceId] });
  });

  it('does not mix persons in a batch', async () => {
    const { next, ask, suggest, portrait } = await askingDesk(store, ['Q1', 'Q2']);
    const [one, two, three] = [await portrait(0.25), await portrait(), await portrait(0.5)];
    await suggest(two, 0.125, 1, 'Q2');
    expect(await next()).toMatchObject({ kind: 'single', person: 'Q2', faceIds: [two] });
    await ask();
    expect(await next()).toMatchObject({ kind: 'batch', person: 'Q1', faceIds: [one, three] });
  });

  it('waits for files whose faces are not found yet, or are gone', async () => {
    const { project, next } = await askingDesk(store);
    for (const state of ['waiting', 'set_aside', 'gone'] as const) {
      const file = await addFile(store, project, { state });
      await addFace(store, file);
    }
    expect(await next()).toBeNull();
  });

  it('asks about the lettered faces of an accepted batch one by one', async () => {
    const { project, channel, next, ask, portrait } = await askingDesk(store);
    const nudges = notedNudges();
    const member = await addMember(store, project);
    const faces: number[] = [];
    for (let i = 0; i < 5; i++) faces.push(await portrait((i + 1) / 16));
    const { questionId } = await store.transaction((trx) =>
      openQuestion(trx, { projectId: project, kind: 'batch', person: 'Q1', faceIds: faces }, channel, 1),
    );
    await castBallot(
      { store, clock: fakeClock(), nudges },
      {
        projectId: project,
        accountId: member,
        // ✅ with the second and the fourth lettered.
        answers: faces.map((faceId, i) => ({ faceId, person: 'Q1', answer: i % 2 ? null : 'yes' })),
        questionId,
        platform: 'room',
      },
    );
    const fresh = [await portrait(0.5), await portrait(0.53125)];
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [faces[1]] });
    await ask();
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [faces[3]] });
    await ask();
    expect(await next()).toMatchObject({ kind: 'batch', faceIds: fresh });
  });

  it('asks only what is wanted', async () => {
    const { project, portrait } = await askingDesk(store);
    const [first, second] = [await portrait(0.25), await portrait(0.5)];
    const only = (faceId: number) =>
      store.transaction((trx) => nextQuestion(trx, project, (pair) => pair.faceId === faceId));
    expect(await only(second)).toMatchObject({ kind: 'single', faceIds: [second] });
    expect(await only(first)).toMatchObject({ kind: 'single', faceIds: [first] });
    expect(await only(-1)).toBeNull();
  });
});
