import { describe, expect, it } from 'vitest';
import { listedForRemoval } from '../../../src/core/review/listed.ts';
import { compareWithVotes } from '../../../src/core/review/replay.ts';
import { undoAnswers, undoMemberAnswers } from '../../../src/core/review/undo.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addRun } from '../../support/runs.ts';
import { engines, useStore } from '../../support/stores.ts';
import { nth, type ReviewWorld, reviewWorld } from './support.ts';

describe.each(engines())('undo on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const undo = (world: ReviewWorld, accountId: number, count: number) =>
    undoAnswers(world.deps, { projectId: world.id, accountId, count });

  it('takes back the last answer, and what was said before it stands again', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    const [face = 0] = await world.faces(1);
    await world.say(ann, 'yes', face);
    await world.say(ann, 'no', face);
    world.deps.nudges.topics.length = 0;
    expect(await undo(world, ann, 1)).toEqual({
      answers: 1,
      last: { questionId: null, label: 'Person Q1', title: expect.stringMatching(/^File:/) },
      changes: [{ faceId: face, person: 'Q1', before: 'no_match', after: 'match' }],
      listed: [],
    });
    expect(world.deps.nudges.topics).toEqual(['posts', 'work', `project:${world.id}`]);
    expect((await undo(world, ann, 1)).changes).toMatchObject([{ after: 'open' }]);
    expect(await undo(world, ann, 1)).toEqual({ answers: 0, last: null, changes: [], listed: [] });
    expect(await compareWithVotes(store.db, world.id)).toEqual([]);
  });

  it('takes back a named answer while it is the last one, however often it is asked for at once', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    const [first = 0, second = 0] = await world.faces(2);
    await world.say(ann, 'yes', first);
    await world.say(ann, 'yes', second);
    const ballots = await store.db
      .selectFrom('ballots')
      .select('id')
      .where('account_id', '=', ann)
      .orderBy('id')
      .execute();
    const named = (i: number) =>
      undoAnswers(world.deps, {
        projectId: world.id,
        accountId: ann,
        count: 1,
        ballotId: nth(ballots, i).id,
      });
    expect((await named(0)).answers).toBe(0);
    const ends = await Promise.all([named(1), named(1), named(1)]);
    expect(ends.map((end) => end.answers).sort()).toEqual([0, 0, 1]);
    expect(await world.verdict(first)).toBe('match by votes');
    expect(await world.verdict(second)).toBe('open by votes');
  });

  it('takes back a taking back', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    const [face = 0] = await world.faces(1);
    await world.say(ann, 'yes', face);
    await world.say(ann, null, face);
    await undo(world, ann, 1);
    expect(await world.verdict(face)).toBe('match by votes');
  });

  it('takes what was cast together as one, from whatever device', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0, bob = 0] = await world.members(2);
    const faces = await world.faces(5);
    const { questionId } = await world.open(faces.slice(0, 3), 'batch');
    await castBallot(world.deps, {
      projectId: world.id,
      accountId: ann,
      answers: faces.slice(0, 3).map((faceId) => ({ faceId, person: 'Q1', answer: 'yes' as const })),
      questionId,
      platform: 'discord',
    });
    await world.say(bob, 'yes', nth(faces, 4), { platform: 'room' });
    await world.say(ann, 'no', nth(faces, 3), { platform: 'matrix' });
    const verdicts = () => Promise.all(faces.map((face) => world.verdict(face)));
    expect((await undo(world, ann, 1)).answers).toBe(1);
    expect((await verdicts()).slice(2)).toEqual(['match by votes', 'open by votes', 'match by votes']);
    expect((await undo(world, ann, 5)).answers).toBe(1);
    expect((await verdicts()).slice(0, 3)).toEqual(Array(3).fill('open by votes'));
    expect(await world.question(questionId)).toBe('open');
    expect(await world.verdict(nth(faces, 4))).toBe('match by votes');
  });

  it('lets the same answer be given again', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    const [face = 0] = await world.faces(1);
    await world.say(ann, 'yes', face);
    await undo(world, ann, 1);
    expect((await world.say(ann, 'yes', face)).cast).toBe(1);
    expect(await world.verdict(face)).toBe('match by votes');
  });

  it('takes an owner’s decision back, and the dispute is there again', async () => {
    const world = await reviewWorld(store);
    const [ann = 0, bob = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    await world.say(ann, 'yes', face);
    await world.say(bob, 'no', face);
    await world.say(world.owner, 'no', face);
    await undo(world, world.owner, 1);
    expect(await world.verdict(face)).toBe('disputed by votes');
  });

  it('is for members, about their own answers in this project', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const other = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    await addMember(store, other.id, { accountId: ann });
    const [face = 0] = await other.faces(1);
    await other.say(ann, 'yes', face);
    expect((await undo(world, ann, 9)).answers).toBe(0);
    expect(await other.verdict(face)).toBe('match by votes');
    await expect(undo(world, await addAccount(store), 1)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(undo({ ...world, id: 999_999 }, ann, 1)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('by an owner takes back what a member has said since a time', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0, bob = 0] = await world.members(2);
    const [early = 0, late = 0, later = 0] = await world.faces(3);
    await world.say(ann, 'yes', early);
    world.clock.advance(1000);
    const since = world.clock.now();
    await world.say(ann, 'yes', late);
    world.clock.advance(1000);
    await world.say(ann, 'no', later);
    await world.say(bob, 'yes', late);
    const args = { projectId: world.id, memberId: ann, since, accountId: world.owner };
    await expect(undoMemberAnswers(world.deps, { ...args, accountId: bob })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect((await undoMemberAnswers(world.deps, args)).answers).toBe(2);
    const verdicts = await Promise.all([early, late, later].map((face) => world.verdict(face)));
    expect(verdicts).toEqual(['match by votes', 'match by votes', 'open by votes']);
    expect(await world.lastAudit()).toMatchObject({
      account_id: world.owner,
      action: 'answers undone',
      detail: { member: ann, since, answers: 2 },
    });
    expect((await undoMemberAnswers(world.deps, args)).answers).toBe(0);
  });

  describe('of something that is on the wiki', () => {
    /** A match of Ann's with its claim. */
    const written = async (state: 'written' | 'queued' | 'present' | 'removed' = 'written') => {
      const world = await reviewWorld(store, { votes_needed: 1 });
      const [ann = 0] = await world.members(1);
      const [face = 0] = await world.faces(1);
      await world.say(ann, 'yes', face);
      const file = await store.db
        .selectFrom('faces')
        .innerJoin('files', 'files.id', 'faces.file_id')
        .select(['files.page_id', 'files.title', 'files.page_url'])
        .where('faces.id', '=', face)
        .executeTakeFirstOrThrow();
      const runId = await addRun(store, world.id, ann);
      const claim = await store.db
        .insertInto('sdc_claims')
        .values({
          page_id: file.page_id,
          person: 'Q1',
          project_id: world.id,
          face_id: face,
          statement_id: `M${file.page_id}$1`,
          state,
          reason: null,
          account_id: ann,
          run_id: runId,
          undo_run_id: null,
          revision: 1,
          changed_at: 0,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      const listed = {
        claimId: claim.id,
        runId,
        pageId: file.page_id,
        title: file.title,
        pageUrl: file.page_url,
        person: 'Q1',
      };
      return { world, ann, face, listed };
    };

    it('lists it for removal, and removes nothing', async () => {
      const { world, ann, listed } = await written();
      expect(await listedForRemoval(store.db, world.id)).toEqual([]);
      expect((await undo(world, ann, 1)).listed).toEqual([listed]);
      expect(await listedForRemoval(store.db, world.id)).toEqual([listed]);
      const claim = await store.db
        .selectFrom('sdc_claims')
        .select(['state', 'undo_run_id'])
        .where('id', '=', listed.claimId)
        .executeTakeFirstOrThrow();
      expect(claim).toEqual({ state: 'written', undo_run_id: null });
    });

    it('lists it no more when it is a match again', async () => {
      const { world, ann, face } = await written();
      await undo(world, ann, 1);
      await world.say(ann, 'yes', face);
      expect(await listedForRemoval(store.db, world.id)).toEqual([]);
    });

    it('lists it although the person has the newer item of a merger', async () => {
      const { world, ann, listed } = await written();
      await store.db
        .updateTable('sdc_claims')
        .set({ person: 'Q1001' })
        .where('id', '=', listed.claimId)
        .execute();
      await store.db
        .insertInto('item_redirects')
        .values({ item: 'Q1', target: 'Q1001', seen_at: 0 })
        .execute();
      expect(await listedForRemoval(store.db, world.id)).toEqual([]);
      expect((await undo(world, ann, 1)).listed).toEqual([{ ...listed, person: 'Q1001' }]);
      await store.db.deleteFrom('item_redirects').execute();
    });

    it('lists it when an owner decides against it', async () => {
      const { world, face, listed } = await written();
      await world.say(world.owner, 'no', face);
      expect(await listedForRemoval(store.db, world.id)).toEqual([listed]);
    });

    it.each(['queued', 'present', 'removed'] as const)('lists nothing that is %s', async (state) => {
      const { world, ann } = await written(state);
      expect((await undo(world, ann, 1)).listed).toEqual([]);
    });

    it('lists nothing of other projects', async () => {
      const { world, ann } = await written();
      await undo(world, ann, 1);
      expect(await listedForRemoval(store.db, (await addProject(store)).id)).toEqual([]);
    });
  });
});
