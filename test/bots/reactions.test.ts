import { describe, expect, it } from 'vitest';
import { confirmLink } from '../../src/core/accounts/linking.ts';
import { castBallot } from '../../src/core/review/votes.ts';
import {
  addPicture,
  answersAbout,
  countVotes,
  deskWorld,
  linkUser,
  type Person,
  suggest,
  verdictOf,
  visitor,
  type World,
} from '../support/desk.ts';
import type { FakeMessage } from '../support/fake-chat.ts';
import { addAccount, addMember } from '../support/people.ts';

const HINT_LINK = /not linked to a Wikimedia account/;
const HINT_MEMBER = /not a member of this project, or your account is blocked/;

/** A desk with one question up. */
async function asked(faces = 1, given: Parameters<typeof deskWorld>[0] = {}) {
  const world = await deskWorld(given);
  const { faceIds } = await addPicture(world.store, world.projectId, faces);
  await world.open();
  const answers = async (person: Person) => {
    const all = await Promise.all(faceIds.map((id) => answersAbout(world.store, id)));
    return all.map((one) => one[person.accountId] ?? null);
  };
  return { ...world, world, message: world.question(), faceIds, answers };
}

/** A one-time link that the account confirms on the web, as the chat user asked for it. */
async function linkOnTheWeb(world: World, userId: string, accountId: number): Promise<void> {
  await world.platform.say(null, visitor(userId), 'link');
  const url = world.platform.toldTo(userId).at(-1)?.links?.[0]?.url ?? '';
  await confirmLink(world.deps, url.slice(url.lastIndexOf('/') + 1), accountId);
}

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
    expect(await reactionRows(world)).toBe(1);
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

describe('somebody who is not linked', () => {
  it('gets one private hint a day, and no vote', async () => {
    const { platform, world, message, store, clock } = await asked();
    const zoe = visitor('Zoe');
    await platform.react(message, zoe, '✅');
    await platform.react(message, zoe, '🤷');
    await platform.takeBack(message, zoe, '🤷');
    expect(await countVotes(store)).toBe(0);
    expect(platform.toldTo('Zoe').map((card) => card.text)).toEqual([expect.stringMatching(HINT_LINK)]);
    clock.advance(24 * 60 * 60_000 - 1);
    await platform.react(message, zoe, '❌');
    expect(platform.toldTo('Zoe')).toHaveLength(1);
    clock.advance(1);
    await platform.react(message, zoe, '🤷');
    expect(platform.toldTo('Zoe')).toHaveLength(2);
    await platform.react(message, visitor('Yan'), '✅');
    expect(platform.toldTo('Yan')).toHaveLength(1);
    await world.round();
  });

  it('who says nothing gets no hint', async () => {
    const { platform, message } = await asked();
    await platform.react(message, visitor('Zoe'), '🎉');
    expect(platform.told).toEqual([]);
  });

  it('votes with what they left below open questions as soon as they are linked', async () => {
    const { platform, world, message, store, faceIds, projectId } = await asked(3);
    const zoe = visitor('Zoe');
    for (const emoji of ['1️⃣', '2️⃣', '3️⃣']) await platform.react(message, zoe, emoji);
    await platform.takeBack(message, zoe, '3️⃣');
    const accountId = await addMember(store, projectId);
    await linkOnTheWeb(world, 'Zoe', accountId);
    await world.round();
    const given = await Promise.all(faceIds.map((id) => answersAbout(store, id)));
    expect(given.map((one) => one[accountId])).toEqual(['yes', 'yes', 'no']);
    expect(await countVotes(store)).toBe(3);
    const { username } = await store.db
      .selectFrom('account_profiles')
      .select('username')
      .where('account_id', '=', accountId)
      .executeTakeFirstOrThrow();
    expect(platform.toldTo('Zoe').at(-1)?.text).toContain(`linked to the Wikimedia account ${username}`);
    const told = platform.toldTo('Zoe').length;
    await world.round();
    expect(platform.toldTo('Zoe')).toHaveLength(told);
    // And from then on like anybody else.
    await platform.takeBack(message, zoe, '1️⃣');
    expect((await answersAbout(store, faceIds[0] ?? 0))[accountId]).toBe('no');
  });

  it('votes with them even when no private message reaches them', async () => {
    const { platform, world, message, store, faceIds, projectId } = await asked();
    platform.before = (method) => {
      if (method === 'tell') throw new Error('takes no private messages');
    };
    await platform.react(message, visitor('Zoe'), '✅');
    await platform.react(message, visitor('Yan'), '❌');
    const accounts = [await addMember(store, projectId), await addMember(store, projectId)];
    await linkOnTheWeb(world, 'Zoe', accounts[0] ?? 0);
    await linkOnTheWeb(world, 'Yan', accounts[1] ?? 0);
    await world.round();
    expect(Object.values(await answersAbout(store, faceIds[0] ?? 0))).toEqual(['yes', 'no']);
  });
});

