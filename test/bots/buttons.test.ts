import { expect, it } from 'vitest';
import {
  addPicture,
  answersAbout,
  deskWorld,
  suggest,
  verdictOf,
  visitor,
  type World,
} from '../support/desk.ts';
import type { FakeMessage } from '../support/fake-chat.ts';

const nth = <T>(list: readonly T[], i: number): T => {
  const one = list[i];
  if (one === undefined) throw new Error(`there is no ${i}`);
  return one;
};

/** Presses, and gives what the person is told. */
async function press(world: World, message: FakeMessage, user: { id: string; name: string }, emoji: string) {
  await world.platform.press(message, user, emoji);
  return world.platform.toldTo(user.id).at(-1)?.text;
}

it('an open question has the reactions as buttons too, a decided one has none', async () => {
  const world = await deskWorld({ votes_needed: 1 });
  await addPicture(world.store, world.projectId, 2);
  await world.open();
  const message = world.question();
  expect(message.card.buttons).toEqual([
    { emoji: '1️⃣', label: '' },
    { emoji: '2️⃣', label: '' },
    { emoji: '🚫', label: 'None of them' },
    { emoji: '🤷', label: 'Not sure' },
  ]);
  const ann = await world.member('Ann');
  expect(await press(world, message, ann, '1️⃣')).toBe(
    'Your answer counts: 1️⃣. Press it again to take it back.',
  );
  await world.round();
  expect(message.card.buttons).toEqual([]);
});

it('the last word counts, however often it is pressed, and pressing what stands takes it back', async () => {
  const world = await deskWorld({ votes_needed: 3 });
  const face = nth((await addPicture(world.store, world.projectId)).faceIds, 0);
  await world.open();
  const ann = await world.member('Ann');
  const said = () => answersAbout(world.store, face);
  const message = world.question();
  for (const [emoji, answer] of [
    ['✅', 'yes'],
    ['❌', 'no'],
    ['✅', 'yes'],
  ] as const) {
    await press(world, message, ann, emoji);
    expect(await said()).toEqual({ [ann.accountId]: answer });
  }
  // The "no" before it has given way.
  expect(await press(world, message, ann, '✅')).toBe('Your answer is taken back: ✅.');
  expect(await said()).toEqual({ [ann.accountId]: null });
});

it('a reaction is not forgotten for a button, so it is not read from the post as a new one', async () => {
  const world = await deskWorld({ votes_needed: 3 });
  const face = nth((await addPicture(world.store, world.projectId)).faceIds, 0);
  const desk = await world.open();
  const ann = await world.member('Ann');
  const message = world.question();
  await world.platform.react(message, ann, '❌');
  await press(world, message, ann, '✅');
  expect(await answersAbout(world.store, face)).toEqual({ [ann.accountId]: 'yes' });
  await desk.stop();
  await world.open();
  expect(await answersAbout(world.store, face)).toEqual({ [ann.accountId]: 'yes' });
});

it('two numbers say yes to both, and one of them can be taken back', async () => {
  const world = await deskWorld({ votes_needed: 1 });
  const { faceIds } = await addPicture(world.store, world.projectId, 3);
  await world.open();
  const ann = await world.member('Ann');
  const message = world.question();
  const answers = () =>
    Promise.all(faceIds.map(async (id) => (await answersAbout(world.store, id))[ann.accountId] ?? '-'));
  await press(world, message, ann, '1️⃣');
  await press(world, message, ann, '2️⃣');
  expect(await answers()).toEqual(['yes', 'yes', 'no']);
  await press(world, message, ann, '1️⃣');
  expect(await answers()).toEqual(['no', 'yes', 'no']);
});

it('a button and a reaction of one person are one vote', async () => {
  const world = await deskWorld({ votes_needed: 2 });
  const face = nth((await addPicture(world.store, world.projectId)).faceIds, 0);
  await world.open();
  const [ann, bob] = [await world.member('Ann'), await world.member('Bob')];
  const message = world.question();
  await press(world, message, ann, '✅');
  await world.platform.react(message, ann, '✅');
  expect(await verdictOf(world.store, world.projectId, face)).toBe('open');
  await press(world, message, bob, '✅');
  expect(await verdictOf(world.store, world.projectId, face)).toBe('match');
});

it('in a batch a letter leaves its face out', async () => {
  const world = await deskWorld({ votes_needed: 1 });
  const faceIds: number[] = [];
  for (let i = 0; i < 3; i++) faceIds.push(...(await addPicture(world.store, world.projectId)).faceIds);
  await suggest(world.store, world.projectId, faceIds);
  await world.open();
  const ann = await world.member('Ann');
  const message = world.question();
  await press(world, message, ann, '🇧');
  await press(world, message, ann, '✅');
  const verdicts = await Promise.all(faceIds.map((id) => verdictOf(world.store, world.projectId, id)));
  expect(verdicts).toEqual(['match', 'open', 'match']);
});

it('others are told why their answer does not count, and nothing is counted', async () => {
  const world = await deskWorld({ votes_needed: 1 });
  const face = nth((await addPicture(world.store, world.projectId)).faceIds, 0);
  await world.open();
  const message = world.question();
  expect(await press(world, message, visitor('Zoe'), '✅')).toContain('not linked');
  const blocked = await world.member('Blocked', { blocked: true });
  expect(await press(world, message, blocked, '✅')).toContain('not a member');
  expect(await answersAbout(world.store, face)).toEqual({});
});
