import { beforeEach, describe, expect, it } from 'vitest';
import { askTheRest } from '../../../src/core/faces/ask-rest.ts';
import { matchStep } from '../../../src/core/faces/matching.ts';
import { askNext } from '../../../src/core/faces/next.ts';
import { outlooks } from '../../../src/core/faces/outlook.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { projectOverview } from '../../../src/core/projects/overview.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addChannel, addMember, addProject } from '../../support/people.ts';
import { addPortrait, at, MODEL } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

/** The whole way of one person: found, asked about, done, begun again. */
describe('the search for a person', () => {
  let store: Store;
  let project: number;
  let owner: number;
  let channel: number;
  const clock = fakeClock();
  const nudges = notedNudges();
  beforeEach(async () => {
    const fresh = await freshStore();
    store = fresh.store;
    ({ id: project, owner } = await addProject(store, { crawled_at: 1, check_every: 0 }));
    channel = await addChannel(store, project);
    return () => fresh.dispose();
  });

  /** Answers everything that is asked by whether the face is nearer than 0.5 to 0. @returns how many answers */
  const answerAll = async () => {
    for (let answers = 0; ; answers++) {
      clock.advance(1000);
      while (await matchStep({ store, clock, nudges, log: silentLog, workerId: 'w', model: MODEL }));
      if (!(await askNext(store, { channelId: channel, projectId: project, maxOpen: 1, now: clock.now() })))
        return answers;
      const faces = await store.db
        .selectFrom('questions')
        .innerJoin('question_faces', 'question_faces.question_id', 'questions.id')
        .innerJoin('embeddings', 'embeddings.face_id', 'question_faces.face_id')
        .select(['questions.id', 'question_faces.face_id', 'embeddings.vector'])
        .where('questions.state', '=', 'open')
        .execute();
      await castBallot(
        { store, clock, nudges },
        {
          projectId: project,
          accountId: owner,
          answers: faces.map(({ face_id, vector }) => ({
            faceId: face_id,
            person: 'Q1',
            answer: Math.abs(Buffer.from(vector).readFloatLE(0)) < 0.5 ? 'yes' : 'no',
          })),
          questionId: faces[0]?.id ?? null,
          platform: 'test',
        },
      );
    }
  };
  const outlook = async () => (await outlooks(store, project))[0];

  it('ends with what is left and why, and new faces, verdicts or an owner start it again', async () => {
    for (let i = 0; i < 12; i++) await addPortrait(store, project, { vector: at(i / 32) });
    expect(await outlook()).toMatchObject({ state: 'asking', basis: null });
    // Two by one, and the ten others in two batches.
    expect(await answerAll()).toBe(4);
    for (let i = 0; i < 20; i++) await addPortrait(store, project, { vector: at(3 + i / 32) });
    await store.db.updateTable('projects').set({ change_number: 1000 }).execute();
    expect(await answerAll()).toBe(4);
    expect(await outlook()).toEqual({
      person: 'Q1',
      state: 'done',
      basis: 'examples',
      left: 16,
      nearest: expect.closeTo(2.9, 0),
    });
    const view = await projectOverview(store, project);
    expect(view?.outlooks[0]?.state).toBe('done');

    const { fileId } = await addPortrait(store, project, { vector: at(0.25) });
    await store.db.updateTable('files').set({ detected_at: clock.now() }).where('id', '=', fileId).execute();
    await store.db.updateTable('projects').set({ change_number: 2000 }).execute();
    // The new one is found, and a few of the others are looked at again.
    expect(await answerAll()).toBe(5);
    expect(await outlook()).toMatchObject({ state: 'done', left: 12 });

    await askTheRest({ store, clock, nudges }, { projectId: project, accountId: owner });
    expect(await outlook()).toMatchObject({ state: 'asking' });
    expect(await answerAll()).toBe(12);
    expect(await outlook()).toMatchObject({ left: 0, nearest: null });
  });

  it('has the rest asked by owners alone', async () => {
    const member = await addMember(store, project);
    await expect(
      askTheRest({ store, clock, nudges }, { projectId: project, accountId: member }),
    ).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('says on the project page what is left when nothing waits for anybody', async () => {
    for (let i = 0; i < 2; i++) await addPortrait(store, project, { vector: at(i / 32) });
    for (let i = 0; i < 9; i++) await addPortrait(store, project, { vector: at(3 + i / 32) });
    await answerAll();
    await store.db
      .updateTable('verdicts')
      .set({ verdict: 'no_match' })
      .where('verdict', '=', 'match')
      .execute();
    const view = await projectOverview(store, project);
    expect(view?.waitingFor).toMatchObject({
      key: 'project-waits-new-faces',
      params: [5, expect.any(String)],
    });
  });
});