describe('somebody who is linked', () => {
  it('and no member gets a hint, and no vote', async () => {
    const { platform, message, store } = await asked();
    await linkUser(store, await addAccount(store), 'Zoe');
    await platform.react(message, visitor('Zoe'), '✅');
    expect(await countVotes(store)).toBe(0);
    expect(platform.toldTo('Zoe').map((card) => card.text)).toEqual([expect.stringMatching(HINT_MEMBER)]);
  });

  it('and blocked on the wiki has no vote', async () => {
    const { platform, world, message, store } = await asked();
    await platform.react(message, await world.member('Ann', { blocked: true }), '✅');
    expect(await countVotes(store)).toBe(0);
    expect(platform.toldTo('Ann')).toHaveLength(1);
  });

  it('joins an open project by answering', async () => {
    const { platform, message, store, projectId } = await asked(1, { open: 1 });
    const accountId = await addAccount(store);
    await linkUser(store, accountId, 'Zoe');
    await platform.react(message, visitor('Zoe'), '✅');
    expect(await countVotes(store)).toBe(1);
    expect(platform.told).toEqual([]);
    expect(
      await store.db
        .selectFrom('project_members')
        .select(['role', 'status'])
        .where('project_id', '=', projectId)
        .where('account_id', '=', accountId)
        .executeTakeFirst(),
    ).toEqual({ role: 'member', status: 'active' });
  });

  it('and banned from an open project stays out', async () => {
    const { platform, message, store, projectId } = await asked(1, { open: 1 });
    await linkUser(store, await addMember(store, projectId, { status: 'banned' }), 'Zoe');
    await platform.react(message, visitor('Zoe'), '✅');
    expect(await countVotes(store)).toBe(0);
  });

  it('under two chat names has one vote', async () => {
    const { platform, world, message, store, projectId, faceIds } = await asked();
    const ann = await world.member('Ann');
    await linkUser(store, ann.accountId, 'Ann elsewhere');
    await platform.react(message, ann, '✅');
    await platform.react(message, visitor('Ann elsewhere'), '✅');
    expect(await countVotes(store)).toBe(1);
    expect(await verdictOf(store, projectId, faceIds[0] ?? 0)).toBe('open');
    await platform.react(message, visitor('Ann elsewhere'), '❌');
    expect(Object.values(await answersAbout(store, faceIds[0] ?? 0))).toEqual(['no']);
  });
});

it('does not lose a vote when it dies in the middle of counting it', async () => {
  const world = await deskWorld();
  const { faceIds } = await addPicture(world.store, world.projectId);
  const ann = await world.member('Ann');
  const dying = { ...world.store };
  const desk = await world.open({ store: dying });
  const message = world.question();
  dying.transaction = () => Promise.reject(new Error('killed'));
  await world.platform.react(message, ann, '✅');
  expect(await countVotes(world.store)).toBe(0);
  await desk.stop();
  await world.open();
  expect(Object.values(await answersAbout(world.store, faceIds[0] ?? 0))).toEqual(['yes']);
});

