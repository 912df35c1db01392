import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { projectOverview } from '../../../src/core/projects/overview.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import type { RunState, VerdictsTable } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addChannel, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { addRun } from '../../support/runs.ts';
import { engines, freshStore } from '../../support/stores.ts';

describe.each(engines())('what a project waits for, on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let project: number;
  let owner: number;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
  });
  beforeEach(async () => {
    ({ id: project, owner } = await addProject(store, { crawled_at: 1 }));
  });
  afterAll(() => dispose());

  const waits = async () => (await projectOverview(store, project))?.waitingFor;
  const change = (values: Record<string, unknown>) =>
    store.db.updateTable('projects').set(values).where('id', '=', project).execute();
  const face = async () => addFace(store, await addFile(store, project));
  const verdict = (
    faceId: number,
    value: VerdictsTable['verdict'],
    source: VerdictsTable['source'] = 'votes',
  ) =>
    store.db
      .insertInto('verdicts')
      .values({ project_id: project, face_id: faceId, person: 'Q1', verdict: value, source, changed_at: 1 })
      .execute();
  const ask = async (faceId: number) => {
    const channelId = await addChannel(store, project);
    const question = { projectId: project, kind: 'single', person: 'Q1', faceIds: [faceId] } as const;
    await store.transaction((trx) => openQuestion(trx, question, channelId, 1));
  };
  const run = (state: RunState) => addRun(store, project, owner, { state, finished_at: null });

  test('the first crawl', async () => {
    await change({ crawled_at: null });
    await addFile(store, project, { state: 'waiting' });
    expect(await waits()).toEqual({ key: 'project-waits-crawl', params: [1] });
  });

  test('files, where the category has none', async () => {
    expect(await waits()).toEqual({ key: 'project-waits-files', params: [] });
  });

  test('the detector', async () => {
    await face();
    for (let i = 0; i < 3; i++) await addFile(store, project, { state: 'waiting' });
    expect(await waits()).toEqual({ key: 'project-waits-detection', params: [3] });
  });

  test('a chat, while faces are open and none is bound', async () => {
    await face();
    expect(await waits()).toEqual({ key: 'project-waits-channel', params: [] });
    const channel = await addChannel(store, project);
    await store.db.updateTable('channels').set({ for_disputes: 1 }).where('id', '=', channel).execute();
    expect(await waits()).toEqual({ key: 'project-waits-channel', params: [] });
  });

  test('its next question, where there is a chat', async () => {
    await face();
    await addChannel(store, project);
    expect(await waits()).toEqual({ key: 'project-waits-question', params: [] });
  });

  test('confirmed faces before suggestions start: those of people, not those that the wiki knew', async () => {
    await change({ min_confirmed: 3 });
    await verdict(await face(), 'match', 'bootstrap');
    await ask(await face());
    expect(await waits()).toEqual({ key: 'project-waits-examples', params: [3] });
    await verdict(await face(), 'match');
    expect(await waits()).toEqual({ key: 'project-waits-examples', params: [2] });
  });

  test('answers, as soon as there are examples enough, or where nothing is matched', async () => {
    await change({ min_confirmed: 1 });
    await verdict(await face(), 'match');
    await ask(await face());
    await ask(await face());
    expect(await waits()).toEqual({ key: 'project-waits-answers', params: [2] });
    await change({ min_confirmed: 5, matching: 0 });
    expect(await waits()).toEqual({ key: 'project-waits-answers', params: [2] });
  });

  test('somebody who says “write”', async () => {
    await verdict(await face(), 'match');
    await verdict(await face(), 'match');
    await verdict(await face(), 'disputed');
    expect(await waits()).toEqual({ key: 'project-waits-write', params: [2] });
  });

  test('the owners, where people disagree', async () => {
    await verdict(await face(), 'disputed');
    expect(await waits()).toEqual({ key: 'project-waits-disputes', params: [1] });
  });

  test('the end of a run, whatever else there is to do', async () => {
    const faceId = await face();
    await verdict(faceId, 'match');
    await verdict(await face(), 'match');
    const id = await run('working');
    const { page_id } = await store.db
      .selectFrom('faces')
      .innerJoin('files', 'files.id', 'faces.file_id')
      .select('page_id')
      .where('faces.id', '=', faceId)
      .executeTakeFirstOrThrow();
    await store.db
      .insertInto('sdc_claims')
      .values({
        page_id,
        person: 'Q1',
        project_id: project,
        face_id: faceId,
        statement_id: 'M1$x',
        state: 'queued',
        reason: null,
        account_id: owner,
        run_id: id,
        undo_run_id: null,
        revision: null,
        changed_at: 0,
      })
      .execute();
    expect(await waits()).toEqual({ key: 'project-waits-run', params: [1] });
    await store.db.updateTable('runs').set({ state: 'paused' }).where('id', '=', id).execute();
    expect(await waits()).toEqual({ key: 'project-waits-run-paused', params: [] });
    await store.db.updateTable('runs').set({ state: 'stopped' }).where('id', '=', id).execute();
    expect(await waits()).toEqual({ key: 'project-waits-write', params: [1] });
  });

  test('an owner, where it is paused: by one, or by itself', async () => {
    await ask(await face());
    await change({ state: 'paused' });
    expect(await waits()).toEqual({ key: 'project-waits-paused', params: [] });
    for (const reason of ['reverted', 'overturned']) {
      await change({ paused_reason: reason });
      expect(await waits()).toEqual({ key: `bot-paused-${reason}`, params: [] });
    }
  });

  test('nothing, where it is completed, or where everything is decided', async () => {
    await verdict(await face(), 'no_match');
    expect(await waits()).toEqual({ key: 'project-waits-nothing', params: [] });
    await face();
    await change({ state: 'completed' });
    expect(await waits()).toEqual({ key: 'project-waits-completed', params: [] });
  });

  test('a face that was withdrawn is not waited for', async () => {
    await verdict(await face(), 'no_match');
    await store.db
      .updateTable('faces')
      .set({ withdrawn_at: 1 })
      .where('id', '=', await face())
      .execute();
    expect(await waits()).toEqual({ key: 'project-waits-nothing', params: [] });
  });
});
