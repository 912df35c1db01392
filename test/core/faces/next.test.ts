import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askNext, nextQuestion } from '../../../src/core/faces/next.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { QuestionState, VerdictsTable } from '../../../src/core/store/schema.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addChannel, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile, addPortrait } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('the next question on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  let project: number;
  let channel: number;
  beforeAll(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    other = openStore(fresh.address, { connections: 8 });
    dispose = async () => {
      await other.close();
      await fresh.dispose();
    };
  });
  afterAll(() => dispose());
  beforeEach(async () => {
    project = (await addProject(store)).id;
    channel = await addChannel(store, project);
  });

  const next = (projectId = project) => store.transaction((trx) => nextQuestion(trx, projectId));
  const ask = (which: Store = store, given: { channelId?: number; maxOpen?: number } = {}) =>
    askNext(which, { channelId: channel, projectId: project, maxOpen: 100, now: 7, ...given });
  const suggest = (faceId: number, distance: number, suggested: 0 | 1 = 1, person = 'Q1') =>
    store.db
      .insertInto('suggestions')
      .values({ project_id: project, face_id: faceId, person, distance, suggested })
      .execute();
  const portrait = async (distance?: number, suggested: 0 | 1 = 1) => {
    const { faceId } = await addPortrait(store, project);
    if (distance !== undefined) await suggest(faceId, distance, suggested);
    return faceId;
  };
  const verdict = (faceId: number, value: VerdictsTable['verdict'], person = 'Q1') =>
    store.db
      .insertInto('verdicts')
      .values({
        project_id: project,
        face_id: faceId,
        person,
        verdict: value,
        source: 'votes',
        changed_at: 0,
      })
      .execute();
  const questions = () =>
    store.db.selectFrom('questions').selectAll().where('project_id', '=', project).orderBy('id').execute();
  const asked = async () =>
    (
      await store.db
        .selectFrom('question_faces')
        .innerJoin('questions', 'questions.id', 'question_faces.question_id')
        .select('face_id')
        .where('project_id', '=', project)
        .orderBy('question_id')
        .orderBy('position')
        .execute()
    ).map((row) => row.face_id);
  const setState = (state: QuestionState) =>
    store.db.updateTable('questions').set({ state }).where('project_id', '=', project).execute();

  it('is none when there is nothing to ask', async () => {
    expect(await next()).toBeNull();
    expect(await ask()).toBe(false);
  });

  it('is about the one face of a file', async () => {
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
    const file = await addFile(store, project);
    const right = await addFace(store, file, { x: 0.75 });
    const left = await addFace(store, file, { x: 0.125 });
    const middle = await addFace(store, file, { x: 0.5 });
    expect(await next()).toMatchObject({ kind: 'several', faceIds: [left, middle, right] });
  });

  it('asks about more than nine faces of a file in several questions', async () => {
    const file = await addFile(store, project);
    const faces: number[] = [];
    for (let i = 0; i < 12; i++) faces.push(await addFace(store, file, { x: 0.9 - i * 0.05 }));
    await ask();
    await ask();
    expect(await ask()).toBe(false);
    const rows = await store.db
      .selectFrom('question_faces')
      .innerJoin('questions', 'questions.id', 'question_faces.question_id')
      .select(['question_id', 'position', 'face_id'])
      .where('project_id', '=', project)
      .orderBy('question_id')
      .orderBy('position')
      .execute();
    expect(rows.map((row) => row.position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3]);
    expect(rows.map((row) => row.face_id).toSorted((a, b) => a - b)).toEqual(faces);
    expect(rows.map((row) => row.face_id)).toEqual(faces.toReversed());
  });

  it('gathers suggestions in batches of nine, the nearest first', async () => {
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
    await portrait();
    const faceId = await portrait(0.25);
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [faceId] });
  });

  it('does not mix persons in a batch', async () => {
    const both = await addProject(store, {}, ['Q1', 'Q2']);
    project = both.id;
    const [one, two, three] = [await portrait(0.25), await portrait(), await portrait(0.5)];
    await suggest(two, 0.125, 1, 'Q2');
    expect(await next()).toMatchObject({ kind: 'single', person: 'Q2', faceIds: [two] });
    await ask();
    expect(await next()).toMatchObject({ kind: 'batch', person: 'Q1', faceIds: [one, three] });
  });

  it('asks the nearest first when nothing is suggested', async () => {
    await portrait();
    const far = await portrait(2, 0);
    const near = await portrait(1, 0);
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [near] });
    await ask();
    expect(await next()).toMatchObject({ faceIds: [far] });
  });

  it('asks about files with few faces first when nothing is known', async () => {
    const crowd = await addFile(store, project);
    await addFace(store, crowd);
    await addFace(store, crowd);
    const alone = await portrait();
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [alone] });
  });

  it('waits for files whose faces are not found yet, or are gone', async () => {
    for (const state of ['waiting', 'set_aside', 'gone'] as const) {
      const file = await addFile(store, project, { state });
      await addFace(store, file);
    }
    expect(await next()).toBeNull();
  });

  it('lets the other faces of a file wait while one of them is asked about', async () => {
    const file = await addFile(store, project);
    const hers = await addFace(store, file, { x: 0.1 });
    const beside = await addFace(store, file, { x: 0.5 });
    await suggest(hers, 0.2);
    await ask();
    expect(await next()).toBeNull();
    await store.db
      .updateTable('questions')
      .set({ state: 'decided' })
      .where('project_id', '=', project)
      .execute();
    await verdict(hers, 'no_match');
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [beside] });
  });

  it('does not ask the same twice, open or withdrawn', async () => {
    await portrait();
    await ask();
    expect(await next()).toBeNull();
    await setState('withdrawn');
    expect(await next()).toBeNull();
  });

  it('asks again what was decided and is open again without a question', async () => {
    const faceId = await portrait();
    await ask();
    await setState('decided');
    expect(await next()).toMatchObject({ faceIds: [faceId] });
  });

  it('does not ask about what is decided or disputed', async () => {
    await verdict(await portrait(), 'match');
    await verdict(await portrait(), 'no_match');
    await verdict(await portrait(), 'disputed');
    const open = await portrait();
    await verdict(open, 'open');
    expect(await next()).toMatchObject({ faceIds: [open] });
    await ask();
    expect(await next()).toBeNull();
  });

  it('does not ask whether somebody known is somebody else, nor for a second face in a file', async () => {
    project = (await addProject(store, {}, ['Q1', 'Q2'])).id;
    const file = await addFile(store, project);
    const [known, beside] = [await addFace(store, file), await addFace(store, file)];
    await verdict(known, 'match', 'Q1');
    expect(await next()).toMatchObject({ kind: 'single', person: 'Q2', faceIds: [beside] });
    await ask();
    expect(await next()).toBeNull();
  });

  it('asks about each person of the project', async () => {
    project = (await addProject(store, {}, ['Q1', 'Q2'])).id;
    const faceId = await portrait();
    await ask();
    await ask();
    expect(await ask()).toBe(false);
    expect((await questions()).map((row) => row.person).toSorted()).toEqual(['Q1', 'Q2']);
    expect(await asked()).toEqual([faceId, faceId]);
  });

  it('keeps to as many open questions as the channel wants', async () => {
    for (let i = 0; i < 4; i++) await portrait();
    expect(await ask(store, { maxOpen: 2 })).toBe(true);
    expect(await ask(store, { maxOpen: 2 })).toBe(true);
    expect(await ask(store, { maxOpen: 2 })).toBe(false);
    const second = await addChannel(store, project);
    expect(await ask(store, { maxOpen: 2, channelId: second })).toBe(true);
    await setState('decided');
    expect(await ask(store, { maxOpen: 2 })).toBe(true);
  });

  it('asks nothing in a project that is not active', async () => {
    await portrait();
    for (const state of ['paused', 'completed', 'deleted'] as const) {
      await store.db.updateTable('projects').set({ state }).where('id', '=', project).execute();
      expect(await ask()).toBe(false);
    }
  });

  it('asks about the lettered faces of an accepted batch one by one', async () => {
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

  it('opens nothing twice when two ask at once', async () => {
    const faces: number[] = [];
    for (let i = 0; i < 12; i++) faces.push(await portrait());
    for (let i = 0; i < 20; i++) faces.push(await portrait(i / 64));
    const second = await addChannel(store, project);
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        ask(i % 2 ? store : other, { channelId: i % 2 ? channel : second }),
      ),
    );
    expect((await asked()).toSorted((a, b) => a - b)).toEqual(faces);
    expect((await questions()).filter((row) => row.kind === 'batch')).toHaveLength(3);
  });

  it('does not open more than the channel wants when two ask at once', async () => {
    for (let i = 0; i < 6; i++) await portrait();
    await Promise.all(Array.from({ length: 8 }, (_, i) => ask(i % 2 ? store : other, { maxOpen: 2 })));
    expect(await questions()).toHaveLength(2);
  });
});
