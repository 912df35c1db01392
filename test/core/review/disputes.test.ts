import { describe, expect, it } from 'vitest';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import { askDispute, disputedFaces } from '../../../src/core/review/disputes.ts';
import { withdrawQuestion } from '../../../src/core/review/questions.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { engines, useStore } from '../../support/stores.ts';
import { type ReviewWorld, reviewWorld } from './support.ts';

describe.each(engines())('disputes on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const disputed = async () => {
    const world = await reviewWorld(store);
    const [ann = 0, bob = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    const dispute = async (faceId: number) => {
      await world.say(ann, 'yes', faceId);
      await world.say(bob, 'no', faceId);
    };
    await dispute(face);
    return { world, ann, bob, face, dispute };
  };
  const ask = (world: ReviewWorld, maxOpen = 3) =>
    askDispute(store, { channelId: world.channel, projectId: world.id, maxOpen, now: world.clock.now() });
  const latest = (world: ReviewWorld) =>
    store.db
      .selectFrom('questions')
      .innerJoin('question_faces', 'question_faces.question_id', 'questions.id')
      .select(['id', 'kind', 'purpose', 'state', 'face_id'])
      .where('project_id', '=', world.id)
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();

  it('are listed for the owners, the oldest first, with who said what', async () => {
    const { world, ann, bob, face, dispute } = await disputed();
    world.clock.advance(1000);
    const [second = 0, agreed = 0] = await world.faces(2);
    await dispute(second);
    for (const account of [ann, bob]) await world.say(account, 'yes', agreed);
    await forgetAccount({ store, clock: world.clock, nudges: notedNudges() }, bob);
    const list = await disputedFaces(store, world.id);
    expect(list.map((one) => one.faceId)).toEqual([face, second]);
    const { username } = await store.db
      .selectFrom('account_profiles')
      .select('username')
      .where('account_id', '=', ann)
      .executeTakeFirstOrThrow();
    expect(list[0]).toEqual({
      faceId: face,
      fileId: expect.any(Number),
      person: 'Q1',
      label: 'Person Q1',
      title: expect.stringMatching(/^File:/),
      pageUrl: expect.stringMatching(/^https:/),
      box: [0.1, 0.1, 0.2, 0.2],
      boxNumber: 0,
      since: world.clock.now() - 1000,
      votes: [
        { username, answer: 'yes' },
        { username: null, answer: 'no' },
      ],
    });
    await world.say(world.owner, 'yes', face);
    expect((await disputedFaces(store, world.id)).map((one) => one.faceId)).toEqual([second]);
  });

  it('are shown once in the channel for them, as many as it wants', async () => {
    const { world, face, dispute } = await disputed();
    const [second = 0] = await world.faces(1);
    await dispute(second);
    // Questions of the other kind take no room from them.
    await world.open(await world.faces(1));
    expect(await ask(world, 1)).toBe(true);
    expect(await latest(world)).toMatchObject({
      kind: 'single',
      purpose: 'dispute',
      state: 'open',
      face_id: face,
    });
    expect(await ask(world, 1)).toBe(false);
    expect(await ask(world, 2)).toBe(true);
    expect((await latest(world)).face_id).toBe(second);
    expect(await ask(world, 3)).toBe(false);
  });

  it('are decided there by an owner, who may have been part of them', async () => {
    const { world, face } = await disputed();
    await ask(world);
    const { id } = await latest(world);
    const [third = 0] = await world.members(1);
    await world.say(third, 'yes', face, { questionId: id });
    expect(await world.question(id)).toBe('open');
    await world.say(world.owner, 'no', face, { questionId: id });
    expect(await world.verdict(face)).toBe('no_match by owner');
    expect(await world.question(id)).toBe('decided');
    expect(await world.lastAudit()).toMatchObject({
      account_id: world.owner,
      action: 'verdict decided',
      subject: `face ${face} Q1`,
      detail: { project: world.id, answer: 'no' },
    });
  });

  it('are over when somebody gives in', async () => {
    const { world, bob, face } = await disputed();
    await ask(world);
    const { id } = await latest(world);
    await world.say(bob, null, face);
    expect(await world.question(id)).toBe('decided');
    expect(await world.verdict(face)).toBe('open by votes');
    // And there again, in the same post, when there is dissent again.
    await world.say(bob, 'no', face);
    expect(await world.question(id)).toBe('open');
    expect(await ask(world)).toBe(false);
  });

  it('are not shown again when an owner has withdrawn them, nor in a paused project', async () => {
    const { world } = await disputed();
    await store.db.updateTable('projects').set({ state: 'paused' }).where('id', '=', world.id).execute();
    expect(await ask(world)).toBe(false);
    await store.db.updateTable('projects').set({ state: 'active' }).where('id', '=', world.id).execute();
    await ask(world);
    await withdrawQuestion(world.deps, (await latest(world)).id, world.owner);
    expect(await ask(world)).toBe(false);
    expect(await disputedFaces(store, world.id)).toHaveLength(1);
  });

  it('against a verdict that members had reached is an override, and stands in the log as one', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    const [face = 0] = await world.faces(1);
    await world.say(ann, 'yes', face);
    await world.say(world.owner, 'no', face);
    expect(await world.lastAudit()).toMatchObject({ action: 'verdict overridden', account_id: world.owner });
    const votes = await store.db
      .selectFrom('votes')
      .select(['decides', 'overrides'])
      .where('face_id', '=', face)
      .orderBy('id')
      .execute();
    expect(votes).toEqual([
      { decides: 0, overrides: 0 },
      { decides: 1, overrides: 1 },
    ]);
    // Changing the own mind later is no further override.
    await world.say(world.owner, 'yes', face);
    expect(await world.lastAudit()).toMatchObject({ action: 'verdict decided' });
  });
});
