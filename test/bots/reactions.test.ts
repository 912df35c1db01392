import { describe, expect, it } from 'vitest';
import { castBallot } from '../../src/core/review/votes.ts';
import { addPicture, asked, countVotes, deskWorld, suggest, verdictOf, visitor } from '../support/desk.ts';

describe('a reaction', () => {
  it.each([
    ['✅', 'yes'],
    ['❌', 'no'],
    ['🤷', 'unsure'],
    ['🤷🏽‍♀️', 'unsure'],
    ['✅\u{FE0F}', 'yes'],
    ['🎉', null],
    ['1️⃣', null],
  ])('%s below a single face says %s', async (emoji, answer) => {
    const { platform, world, message, answers } = await asked();
    const ann = await world.member('Ann');
    await platform.react(message, ann, emoji);
    expect(await answers(ann)).toEqual([answer]);
    expect(platform.told).toEqual([]);
  });

  it('gives the vote back when it is taken back', async () => {
    const { platform, world, message, answers, store, projectId, faceIds } = await asked(1, {
      votes_needed: 1,
    });
    const ann = await world.member('Ann');
    await platform.react(message, ann, '✅');
    expect(await verdictOf(store, projectId, faceIds[0] ?? 0)).toBe('match');
    await platform.takeBack(message, ann, '✅');
    expect(await answers(ann)).toEqual([null]);
    expect(await verdictOf(store, projectId, faceIds[0] ?? 0)).toBe('open');
    await platform.react(message, ann, '✅');
    expect(await answers(ann)).toEqual(['yes']);
  });

  it('leaves the vote when a moderator clears it', async () => {
    const { platform, world, message, answers } = await asked();
    const ann = await world.member('Ann');
    await platform.react(message, ann, '✅');
    await platform.clear(message, ann, '✅');
    expect(await answers(ann)).toEqual(['yes']);
    await platform.react(message, ann, '❌');
    expect(await answers(ann)).toEqual(['no']);
  });

  it('counts as the last of contradicting ones, and as the other when that is taken back', async () => {
    const { platform, world, message, answers } = await asked();
    const ann = await world.member('Ann');
    await platform.react(message, ann, '✅');
    await platform.react(message, ann, '❌');
    expect(await answers(ann)).toEqual(['no']);
    await platform.takeBack(message, ann, '❌');
    expect(await answers(ann)).toEqual(['yes']);
  });

  it('is counted once however often the platform tells of it', async () => {
    const { platform, world, message, store } = await asked();
    const ann = await world.member('Ann');
    await platform.react(message, ann, '✅');
    message.reactions = [];
    await platform.react(message, ann, '✅');
    expect(await countVotes(store)).toBe(1);
    expect(await world.store.db.selectFrom('reactions').select('id').execute()).toHaveLength(1);
  });

  it('that says nothing stays where the bot may not take it away', async () => {
    const { platform, world, message } = await asked(2);
    await platform.react(message, await world.member('Ann'), '🎉');
    expect(message.reactions.map(({ emoji }) => emoji)).toEqual(['🎉']);
    expect(platform.calls.filter((call) => call.startsWith('takeAway'))).toEqual([]);
  });

  it('that says nothing goes where the bot may take it away, from whomever it is', async () => {
    const world = await deskWorld();
    const { platform } = world;
    platform.mayTakeAway = true;
    await addPicture(world.store, world.projectId, 2);
    await world.open();
    const message = world.question();
    for (const user of [await world.member('Ann'), visitor('Zoe')])
      for (const emoji of ['🎉', '✅', '3️⃣', 'human:1573888978669593488', '2️⃣', '👤'])
        await platform.react(message, user, emoji);
    const left = message.reactions.map(({ user, emoji }) => `${user.name} ${emoji}`);
    expect(left).toEqual(['Ann 2️⃣', 'Ann 👤', 'Zoe 2️⃣', 'Zoe 👤']);
    await platform.takeBack(message, visitor('Zoe'), '2️⃣');
    expect(platform.calls.filter((call) => call.startsWith('takeAway'))).toHaveLength(8);
    expect(platform.toldTo('Ann')).toEqual([]);
  });

  it('that cannot be taken away holds nothing up', async () => {
    const world = await deskWorld();
    const { platform, store } = world;
    platform.mayTakeAway = true;
    await addPicture(store, world.projectId);
    await world.open();
    platform.before = (method) => {
      if (method === 'takeAway') throw new Error('not now');
    };
    const ann = await world.member('Ann');
    await platform.react(world.question(), ann, '🎉');
    await platform.react(world.question(), ann, '✅');
    expect(await countVotes(store)).toBe(1);
  });

  it('below anything but a question says nothing', async () => {
    const { platform, world, message, store } = await asked();
    const ann = await world.member('Ann');
    await platform.react({ ...message, id: 'another message' }, ann, '✅');
    await platform.react({ ...message, channelId: 'another channel' }, ann, '✅');
    expect(await countVotes(store)).toBe(0);
    expect(platform.told).toEqual([]);
  });

  it('below a withdrawn question says nothing any more', async () => {
    const { platform, world, message, store } = await asked();
    await store.db.updateTable('questions').set({ state: 'withdrawn' }).execute();
    await platform.react(message, await world.member('Ann'), '✅');
    expect(await countVotes(store)).toBe(0);
  });
});