describe('after a restart', () => {
  it('posts nothing twice', async () => {
    const world = await deskWorld();
    for (let i = 0; i < 5; i++) await addPicture(world.store, world.projectId);
    const desk = await world.open();
    const before = world.platform.shown().map(({ id }) => id);
    expect(before).toHaveLength(3);
    await desk.stop();
    await world.open();
    await world.round();
    expect(world.platform.shown().map(({ id }) => id)).toEqual(before);
    expect(world.platform.messages).toHaveLength(3);
  });

  it('reads the reactions that came meanwhile, once; missing ones change nothing', async () => {
    const { platform, world, message, store, faceIds } = await asked();
    // A second desk takes over from the first one below, after it has ended.
    const [ann, bob, cleo] = [
      await world.member('Ann'),
      await world.member('Bob'),
      await world.member('Cleo'),
    ];
    await platform.react(message, ann, '✅');
    await platform.react(message, cleo, '🤷');
    await restartWith(world, async () => {
      await platform.takeBack(message, ann, '✅');
      await platform.react(message, ann, '❌');
      await platform.takeBack(message, cleo, '🤷');
      await platform.react(message, bob, '❌');
    });
    const answers = await answersAbout(store, faceIds[0] ?? 0);
    expect(answers).toEqual({
      [ann.accountId]: 'no',
      [bob.accountId]: 'no',
      [cleo.accountId]: 'unsure',
    });
    const votes = await countVotes(store);
    await restartWith(world, async () => {});
    expect(await countVotes(store)).toBe(votes);
    expect(platform.shown()).toHaveLength(1);
  });

  it('asks anew about a question whose message was deleted', async () => {
    const { platform, world, message } = await asked();
    await restartWith(world, async () => platform.delete(message));
    const again = world.question();
    expect(again.id).not.toBe(message.id);
    expect(again.card.title).toBe(message.card.title);
    expect(again.seeds).toEqual(message.seeds);
  });

  it('reads the other posts when one cannot be read, and that one as soon as it can', async () => {
    const world = await deskWorld();
    for (let i = 0; i < 3; i++) await addPicture(world.store, world.projectId);
    const desk = await world.open();
    const ann = await world.member('Ann');
    await desk.stop();
    const posts = world.platform.shown();
    for (const post of posts) await world.platform.react(post, ann, '✅');
    world.platform.before = (method, target) => {
      if (method === 'reactions' && target === posts[0]?.id) throw new Error('no answer');
    };
    await world.open();
    expect(await countVotes(world.store)).toBe(2);
    world.platform.before = () => {};
    await world.round();
    expect(await countVotes(world.store)).toBe(3);
  });

  it('finds the message again that it had posted without remembering it', async () => {
    const world = await deskWorld({ votes_needed: 1 });
    await addPicture(world.store, world.projectId);
    world.platform.after = (method) => {
      if (method === 'post') throw new Error('killed');
    };
    const desk = await world.open();
    await desk.stop();
    expect(world.question().seeds).toEqual([]);
    world.platform.after = () => {};
    await world.open();
    expect(world.platform.messages).toHaveLength(1);
    expect(world.question().seeds).toEqual(['✅', '❌', '🤷']);
    await world.platform.react(world.question(), await world.member('Ann'), '✅');
    await world.round();
    expect(world.question().card.text).toContain('This is Person Q1');
  });
});

it('asks anew when an edit finds that the message was deleted', async () => {
  const { platform, world, message } = await asked(3, { votes_needed: 1 });
  await platform.react(message, await world.member('Ann'), '1️⃣');
  platform.delete(message);
  await world.round();
  await world.round();
  const post = await world.store.db.selectFrom('posts').select('state').executeTakeFirstOrThrow();
  expect(post.state).toBe('gone');
  expect(platform.calls.filter((call) => call === `edit ${message.id}`)).toHaveLength(1);
});

describe('two desks on one platform', () => {
  it('are connected one at a time; the other takes over when the first one ends', async () => {
    const world = await deskWorld();
    for (let i = 0; i < 2; i++) await addPicture(world.store, world.projectId);
    const first = await world.open();
    await world.open({ workerId: 'desk two' });
    for (let i = 0; i < 10; i++) await world.round(2);
    expect(world.platform.connected).toBe(1);
    expect(world.platform.messages).toHaveLength(2);
    await first.stop();
    await world.round();
    expect(world.platform.connected).toBe(1);
    const [message] = world.platform.shown();
    if (!message) throw new Error('nothing asked');
    await world.platform.react(message, await world.member('Ann'), '✅');
    expect(await countVotes(world.store)).toBe(1);
    expect(world.platform.messages).toHaveLength(2);
  });

  it('stay one at a time while the first one waits for a picture for minutes', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    let arrive: () => void = () => {};
    const slow = {
      download: (url: string) =>
        new Promise<Uint8Array>((resolve) => {
          arrive = () => resolve(Buffer.from(url));
        }),
    };
    const desk = world.open({ pictures: slow });
    await world.clock.sleeping(10_000);
    const second = world.open({ workerId: 'desk two' });
    await second;
    for (let i = 0; i < 30; i++) {
      world.clock.advance(5_000);
      await world.clock.sleeping(5_000);
      await world.clock.sleeping(10_000);
    }
    expect(world.platform.connected).toBe(1);
    arrive();
    await desk;
    await world.round(2);
    expect(world.platform.messages).toHaveLength(1);
  });

  it('lets go of the platform when its lease was taken', async () => {
    const world = await deskWorld();
    await world.open();
    expect(world.platform.connected).toBe(1);
    await world.store.db
      .updateTable('leases')
      .set((eb) => ({ owner: 'somebody else', fence: eb('fence', '+', 1) }))
      .where('name', '=', 'chat room')
      .execute();
    await world.round();
    await world.round();
    await world.round();
    expect(world.platform.connected).toBe(0);
  });
});

async function reactionRows(world: World): Promise<number> {
  return (await world.store.db.selectFrom('reactions').select('id').execute()).length;
}

/** Everything between the end of one desk and the start of the next one. */
async function restartWith(world: World, meanwhile: () => Promise<void>): Promise<FakeMessage[]> {
  await world.close();
  await meanwhile();
  await world.open();
  return world.platform.shown();
}
