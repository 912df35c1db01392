import { describe, expect, it } from 'vitest';
import { addPicture, answersAbout, asked, countVotes, deskWorld, type World } from '../support/desk.ts';

/** Holds the first call of a method just after the platform has done it, until `go`. */
function hold(world: World, method: 'post' | 'reactions') {
  let go: () => void = () => {};
  let arrived: () => void = () => {};
  const released = new Promise<void>((resolve) => {
    go = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  let isFirst = true;
  world.platform.after = async (called) => {
    if (called !== method || !isFirst) return;
    isFirst = false;
    arrived();
    await released;
  };
  return { go: () => go(), reached };
}

describe('a message that people see before its id is stored', () => {
  /** The question is posted, and the desk has not heard of it. Whatever somebody did has been looked at by then. */
  async function posting() {
    const world = await deskWorld();
    const { faceIds } = await addPicture(world.store, world.projectId);
    const [ann, bob] = [await world.member('Ann'), await world.member('Bob')];
    const held = hold(world, 'post');
    const opening = world.open();
    await held.reached;
    const lookedAt = () => world.platform.say(world.channel.name, bob, 'whoami');
    const end = async () => {
      held.go();
      await opening;
    };
    const answers = async () => (await answersAbout(world.store, faceIds[0] ?? 0))[ann.accountId] ?? null;
    return { ...world, world, message: world.question(), ann, bob, lookedAt, end, answers };
  }

  it('can be answered', async () => {
    const { platform, message, ann, lookedAt, end, answers } = await posting();
    const reacting = platform.react(message, ann, '✅');
    await lookedAt();
    await end();
    await reacting;
    expect(await answers()).toBe('yes');
  });

  it('hears what one person does in its order', async () => {
    const { platform, message, ann, lookedAt, end, answers, store } = await posting();
    const doing = [
      platform.react(message, ann, '✅'),
      platform.takeBack(message, ann, '✅'),
      platform.react(message, ann, '❌'),
      platform.takeBack(message, ann, '❌'),
    ];
    await lookedAt();
    await end();
    await Promise.all(doing);
    expect(await answers()).toBeNull();
    expect(await countVotes(store)).toBe(4);
  });

  it('can be answered by its buttons', async () => {
    const { platform, message, ann, lookedAt, end, answers } = await posting();
    const pressing = platform.press(message, ann, '✅');
    await lookedAt();
    await end();
    await pressing;
    expect(await answers()).toBe('yes');
    expect(platform.toldTo('Ann')).toEqual([{ text: expect.stringContaining('✅') }]);
    expect(platform.toldTo('Ann')[0]?.text).not.toContain('no longer');
  });

  it('holds up nobody, however many wait to see whether it is theirs', async () => {
    const { world, platform, message, lookedAt, end, store } = await posting();
    const people = await Promise.all(Array.from({ length: 8 }, (_, i) => world.member(`Person ${i}`)));
    // Below what others say in the channel; more than are dealt with at one time.
    const reacting = people.map((person, i) =>
      platform.react(i === 0 ? message : { ...message, id: `said ${i}`, reactions: [] }, person, '✅'),
    );
    await lookedAt();
    // Answered while all of them wait.
    expect(platform.toldTo('Bob')).toHaveLength(1);
    await end();
    await Promise.all(reacting);
    expect(await countVotes(store)).toBe(1);
  });

  it('is read when the chat’s answer was lost and it is found there later', async () => {
    const world = await deskWorld();
    const { faceIds } = await addPicture(world.store, world.projectId);
    const ann = await world.member('Ann');
    world.platform.after = (method) => {
      if (method === 'post') throw new Error('the answer is lost');
    };
    await world.open();
    await world.platform.react(world.question(), ann, '✅');
    expect(await countVotes(world.store)).toBe(0);
    world.platform.after = () => {};
    for (let i = 0; i < 3; i++) await world.round();
    expect(Object.values(await answersAbout(world.store, faceIds[0] ?? 0))).toEqual(['yes']);
    expect(world.platform.messages).toHaveLength(1);
  });

  it('is read when the desk before had died and nobody knew of it', async () => {
    const world = await deskWorld();
    const { faceIds } = await addPicture(world.store, world.projectId);
    const ann = await world.member('Ann');
    world.platform.after = (method) => {
      if (method === 'post') throw new Error('killed');
    };
    await world.open();
    await world.close();
    await world.platform.react(world.question(), ann, '✅');
    world.platform.after = () => {};
    await world.open();
    await world.round();
    expect(Object.values(await answersAbout(world.store, faceIds[0] ?? 0))).toEqual(['yes']);
    expect(world.platform.messages).toHaveLength(1);
  });
});

describe('what is taken back while the reactions are read', () => {
  it('is not counted, whatever the chat has answered', async () => {
    const { world, platform, message, store } = await asked();
    const [ann, bob] = [await world.member('Ann'), await world.member('Bob')];
    await world.close();
    await platform.react(message, ann, '✅');
    await platform.react(message, ann, '🤷');
    await platform.react(message, bob, '✅');
    const held = hold(world, 'reactions');
    const opening = world.open();
    await held.reached;
    // The chat has answered that they stand, and the desk has not counted them.
    await platform.takeBack(message, ann, '✅');
    held.go();
    await opening;
    const rows = await store.db.selectFrom('reactions').select(['external_user', 'emoji']).execute();
    expect(rows.map((row) => `${row.external_user} ${row.emoji}`)).toEqual(['Ann 🤷', 'Bob ✅']);
  });

  it('counts when it was given once more', async () => {
    const { world, platform, message, faceIds, store } = await asked();
    const ann = await world.member('Ann');
    await world.close();
    await platform.react(message, ann, '✅');
    const held = hold(world, 'reactions');
    const opening = world.open();
    await held.reached;
    await platform.takeBack(message, ann, '✅');
    await platform.react(message, ann, '✅');
    held.go();
    await opening;
    expect(await answersAbout(store, faceIds[0] ?? 0)).toEqual({ [ann.accountId]: 'yes' });
    expect(await countVotes(store)).toBe(1);
  });

  it('counts when a moderator cleared it', async () => {
    const { world, platform, message, faceIds, store } = await asked();
    const ann = await world.member('Ann');
    await world.close();
    await platform.react(message, ann, '✅');
    const held = hold(world, 'reactions');
    const opening = world.open();
    await held.reached;
    await platform.clear(message, ann, '✅');
    held.go();
    await opening;
    expect(await answersAbout(store, faceIds[0] ?? 0)).toEqual({ [ann.accountId]: 'yes' });
  });
});