describe('numbers', () => {
  it('say yes to one face and no to the others, and yes to two where there are two', async () => {
    const { platform, world, message, answers } = await asked(3);
    const ann = await world.member('Ann');
    await platform.react(message, ann, '2️⃣');
    expect(await answers(ann)).toEqual(['no', 'yes', 'no']);
    await platform.react(message, ann, '3️⃣');
    expect(await answers(ann)).toEqual(['no', 'yes', 'yes']);
    await platform.takeBack(message, ann, '2️⃣');
    expect(await answers(ann)).toEqual(['no', 'no', 'yes']);
    await platform.takeBack(message, ann, '3️⃣');
    expect(await answers(ann)).toEqual([null, null, null]);
  });

  it('give way to 🚫, and the other way round', async () => {
    const { platform, world, message, answers } = await asked(2);
    const ann = await world.member('Ann');
    await platform.react(message, ann, '1️⃣');
    await platform.react(message, ann, '🚫');
    expect(await answers(ann)).toEqual(['no', 'no']);
    await platform.react(message, ann, '2️⃣');
    expect(await answers(ann)).toEqual(['no', 'yes']);
  });

  it('of faces that are not there say nothing', async () => {
    const { platform, world, message, answers } = await asked(2);
    const ann = await world.member('Ann');
    await platform.react(message, ann, '7️⃣');
    expect(await answers(ann)).toEqual([null, null]);
  });

  it('leave alone what was answered elsewhere about the other faces', async () => {
    const { platform, world, message, answers, projectId, faceIds } = await asked(3);
    const ann = await world.member('Ann');
    await platform.react(message, ann, '1️⃣');
    await castBallot(world.deps, {
      projectId,
      accountId: ann.accountId,
      answers: [{ faceId: faceIds[2] ?? 0, person: 'Q1', answer: 'yes' }],
      questionId: null,
      platform: 'web',
    });
    await platform.react(message, ann, '2️⃣');
    expect(await answers(ann)).toEqual(['yes', 'yes', 'yes']);
  });
});

describe('a batch', () => {
  async function batch(votes_needed = 1) {
    const world = await deskWorld({ votes_needed, maxOpen: 1 });
    const { store, projectId } = world;
    const faceIds: number[] = [];
    for (let i = 0; i < 3; i++) faceIds.push(...(await addPicture(store, projectId)).faceIds);
    await suggest(store, projectId, faceIds);
    await world.open();
    const verdicts = () => Promise.all(faceIds.map((id) => verdictOf(store, projectId, id)));
    return { ...world, world, message: world.question(), faceIds, verdicts };
  }

  it('is accepted as a whole', async () => {
    const { platform, message, verdicts, world } = await batch();
    await platform.react(message, await world.member('Ann'), '✅');
    expect(await verdicts()).toEqual(['match', 'match', 'match']);
  });

  it('is rejected as a whole', async () => {
    const { platform, message, verdicts, world } = await batch();
    await platform.react(message, await world.member('Ann'), '❌');
    expect(await verdicts()).toEqual(['no_match', 'no_match', 'no_match']);
  });

  it('is accepted without the lettered ones, whichever came first, and those are asked one by one', async () => {
    const { platform, message, verdicts, world } = await batch();
    const ann = await world.member('Ann');
    await platform.react(message, ann, '🇧');
    expect(await verdicts()).toEqual(['open', 'open', 'open']);
    await platform.react(message, ann, '✅');
    expect(await verdicts()).toEqual(['match', 'open', 'match']);
    await world.round();
    const [first, second, ...more] = platform.shown();
    expect(more).toEqual([]);
    expect(first?.card.text).toContain('✅ Person Q1: A, C');
    expect(second?.card.title).toBe('Is this Person Q1?');
  });

  it('takes a letter into account that comes after ✅', async () => {
    const { platform, message, verdicts, world } = await batch();
    const ann = await world.member('Ann');
    await platform.react(message, ann, '✅');
    await platform.react(message, ann, '🇨');
    expect(await verdicts()).toEqual(['match', 'match', 'open']);
    await platform.takeBack(message, ann, '🇨');
    expect(await verdicts()).toEqual(['match', 'match', 'match']);
  });
});
