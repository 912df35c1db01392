import { describe, expect, it } from 'vitest';
import { reopenVerdict } from '../../../src/core/review/reopening.ts';
import { compareWithVotes } from '../../../src/core/review/replay.ts';
import { undoAnswers } from '../../../src/core/review/undo.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { engines, useStore } from '../../support/stores.ts';
import { type ReviewWorld, reviewWorld, standingVotes } from './support.ts';

describe.each(engines())('a verdict that is reopened on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const reopen = (world: ReviewWorld, faceId: number, accountId = world.owner) =>
    reopenVerdict(world.deps, { projectId: world.id, faceId, person: 'Q1', accountId });
  const decided = async () => {
    const world = await reviewWorld(store);
    const [one = 0, two = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    const { questionId, postId } = await world.open([face]);
    for (const account of [one, two]) await world.say(account, 'yes', face, { questionId });
    return { world, one, two, face, questionId, postId };
  };

  it('is open, with votes from now on alone', async () => {
    const { world, one, two, face } = await decided();
    expect(await reopen(world, face)).toEqual([
      { faceId: face, person: 'Q1', before: 'match', after: 'open' },
    ]);
    expect(await standingVotes(store.db, world.id, face, 'Q1')).toEqual([]);
    // The same answer again is a new one.
    expect((await world.say(one, 'yes', face)).cast).toBe(1);
    expect(await world.verdict(face)).toBe('open by votes');
    await world.say(two, 'no', face);
    expect(await world.verdict(face)).toBe('disputed by votes');
    expect(await compareWithVotes(store.db, world.id)).toEqual([]);
    expect(
      await store.db.selectFrom('votes').select('id').where('face_id', '=', face).execute(),
    ).toHaveLength(4);
  });

  it('closes the questions that were answered for good, and their posts are shown anew', async () => {
    const { world, one, two, face, questionId, postId } = await decided();
    const wanted = async () =>
      (await store.db.selectFrom('posts').select('wanted').where('id', '=', postId).executeTakeFirstOrThrow())
        .wanted;
    const before = await wanted();
    await reopen(world, face);
    expect(await world.question(questionId)).toBe('over');
    expect(await wanted()).toBeGreaterThan(before);
    for (const account of [one, two]) await world.say(account, 'no', face);
    expect(await world.question(questionId)).toBe('over');
    expect(await world.verdict(face)).toBe('no_match by votes');
  });

  it('stands in the log', async () => {
    const { world, face } = await decided();
    await reopen(world, face);
    expect(await world.lastAudit()).toMatchObject({
      account_id: world.owner,
      action: 'verdict reopened',
      subject: `face ${face} Q1`,
      detail: { project: world.id, verdict: 'match', source: 'votes' },
    });
  });

  it('stays open when an answer from before is undone', async () => {
    const { world, one, face } = await decided();
    await reopen(world, face);
    const undone = await undoAnswers(world.deps, { projectId: world.id, accountId: one, count: 1 });
    expect(undone).toMatchObject({ answers: 1, changes: [], listed: [] });
    expect(await world.verdict(face)).toBe('open by votes');
  });

  it('can be an owner’s decision or a dispute, and be reopened again', async () => {
    const { world, one, two, face } = await decided();
    await world.say(world.owner, 'no', face);
    expect(await world.verdict(face)).toBe('no_match by owner');
    await reopen(world, face);
    await world.say(one, 'yes', face);
    await world.say(two, 'no', face);
    await reopen(world, face);
    expect(await world.verdict(face)).toBe('open by votes');
  });

  it('needs an owner, and a verdict of people', async () => {
    const { world, one, face } = await decided();
    await expect(reopen(world, face, one)).rejects.toMatchObject({ code: 'forbidden' });
    const [fresh = 0, vouched = 0] = await world.faces(2);
    await expect(reopen(world, fresh)).rejects.toMatchObject({ code: 'conflict' });
    await store.db
      .insertInto('verdicts')
      .values({
        project_id: world.id,
        face_id: vouched,
        person: 'Q1',
        verdict: 'match',
        source: 'bootstrap',
        changed_at: 0,
      })
      .execute();
    await expect(reopen(world, vouched)).rejects.toMatchObject({ code: 'conflict' });
    expect(await world.verdict(vouched)).toBe('match by bootstrap');
  });
});
