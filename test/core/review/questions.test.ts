import { beforeEach, describe, expect, it } from 'vitest';
import {
  markPosts,
  openQuestion,
  questionFaces,
  withdrawQuestion,
} from '../../../src/core/review/questions.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Answer, QuestionKind } from '../../../src/core/store/schema.ts';
import { forUpdate, type Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addChannel, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile, addPortrait } from '../../support/pictures.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('questions on %s', (kind) => {
  let store: Store;
  let other: Store;
  const clock = fakeClock();
  const nudges = notedNudges();
  let project: number;
  let owner: number;
  let channel: number;
  let member: number;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });
  beforeEach(() => begin());

  const begin = async (votes_needed = 1) => {
    ({ id: project, owner } = await addProject(store, { votes_needed }, ['Q1', 'Q2']));
    channel = await addChannel(store, project);
    member = await addMember(store, project);
  };
  const deps = (which: Store = store) => ({ store: which, clock, nudges });
  const open = async (kind: QuestionKind, faceIds: number[], person = 'Q1') =>
    (
      await store.transaction((trx) =>
        openQuestion(trx, { projectId: project, kind, person, faceIds }, channel, clock.now()),
      )
    ).questionId;
  const batch = async (size: number) => {
    const faces: number[] = [];
    for (let i = 0; i < size; i++) faces.push((await addPortrait(store, project)).faceId);
    return { faces, questionId: await open('batch', faces) };
  };
  const several = async (size: number) => {
    const file = await addFile(store, project);
    const faces: number[] = [];
    for (let i = 0; i < size; i++) faces.push(await addFace(store, file, { x: i / 16 }));
    return { faces, questionId: await open('several', faces) };
  };
  /** One answer for each face; undefined leaves a face out of the ballot. */
  const answer = (
    accountId: number,
    questionId: number | null,
    faces: readonly number[],
    answers: readonly (Answer | null | undefined)[],
    which: Store = store,
  ) =>
    castBallot(deps(which), {
      projectId: project,
      accountId,
      answers: faces.flatMap((faceId, i) => {
        const said = answers[i];
        return said === undefined ? [] : [{ faceId, person: 'Q1', answer: said }];
      }),
      questionId,
      platform: 'room',
    });
  const row = (questionId: number) =>
    store.db.selectFrom('questions').selectAll().where('id', '=', questionId).executeTakeFirstOrThrow();
  const state = async (questionId: number) => (await row(questionId)).state;
  const wanted = async (questionId: number) =>
    (
      await store.db
        .selectFrom('posts')
        .select('wanted')
        .where('question_id', '=', questionId)
        .executeTakeFirstOrThrow()
    ).wanted;

  it('number their faces in the order that they are given', async () => {
    const { faces, questionId } = await several(3);
    expect(await questionFaces(store.db, questionId)).toEqual(
      faces.map((faceId) => ({ faceId, verdict: 'open' })),
    );
  });

  it('are decided when every face is, and their posts are shown anew', async () => {
    const { faces, questionId } = await several(2);
    await answer(member, questionId, faces, ['yes']);
    expect(await state(questionId)).toBe('open');
    expect(await wanted(questionId)).toBe(2);
    await answer(member, questionId, faces, [undefined, 'no']);
    expect(await row(questionId)).toMatchObject({ state: 'decided', closed_at: clock.now() });
    expect(await wanted(questionId)).toBe(3);
    expect((await questionFaces(store.db, questionId)).map((face) => face.verdict)).toEqual([
      'match',
      'no_match',
    ]);
  });

  it('are open again when a vote is taken back', async () => {
    const { faceId } = await addPortrait(store, project);
    const questionId = await open('single', [faceId]);
    await answer(member, questionId, [faceId], ['yes']);
    expect(await state(questionId)).toBe('decided');
    await answer(member, questionId, [faceId], [null]);
    expect(await row(questionId)).toMatchObject({ state: 'open', closed_at: null });
    await answer(member, questionId, [faceId], ['no']);
    expect(await state(questionId)).toBe('decided');
  });

  it('wait for as many votes as the project needs', async () => {
    await begin(2);
    const { faceId } = await addPortrait(store, project);
    const questionId = await open('single', [faceId]);
    await answer(member, questionId, [faceId], ['yes']);
    expect(await state(questionId)).toBe('open');
    await answer(await addMember(store, project), questionId, [faceId], ['yes']);
    expect(await state(questionId)).toBe('decided');
  });

  it('are done for the channel when disputed: that is for the owners', async () => {
    await begin(2);
    const { faceId } = await addPortrait(store, project);
    const questionId = await open('single', [faceId]);
    await answer(member, questionId, [faceId], ['yes']);
    await answer(await addMember(store, project), questionId, [faceId], ['no']);
    expect(await state(questionId)).toBe('decided');
  });

  it('stay open for those who are not sure', async () => {
    const { faceId } = await addPortrait(store, project);
    const questionId = await open('single', [faceId]);
    await answer(member, questionId, [faceId], ['unsure']);
    expect(await state(questionId)).toBe('open');
  });

  it('are decided wherever the votes come from', async () => {
    const { faceId } = await addPortrait(store, project);
    const [here, there] = [await open('single', [faceId]), await open('single', [faceId])];
    const elsewhere = await open('single', [faceId], 'Q2');
    await answer(member, null, [faceId], ['yes']);
    expect([await state(here), await state(there), await state(elsewhere)]).toEqual([
      'decided',
      'decided',
      'open',
    ]);
    expect([await wanted(here), await wanted(elsewhere)]).toEqual([2, 1]);
  });

  describe('about a batch', () => {
    it('are done when it is accepted', async () => {
      const { faces, questionId } = await batch(3);
      await answer(member, questionId, faces, ['yes', 'yes', 'yes']);
      expect(await state(questionId)).toBe('decided');
    });

    it('are done when it is accepted but for the lettered faces', async () => {
      const { faces, questionId } = await batch(3);
      await answer(member, questionId, faces, ['yes', null, 'yes']);
      expect(await state(questionId)).toBe('decided');
      const verdicts = (await questionFaces(store.db, questionId)).map((face) => face.verdict);
      expect(verdicts).toEqual(['match', 'open', 'match']);
    });

    it('are done when a letter comes after the ✅', async () => {
      const { faces, questionId } = await batch(3);
      await answer(member, questionId, faces, ['yes', 'yes', 'yes']);
      await answer(member, questionId, faces, [undefined, null]);
      expect(await state(questionId)).toBe('decided');
    });

    it('are open again when the ✅ is taken back', async () => {
      const { faces, questionId } = await batch(3);
      await answer(member, questionId, faces, ['yes', null, 'yes']);
      await answer(member, questionId, faces, [null, null, null]);
      expect(await state(questionId)).toBe('open');
    });

    it('are open while one vote of two is there', async () => {
      await begin(2);
      const { faces, questionId } = await batch(3);
      await answer(member, questionId, faces, ['yes', 'yes', 'yes']);
      expect(await state(questionId)).toBe('open');
    });

    it('are open while a face that nobody lettered wants a vote', async () => {
      await begin(2);
      const { faces, questionId } = await batch(3);
      await answer(owner, null, faces, ['yes']);
      await answer(member, questionId, faces, ['yes', 'yes', 'yes']);
      expect(await state(questionId)).toBe('open');
    });

    it.each([
      ['the first', 0],
      ['the second', 1],
    ])('are done when %s of two lettered a face and the other did not', async (_, who) => {
      await begin(2);
      const { faces, questionId } = await batch(3);
      const voters = [member, await addMember(store, project)];
      for (const [i, voter] of voters.entries()) {
        await answer(voter, questionId, faces, ['yes', i === who ? null : 'yes', 'yes']);
      }
      expect(await state(questionId)).toBe('decided');
    });

    it('are done although somebody else is not sure about the lettered face', async () => {
      const { faces, questionId } = await batch(2);
      await answer(await addMember(store, project), questionId, faces, ['unsure', 'unsure']);
      await answer(member, questionId, faces, ['yes', null]);
      expect(await state(questionId)).toBe('decided');
    });
  });

  it('are decided when two members decide their faces at the same moment', async () => {
    const voters = [member, await addMember(store, project)] as const;
    for (let i = 0; i < 5; i++) {
      const { faces, questionId } = await several(6);
      await Promise.all(
        faces.map((faceId, n) =>
          answer(voters[n % 2 ? 0 : 1], questionId, [faceId], ['no'], n % 2 ? store : other),
        ),
      );
      expect(await state(questionId)).toBe('decided');
    }
  });

  it('have only those of their posts shown anew that are there', async () => {
    const { faceId } = await addPortrait(store, project);
    const questionId = await open('single', [faceId]);
    await store.db
      .updateTable('posts')
      .set({ state: 'gone' })
      .where('question_id', '=', questionId)
      .execute();
    await store.transaction((trx) => markPosts(trx, questionId));
    expect(await wanted(questionId)).toBe(1);
  });

  describe('are taken out', () => {
    it('by owners alone', async () => {
      const { faceId } = await addPortrait(store, project);
      const questionId = await open('single', [faceId]);
      for (const account of [
        member,
        await addAccount(store),
        (await addProject(store)).owner,
        await addMember(store, project, { role: 'owner', status: 'banned' }),
        await addMember(store, project, { role: 'owner', blocked: true }),
      ]) {
        await expect(withdrawQuestion(deps(), questionId, account)).rejects.toMatchObject({
          code: 'forbidden',
        });
      }
      expect(await state(questionId)).toBe('open');
      nudges.topics.length = 0;
      await withdrawQuestion(deps(), questionId, owner);
      expect(await row(questionId)).toMatchObject({ state: 'withdrawn', closed_at: clock.now() });
      expect(await wanted(questionId)).toBe(2);
      expect(nudges.topics).toEqual(['posts']);
      const entry = await store.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirst();
      expect(entry).toMatchObject({
        account_id: owner,
        action: 'question withdrawn',
        subject: `question ${questionId}`,
      });
    });

    it('only when they are there', async () => {
      await expect(withdrawQuestion(deps(), 999_999, owner)).rejects.toMatchObject({ code: 'not_found' });
    });

    it('for good: their votes stand, and later ones do not open them again', async () => {
      const { faceId } = await addPortrait(store, project);
      const questionId = await open('single', [faceId]);
      await answer(member, questionId, [faceId], ['yes']);
      await withdrawQuestion(deps(), questionId, owner);
      expect((await questionFaces(store.db, questionId))[0]?.verdict).toBe('match');
      await answer(member, null, [faceId], [null]);
      await answer(member, null, [faceId], ['no']);
      expect(await state(questionId)).toBe('withdrawn');
    });

    it('after a ballot that is under way', async () => {
      const { faceId } = await addPortrait(store, project);
      const questionId = await open('single', [faceId]);
      let done = false;
      const withdrawing = await other.transaction(async (trx) => {
        await forUpdate(other, trx.selectFrom('projects').select('id').where('id', '=', project)).execute();
        const promise = withdrawQuestion(deps(), questionId, owner).then(() => {
          done = true;
        });
        for (let i = 0; i < 40; i++) await trx.selectFrom('projects').select('id').execute();
        expect(done).toBe(false);
        return { promise };
      });
      await withdrawing.promise;
      expect(await state(questionId)).toBe('withdrawn');
    });

    it('for good while others vote', async () => {
      for (let i = 0; i < 5; i++) {
        const { faceId } = await addPortrait(store, project);
        const questionId = await open('single', [faceId]);
        await Promise.all([
          answer(member, questionId, [faceId], ['yes'], other),
          withdrawQuestion(deps(), questionId, owner),
        ]);
        expect(await state(questionId)).toBe('withdrawn');
      }
    });
  });
});
