import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { facesToEmbed } from '../../../src/core/faces/embedding.ts';
import { nextQuestion } from '../../../src/core/faces/next.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { blockFile, blockList, blockPerson, unblock } from '../../../src/core/privacy/blocklist.ts';
import { purgeStep } from '../../../src/core/privacy/purge.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import { leaderboard } from '../../../src/core/statistics/leaderboard.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAdministrator, addChannel, addProject } from '../../support/people.ts';
import { addFace, addFile, MODEL } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('the block list on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let admin: number;
  let owner: number;
  let project: number;
  let file: number;
  let pageId: number;
  let faces: number[];
  const clock = fakeClock();
  const nudges = notedNudges();
  const vector = new Float32Array(128).fill(0.1);
  const deps = () => ({ store, clock, nudges });
  beforeEach(async () => {
    ({ store, dispose } = await freshStore(kind));
    admin = await addAdministrator(store);
    ({ id: project, owner } = await addProject(store, {}, ['Q1', 'Q2']));
    file = await addFile(store, project);
    ({ page_id: pageId } = await store.db
      .selectFrom('files')
      .select('page_id')
      .where('id', '=', file)
      .executeTakeFirstOrThrow());
    faces = [await addFace(store, file, { vector }), await addFace(store, file, { x: 0.5, vector })];
    await vote(0, 'Q1');
    const channel = await addChannel(store, project);
    for (const [face, person] of [
      [1, 'Q1'],
      [1, 'Q2'],
    ] as const)
      await store.transaction((trx) =>
        openQuestion(trx, { projectId: project, kind: 'single', person, faceIds: [face_(face)] }, channel, 0),
      );
  });
  afterEach(() => dispose());

  const face_ = (i: number) => faces[i] ?? 0;
  const vote = (face: number, person: string) =>
    castBallot(
      { store, clock, nudges },
      {
        projectId: project,
        accountId: owner,
        answers: [{ faceId: face_(face), person, answer: 'yes' }],
        questionId: null,
        platform: 'web',
      },
    );
  const block = (accountId = admin) =>
    blockPerson(deps(), { accountId, person: 'q1', label: 'Person Q1', reason: 'asked to be left alone' });
  const embeddings = async () =>
    (await store.db.selectFrom('embeddings').select('face_id').orderBy('face_id').execute()).map(
      (row) => row.face_id,
    );
  const purge = async () => {
    await store.db.updateTable('posts').set({ state: 'gone' }).execute();
    while (await purgeStep({ store, clock, log: silentLog, workerId: 'w' })) {}
  };

  test('a blocked person is looked for no more: not asked, not suggested, not embedded again', async () => {
    await block();
    expect(await embeddings()).toEqual([face_(1)]);
    expect(await facesToEmbed(store, MODEL)).toBe(0);
    const questions = await store.db
      .selectFrom('questions')
      .select(['person', 'state', 'erase'])
      .orderBy('id')
      .execute();
    expect(questions).toEqual([
      { person: 'Q1', state: 'decided', erase: 1 },
      { person: 'Q2', state: 'open', erase: 0 },
    ]);
    expect((await store.transaction((trx) => nextQuestion(trx, project)))?.person).not.toBe('Q1');
    await expect(vote(1, 'Q1')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('what was said about the person goes; the rest of the project stays, and so do the numbers', async () => {
    await vote(1, 'Q2');
    await block();
    await purge();
    expect(await store.db.selectFrom('votes').select('person').execute()).toEqual([{ person: 'Q2' }]);
    expect(await store.db.selectFrom('verdicts').select('person').execute()).toEqual([{ person: 'Q2' }]);
    expect(await store.db.selectFrom('questions').select('person').execute()).toEqual([{ person: 'Q2' }]);
    expect((await leaderboard(store, 'all', clock.now()))[0]?.answers).toBe(2);
  });

  test('a project that looked for nobody else is paused', async () => {
    const { id: only } = await addProject(store, {}, ['Q1']);
    await block();
    const states = await store.db.selectFrom('projects').select(['id', 'state']).orderBy('id').execute();
    expect(states).toEqual([
      { id: project, state: 'active' },
      { id: only, state: 'paused' },
    ]);
  });

  test('a blocked file leaves every project, with all that is known of its faces', async () => {
    await blockFile(deps(), { accountId: admin, pageId, label: 'File:X.jpg', reason: 'a private moment' });
    expect(await embeddings()).toEqual([]);
    expect(await store.db.selectFrom('project_files').selectAll().execute()).toEqual([]);
    await purge();
    for (const table of ['faces', 'files', 'votes', 'verdicts', 'questions', 'posts'] as const)
      expect([table, await store.db.selectFrom(table).selectAll().execute()]).toEqual([table, []]);
    expect((await leaderboard(store, 'all', clock.now()))[0]?.answers).toBe(1);
  });

  test('is kept by administrators alone, with a reason, and names nothing twice', async () => {
    await expect(block(owner)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(
      blockPerson(deps(), { accountId: admin, person: 'Q1', label: '', reason: ' ' }),
    ).rejects.toMatchObject({ code: 'bad_input' });
    expect(await blockList(store)).toEqual([]);
    await block();
    await expect(block()).rejects.toMatchObject({ code: 'conflict' });
    const [entry] = await blockList(store);
    expect(entry).toMatchObject({ kind: 'person', subject: 'Q1', reason: 'asked to be left alone' });
    await expect(unblock(deps(), { accountId: owner, id: entry?.id ?? 0 })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await unblock(deps(), { accountId: admin, id: entry?.id ?? 0 });
    expect(await blockList(store)).toEqual([]);
  });
});
