import { describe, expect, it } from 'vitest';
import { askCheck, CHECK_LIFETIME_MS, closeOldCheck } from '../../../src/core/review/checks.ts';
import { compareWithVotes } from '../../../src/core/review/replay.ts';
import { undoAnswers } from '../../../src/core/review/undo.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { engines, useStore } from '../../support/stores.ts';
import { nth, type ReviewWorld, reviewWorld } from './support.ts';

describe.each(engines())('a check on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const ask = (world: ReviewWorld, maxOpen = 100) =>
    askCheck(store, { channelId: world.channel, projectId: world.id, maxOpen, now: world.clock.now() });
  /** Two voters have decided faces: the first half yes, the others no. */
  const decided = async (count: number, given: Parameters<typeof reviewWorld>[1] = {}) => {
    const world = await reviewWorld(store, { check_every: 3, ...given });
    const voters = await world.members(2);
    const faces = await world.faces(count);
    for (const [i, face] of faces.entries()) {
      for (const voter of voters) await world.say(voter, i < count / 2 ? 'yes' : 'no', face);
      world.clock.advance(1000);
    }
    return { world, voters, faces };
  };
  /** Questions about new faces. */
  const askedBefore = async (world: ReviewWorld, count: number) => {
    for (const face of await world.faces(count)) await world.open([face]);
  };
  const latest = (world: ReviewWorld) =>
    store.db
      .selectFrom('questions')
      .innerJoin('question_faces', 'question_faces.question_id', 'questions.id')
      .select(['id', 'kind', 'person', 'state', 'purpose', 'expected', 'face_id'])
      .where('project_id', '=', world.id)
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
  const given = (questionId: number) =>
    store.db
      .selectFrom('check_answers')
      .select(['account_id', 'expected', 'answer'])
      .where('question_id', '=', questionId)
      .orderBy('id')
      .execute();

  it('comes after so many questions, when enough is decided, yes and no in turns', async () => {
    const { world, faces } = await decided(10);
    await askedBefore(world, 1);
    expect(await ask(world)).toBe(false);
    await askedBefore(world, 1);
    expect(await ask(world)).toBe(true);
    expect(await latest(world)).toMatchObject({
      kind: 'single',
      person: 'Q1',
      state: 'open',
      purpose: 'check',
      expected: 'no',
      face_id: nth(faces, 5),
    });
    expect(await ask(world)).toBe(false);
    await askedBefore(world, 2);
    expect(await ask(world)).toBe(true);
    expect(await latest(world)).toMatchObject({ expected: 'yes', face_id: nth(faces, 0) });
  });

  it('does not come before ten faces are decided by people, never where it is off, nor without room', async () => {
    const few = await decided(9);
    await askedBefore(few.world, 5);
    expect(await ask(few.world)).toBe(false);
    const off = await decided(10, { check_every: 0 });
    await askedBefore(off.world, 5);
    expect(await ask(off.world)).toBe(false);
    const full = await decided(10);
    await askedBefore(full.world, 5);
    expect(await ask(full.world, 5)).toBe(false);
    expect(await ask(full.world, 6)).toBe(true);
    const vouched = await decided(10);
    await store.db
      .updateTable('verdicts')
      .set({ source: 'bootstrap' })
      .where('project_id', '=', vouched.world.id)
      .execute();
    await askedBefore(vouched.world, 5);
    expect(await ask(vouched.world)).toBe(false);
  });

  it('takes a face again only after all others', async () => {
    const { world, voters, faces } = await decided(10);
    const checked: number[] = [];
    for (let i = 0; i < 12; i++) {
      await askedBefore(world, 2);
      expect(await ask(world)).toBe(true);
      const check = await latest(world);
      checked.push(check.face_id);
      for (const voter of voters)
        await world.say(voter, check.expected, check.face_id, { questionId: check.id });
      expect(await world.question(check.id)).toBe('decided');
    }
    expect(new Set(checked.slice(0, 10))).toEqual(new Set(faces));
    expect(checked.slice(10)).toEqual(checked.slice(0, 2));
  });

  it('keeps its answers apart: verdicts and votes never hear of them', async () => {
    const { world, voters } = await decided(10);
    const [ann = 0, bob = 0] = await world.members(2);
    await askedBefore(world, 2);
    await ask(world);
    const check = await latest(world);
    const before = await store.db.selectFrom('votes').selectAll().execute();
    world.deps.nudges.topics.length = 0;
    expect(await world.say(ann, 'yes', check.face_id, { questionId: check.id })).toEqual({
      cast: 1,
      changes: [],
    });
    expect(await world.question(check.id)).toBe('open');
    // The owner too: below a check nobody decides.
    await world.say(world.owner, 'yes', check.face_id, { questionId: check.id });
    expect(await world.question(check.id)).toBe('decided');
    expect(await store.db.selectFrom('votes').selectAll().execute()).toEqual(before);
    expect(await world.verdict(check.face_id)).toBe('no_match by votes');
    expect(await given(check.id)).toEqual([
      { account_id: ann, expected: 'no', answer: 'yes' },
      { account_id: world.owner, expected: 'no', answer: 'yes' },
    ]);
    expect(world.deps.nudges.topics).toEqual(['posts', 'posts']);
    // Now that everybody reads what it was, answers say nothing.
    expect(await world.say(bob, 'no', check.face_id, { questionId: check.id })).toEqual({
      cast: 0,
      changes: [],
    });
    expect(voters).not.toContain(bob);
    expect(await compareWithVotes(store.db, world.id)).toEqual([]);
  });

  it('can be answered otherwise, taken back and undone while it is open', async () => {
    const { world } = await decided(10);
    const [ann = 0, bob = 0] = await world.members(2);
    await askedBefore(world, 2);
    await ask(world);
    const { id: questionId, face_id: face } = await latest(world);
    await world.say(ann, 'yes', face, { questionId });
    expect((await world.say(ann, 'yes', face, { questionId })).cast).toBe(0);
    await world.say(ann, 'no', face, { questionId });
    await world.say(ann, null, face, { questionId });
    await world.say(bob, 'no', face, { questionId });
    expect(await world.question(questionId)).toBe('open');
    const undone = await undoAnswers(world.deps, { projectId: world.id, accountId: ann, count: 1 });
    expect(undone.answers).toBe(1);
    expect((await world.say(ann, 'no', face, { questionId })).cast).toBe(0);
    expect((await world.say(ann, 'unsure', face, { questionId })).cast).toBe(1);
    expect(await world.question(questionId)).toBe('decided');
  });

  it('is closed after a day', async () => {
    const { world } = await decided(10);
    await askedBefore(world, 2);
    await ask(world);
    const { id } = await latest(world);
    // Those of the other tests go with it.
    const closeOld = async () => {
      while (await closeOldCheck(store, world.clock.now())) {}
    };
    world.clock.advance(CHECK_LIFETIME_MS - 1);
    await closeOld();
    expect(await world.question(id)).toBe('open');
    world.clock.advance(1);
    await closeOld();
    expect(await world.question(id)).toBe('decided');
  });

  it('is over when the verdict that it expects is', async () => {
    const { world, voters } = await decided(10);
    await askedBefore(world, 2);
    await ask(world);
    const { id, face_id } = await latest(world);
    await world.say(nth(voters, 0), 'yes', face_id);
    expect(await world.verdict(face_id)).toBe('disputed by votes');
    expect(await world.question(id)).toBe('over');
  });

  it('counts an answer about the person in question where somebody speaks of all persons', async () => {
    const { world } = await decided(10);
    const [ann = 0] = await world.members(1);
    await askedBefore(world, 2);
    await ask(world);
    const { id, face_id } = await latest(world);
    await store.db
      .insertInto('project_persons')
      .values({
        project_id: world.id,
        person: 'Q2',
        label: 'Two',
        description: '',
        portrait_title: null,
        portrait_url: null,
        position: 1,
      })
      .execute();
    await castBallot(world.deps, {
      projectId: world.id,
      accountId: ann,
      answers: ['Q1', 'Q2'].map((person) => ({ faceId: face_id, person, answer: 'no' as const })),
      questionId: id,
      platform: 'room',
    });
    expect(await given(id)).toEqual([{ account_id: ann, expected: 'no', answer: 'no' }]);
    expect(await world.verdict(face_id, 'Q2')).toBe('none');
  });
});
