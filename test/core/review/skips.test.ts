import { describe, expect, it } from 'vitest';
import { askableFor, skipFaces } from '../../../src/core/review/skips.ts';
import { undoAnswers } from '../../../src/core/review/undo.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { nth, type ReviewWorld, reviewWorld } from './support.ts';

describe.each(engines())('what a member is asked on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const next = (world: ReviewWorld, accountId: number) =>
    askableFor(store, { projectId: world.id, accountId });
  const skip = (world: ReviewWorld, accountId: number, ...faceIds: number[]) =>
    skipFaces(world.deps, {
      projectId: world.id,
      accountId,
      faces: faceIds.map((faceId) => ({ faceId, person: 'Q1' })),
    });
  const group = async (world: ReviewWorld, count: number) => {
    const file = await addFile(store, world.id);
    const faces: number[] = [];
    for (let i = 0; i < count; i++) faces.push(await addFace(store, file, { x: i / 16 }));
    return faces;
  };

  it('is what the chats ask, the oldest first, and then what would be asked next', async () => {
    const world = await reviewWorld(store);
    const [ann = 0, bob = 0] = await world.members(2);
    const [first = 0, second = 0, third = 0] = await world.faces(3);
    const asked = [(await world.open([second])).questionId, (await world.open([first])).questionId];
    const question = (i: number, faceId: number) => ({
      questionId: asked[i],
      kind: 'single',
      person: 'Q1',
      faceIds: [faceId],
    });
    expect(await next(world, ann)).toEqual(question(0, second));
    await world.say(ann, 'yes', second, { questionId: nth(asked, 0) });
    expect(await next(world, ann)).toEqual(question(1, first));
    expect(await next(world, bob)).toEqual(question(0, second));
    await world.say(ann, 'unsure', first);
    expect(await next(world, ann)).toEqual({
      questionId: null,
      kind: 'single',
      person: 'Q1',
      faceIds: [third],
    });
    await world.say(ann, 'yes', third);
    expect(await next(world, ann)).toBeNull();
    await undoAnswers(world.deps, { projectId: world.id, accountId: ann, count: 1 });
    expect(await next(world, ann)).toMatchObject({ faceIds: [third] });
  });

  it('is never what the member has skipped; others are asked still', async () => {
    const world = await reviewWorld(store);
    const [ann = 0, bob = 0] = await world.members(2);
    const [first = 0, second = 0] = await world.faces(2);
    const { questionId } = await world.open([first]);
    await skip(world, ann, first);
    await skip(world, ann, first);
    expect(await next(world, ann)).toMatchObject({ questionId: null, faceIds: [second] });
    expect(await next(world, bob)).toMatchObject({ questionId });
    await skip(world, ann, second);
    expect(await next(world, ann)).toBeNull();
    // It may be answered all the same.
    expect((await world.say(ann, 'yes', first)).cast).toBe(1);
  });

  it('are the faces of a question that are left for the member', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0, bob = 0] = await world.members(2);
    const faces = await group(world, 4);
    const { questionId } = await world.open(faces, 'several');
    await world.say(bob, 'no', nth(faces, 0));
    await world.say(ann, 'unsure', nth(faces, 1));
    expect(await next(world, ann)).toEqual({
      questionId,
      kind: 'several',
      person: 'Q1',
      faceIds: faces.slice(2),
    });
    await skip(world, ann, nth(faces, 2));
    expect(await next(world, ann)).toEqual({
      questionId,
      kind: 'single',
      person: 'Q1',
      faceIds: faces.slice(3),
    });
  });

  it('is a check like any other question, once, and no dispute', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    const [decided = 0, disputed = 0] = await world.faces(2);
    await world.say(world.owner, 'yes', decided);
    const check = await world.open([decided]);
    const dispute = await world.open([disputed]);
    for (const [{ questionId }, set] of [
      [check, { purpose: 'check', expected: 'yes' }],
      [dispute, { purpose: 'dispute' }],
    ] as const)
      await store.db.updateTable('questions').set(set).where('id', '=', questionId).execute();
    await world.say(ann, 'yes', disputed);
    await world.say(world.owner, 'no', disputed);
    expect(await next(world, ann)).toEqual({
      questionId: check.questionId,
      kind: 'single',
      person: 'Q1',
      faceIds: [decided],
    });
    await store.db.updateTable('projects').set({ votes_needed: 2 }).where('id', '=', world.id).execute();
    await castBallot(world.deps, {
      projectId: world.id,
      accountId: ann,
      answers: [{ faceId: decided, person: 'Q1', answer: 'yes' }],
      questionId: check.questionId,
      platform: 'web',
    });
    expect(await next(world, ann)).toBeNull();
  });

  it('can be skipped by members', async () => {
    const world = await reviewWorld(store);
    const [face = 0] = await world.faces(1);
    await expect(skip(world, await addAccount(store), face)).rejects.toMatchObject({ code: 'forbidden' });
  });
});
