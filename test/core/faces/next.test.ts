import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askNext, nextQuestion } from '../../../src/core/faces/next.ts';
import { MISSES } from '../../../src/core/faces/patience.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { MatchBasis, QuestionState, VerdictsTable } from '../../../src/core/store/schema.ts';
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
  const think = (faceId: number, distance: number, person: string, given: { near?: 0 | 1 } = {}) =>
    store.db
      .insertInto('suggestions')
      .values({ project_id: project, face_id: faceId, person, distance, suggested: 0, near: given.near ?? 0 })
      .execute();
  /** What the matcher measures the person against. */
  const measured = (basis: MatchBasis = 'examples', person = 'Q1') =>
    store.db
      .insertInto('matched_persons')
      .values({ project_id: project, person, basis, faces: 0, suggested: 0, near: 0, nearest: null })
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
    await measured('portrait');
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

  it('asks about one person after the other, and after a yes about nobody else', async () => {
    project = (await addProject(store, {}, ['Q1', 'Q2'])).id;
    const [one, two] = [await portrait(), await portrait()];
    const persons = async () => (await questions()).map((row) => row.person);
    await ask();
    await ask();
    expect(await ask()).toBe(false);
    expect(await persons()).toEqual(['Q1', 'Q1']);
    await setState('decided');
    await verdict(one, 'no_match');
    await verdict(two, 'match');
    expect(await ask()).toBe(true);
    expect(await ask()).toBe(false);
    expect(await persons()).toEqual(['Q1', 'Q1', 'Q2']);
    expect(await asked()).toEqual([one, two, one]);
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

  it('leaves a face in dispute to the owners, whoever else it might be', async () => {
    project = (await addProject(store, {}, ['Q1', 'Q2'])).id;
    await verdict(await portrait(), 'disputed');
    expect(await next()).toBeNull();
  });

  it('asks about the most likely person, and about other faces of the file only for the same', async () => {
    project = (await addProject(store, {}, ['Q1', 'Q2'])).id;
    await measured('examples', 'Q1');
    await measured('examples', 'Q2');
    const file = await addFile(store, project);
    const [hers, his, neither] = [
      await addFace(store, file, { x: 0.1 }),
      await addFace(store, file, { x: 0.4 }),
      await addFace(store, file, { x: 0.7 }),
    ];
    await think(hers, 0.65, 'Q2', { near: 1 });
    await think(his, 0.7, 'Q1');
    expect(await next()).toMatchObject({ person: 'Q2', faceIds: [hers, neither] });
  });

  it('asks about what is near an example before what is far, though the mean be farther', async () => {
    await measured();
    const far = await portrait();
    const near = await portrait();
    await think(far, 0.65, 'Q1');
    await think(near, 0.8, 'Q1', { near: 1 });
    expect(await next()).toMatchObject({ faceIds: [near] });
  });

  it('does not ask again for a second face in a file, unless people said so of both', async () => {
    const file = await addFile(store, project);
    const [face, mirror, third] = [
      await addFace(store, file, { x: 0.1 }),
      await addFace(store, file, { x: 0.4 }),
      await addFace(store, file, { x: 0.7 }),
    ];
    await ask();
    const question = (await questions())[0];
    const member = await addMember(store, project);
    await castBallot(
      { store, clock: fakeClock(), nudges: notedNudges() },
      {
        projectId: project,
        accountId: member,
        answers: [face, mirror].map((faceId) => ({ faceId, person: 'Q1', answer: 'yes' })),
        questionId: question?.id ?? null,
        platform: 'room',
      },
    );
    await setState('decided');
    expect(await next()).toBeNull();
    const matches = await store.db
      .selectFrom('verdicts')
      .select('face_id')
      .where('project_id', '=', project)
      .where('verdict', '=', 'match')
      .execute();
    expect(matches.map((row) => row.face_id).toSorted((a, b) => a - b)).toEqual([face, mirror]);
    expect(third).toBeGreaterThan(mirror);
  });

  it('asks what nobody answered for days when nothing else is left', async () => {
    const [first, second] = [await portrait(), await portrait()];
    await ask();
    await setState('resting');
    expect(await next()).toMatchObject({ faceIds: [second] });
    await ask();
    expect(await next()).toMatchObject({ faceIds: [first] });
  });

  it('asks only what is wanted', async () => {
    const [first, second] = [await portrait(0.25), await portrait(0.5)];
    const only = (faceId: number) =>
      store.transaction((trx) => nextQuestion(trx, project, (pair) => pair.faceId === faceId));
    expect(await only(second)).toMatchObject({ kind: 'single', faceIds: [second] });
    expect(await only(first)).toMatchObject({ kind: 'single', faceIds: [first] });
    expect(await only(-1)).toBeNull();
  });

  it('asks in the order of the files without matching', async () => {
    await store.db.updateTable('projects').set({ matching: 0 }).where('id', '=', project).execute();
    const crowd = await addFile(store, project);
    const [left, right] = [await addFace(store, crowd, { x: 0.1 }), await addFace(store, crowd, { x: 0.5 })];
    const alone = await portrait();
    expect(await next()).toMatchObject({ kind: 'several', faceIds: [left, right] });
    await ask();
    expect(await next()).toMatchObject({ kind: 'single', faceIds: [alone] });
  });

  describe('when nobody is found any more', () => {
    /** A decided question about a face that was somebody else, or her. */
    const answered = async (value: VerdictsTable['verdict'], at: number) => {
      const faceId = await portrait();
      await verdict(faceId, value);
      await store.db.updateTable('verdicts').set({ changed_at: at }).where('face_id', '=', faceId).execute();
      await store.transaction(async (trx) => {
        const { questionId } = await openQuestion(
          trx,
          { projectId: project, kind: 'single', person: 'Q1', faceIds: [faceId] },
          channel,
          at,
        );
        await trx
          .updateTable('questions')
          .set({ state: 'decided', closed_at: at })
          .where('id', '=', questionId)
          .execute();
      });
    };
    const misses = async (count: number, from = 100) => {
      for (let i = 0; i < count; i++) await answered('no_match', from + i);
    };

    it('stops after a few misses in a row with nothing near an example left', async () => {
      await measured();
      await think(await portrait(), 0.9, 'Q1');
      await misses(MISSES.examples - 1);
      expect(await next()).not.toBeNull();
      await misses(1, 200);
      expect(await next()).toBeNull();
    });

    it('goes on as long as something is near an example', async () => {
      await measured();
      await think(await portrait(), 0.9, 'Q1');
      const near = await portrait();
      await think(near, 0.5, 'Q1', { near: 1 });
      await misses(MISSES.examples + 3);
      expect(await next()).toMatchObject({ faceIds: [near] });
    });

    it('does not open more at once than it has patience for', async () => {
      await measured();
      for (let i = 0; i < 10; i++) await think(await portrait(), 0.9 + i / 100, 'Q1');
      let opened = 0;
      while (await ask()) opened++;
      expect(opened).toBe(MISSES.examples);
    });

    it('begins again with a new example, new faces and new files', async () => {
      await measured();
      await think(await portrait(), 0.9, 'Q1');
      await misses(MISSES.examples);
      expect(await next()).toBeNull();
      await answered('match', 300);
      expect(await next()).not.toBeNull();
      await misses(MISSES.examples, 400);
      expect(await next()).toBeNull();
      await addFile(store, project, { detected_at: 500 });
      expect(await next()).not.toBeNull();
      await misses(MISSES.examples, 600);
      expect(await next()).toBeNull();
    });

    it('is more patient with a portrait', async () => {
      await measured('portrait');
      await think(await portrait(), 0.9, 'Q1');
      await misses(MISSES.portrait - 1);
      expect(await next()).not.toBeNull();
      await misses(1, 200);
      expect(await next()).toBeNull();
    });

    it('never stops while there is nothing to measure against', async () => {
      await portrait();
      await misses(MISSES.portrait + 3);
      expect(await next()).not.toBeNull();
    });

    it('asks the rest when an owner wants it', async () => {
      await measured();
      const [far, blank] = [await portrait(), await portrait()];
      await think(far, 0.9, 'Q1');
      await misses(MISSES.examples);
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
      await measured();
      for (let i = 0; i < 20; i++) await portrait();
      const nearest = await portrait();
      await think(nearest, 0.7, 'Q1');
      expect(await next()).toMatchObject({ faceIds: [nearest] });
      await misses(1);
      const atRandom = (await next())?.faceIds;
      expect(atRandom).not.toEqual([nearest]);
      expect(await next()).toMatchObject({ faceIds: atRandom });
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
});
