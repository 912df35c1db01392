import { describe, expect, it } from 'vitest';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import { unlinkIdentity } from '../../../src/core/accounts/linking.ts';
import { banMember, recountWithout } from '../../../src/core/review/bans.ts';
import { faceHistory } from '../../../src/core/review/history.ts';
import { reopenVerdict } from '../../../src/core/review/reopening.ts';
import { compareWithVotes } from '../../../src/core/review/replay.ts';
import { undoAnswers, undoMemberAnswers } from '../../../src/core/review/undo.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addPortrait } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { type ReviewWorld, reviewWorld } from './support.ts';

describe.each(engines())('the history of a face on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const nameOf = async (accountId: number) =>
    (
      await store.db
        .selectFrom('account_profiles')
        .select('username')
        .where('account_id', '=', accountId)
        .executeTakeFirstOrThrow()
    ).username;
  /** `Ann answered yes: open → match` */
  const told = async (world: ReviewWorld, faceId: number, names: Record<string, string>) =>
    (await faceHistory(store, world.id, faceId)).map(
      (one) =>
        `${names[one.username ?? ''] ?? 'nobody'} ${one.kind} ${one.answer}: ${one.before} → ${one.after}${one.stands ? '' : ' (no more)'}`,
    );

  it('tells who said what, when and where, and what it changed', async () => {
    const world = await reviewWorld(store);
    const [ann = 0, bob = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    const { questionId } = await world.open([face]);
    const start = world.clock.now();
    await world.say(ann, 'yes', face, { questionId, platform: 'discord' });
    world.clock.advance(1000);
    await world.say(bob, 'no', face);
    world.clock.advance(1000);
    await world.say(world.owner, 'yes', face);
    await world.say(world.owner, 'no', face);
    const common = { kind: 'answered', person: 'Q1', by: null };
    expect(await faceHistory(store, world.id, face)).toEqual([
      {
        ...common,
        at: start,
        username: await nameOf(ann),
        answer: 'yes',
        decides: false,
        overrides: false,
        platform: 'discord',
        questionId,
        stands: true,
        before: 'open',
        after: 'open',
      },
      {
        ...common,
        at: start + 1000,
        username: await nameOf(bob),
        answer: 'no',
        decides: false,
        overrides: false,
        platform: 'web',
        questionId: null,
        stands: true,
        before: 'open',
        after: 'disputed',
      },
      {
        ...common,
        at: start + 2000,
        username: await nameOf(world.owner),
        answer: 'yes',
        decides: true,
        overrides: false,
        platform: 'web',
        questionId: null,
        stands: false,
        before: 'disputed',
        after: 'match',
      },
      {
        ...common,
        at: start + 2000,
        username: await nameOf(world.owner),
        answer: 'no',
        decides: true,
        overrides: false,
        platform: 'web',
        questionId: null,
        stands: true,
        before: 'match',
        after: 'no_match',
      },
    ]);
  });

  it('tells what was undone, reopened, and what became of a ban', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0, bob = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    const names = {
      [await nameOf(ann)]: 'Ann',
      [await nameOf(bob)]: 'Bob',
      [await nameOf(world.owner)]: 'Olga',
    };
    const about = { projectId: world.id, accountId: world.owner };
    await world.say(ann, 'yes', face);
    await undoAnswers(world.deps, { projectId: world.id, accountId: ann, count: 1 });
    await world.say(ann, 'no', face);
    await reopenVerdict(world.deps, { ...about, faceId: face, person: 'Q1' });
    await world.say(bob, 'yes', face);
    await banMember(world.deps, { ...about, memberId: bob });
    await recountWithout(world.deps, { ...about, memberId: bob });
    await world.say(ann, 'yes', face);
    await undoMemberAnswers(world.deps, { ...about, memberId: ann, since: 0 });
    expect(await told(world, face, names)).toEqual([
      'Ann answered yes: open → match (no more)',
      'Ann undone yes: match → open (no more)',
      'Ann answered no: open → no_match (no more)',
      'Olga reopened null: no_match → open (no more)',
      'Bob answered yes: open → match (no more)',
      'Bob banned null: match → match (no more)',
      'Bob recounted null: match → open (no more)',
      'Ann answered yes: open → match (no more)',
      // The first one was undone before.
      'Ann undone no: match → match (no more)',
      'Ann undone yes: match → open (no more)',
    ]);
    const undone = (await faceHistory(store, world.id, face)).filter((one) => one.kind === 'undone');
    expect(undone.map((one) => names[one.by ?? ''])).toEqual(['Ann', 'Olga', 'Olga']);
    expect(await compareWithVotes(store.db, world.id)).toEqual([]);
  });

  it('begins with what the wiki vouches for', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    const { faceId } = await addPortrait(store, world.id, { depicts: 'Q1' });
    await world.say(ann, 'unsure', faceId);
    await world.say(ann, 'no', faceId);
    const names = { [await nameOf(ann)]: 'Ann' };
    expect(await told(world, faceId, names)).toEqual([
      'Ann answered unsure: match → match (no more)',
      'Ann answered no: match → no_match',
    ]);
  });

  it('has former members without their names, and their votes count', async () => {
    const world = await reviewWorld(store);
    const [ann = 0, bob = 0] = await world.members(2);
    const [face = 0] = await world.faces(1);
    for (const account of [ann, bob]) await world.say(account, 'yes', face);
    await forgetAccount({ store, clock: world.clock, nudges: notedNudges() }, ann);
    const history = await faceHistory(store, world.id, face);
    expect(history.map((one) => [one.username === null, one.answer, one.after, one.stands])).toEqual([
      [true, 'yes', 'open', true],
      [false, 'yes', 'match', true],
    ]);
    expect(await world.verdict(face)).toBe('match by votes');
    expect(await compareWithVotes(store.db, world.id)).toEqual([]);
  });

  it('is not changed by unlinking a chat name', async () => {
    const world = await reviewWorld(store, { votes_needed: 1 });
    const [ann = 0] = await world.members(1);
    const [face = 0] = await world.faces(1);
    const { id } = await store.db
      .insertInto('identities')
      .values({
        account_id: ann,
        platform: 'room',
        external_id: `ann of ${world.id}`,
        display_name: 'Ann',
        linked_at: 0,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await world.say(ann, 'yes', face, { platform: 'room' });
    const before = await faceHistory(store, world.id, face);
    await unlinkIdentity({ store, clock: world.clock }, ann, id);
    expect(await faceHistory(store, world.id, face)).toEqual(before);
    expect(await world.verdict(face)).toBe('match by votes');
    expect(await compareWithVotes(store.db, world.id)).toEqual([]);
  });

  it('is about one project', async () => {
    const world = await reviewWorld(store);
    const other = await reviewWorld(store);
    const [face = 0] = await world.faces(1);
    await world.say(world.owner, 'yes', face);
    expect(await faceHistory(store, other.id, face)).toEqual([]);
  });
});
