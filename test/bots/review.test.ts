import { describe, expect, it } from 'vitest';
import { castBallot } from '../../src/core/review/votes.ts';
import {
  addPicture,
  anotherChannel,
  countVotes,
  deskWorld,
  nth,
  numberOf,
  type Person,
  verdictOf,
  type World,
} from '../support/desk.ts';

const DAY_MS = 24 * 60 * 60_000;

async function anotherPerson(world: World, person = 'Q2'): Promise<void> {
  await world.store.db
    .insertInto('project_persons')
    .values({
      project_id: world.projectId,
      person,
      label: `Person ${person}`,
      description: '',
      portrait_title: null,
      portrait_url: null,
      position: 1,
    })
    .execute();
}

describe('somebody else', () => {
  async function severalPersons(faces = 1) {
    const world = await deskWorld({ votes_needed: 1 });
    await anotherPerson(world);
    const { faceIds } = await addPicture(world.store, world.projectId, faces);
    await world.open();
    const said = async (person: Person) => {
      const rows = await world.store.db
        .selectFrom('votes')
        .select(['face_id', 'person', 'answer'])
        .where('account_id', '=', person.accountId)
        .orderBy('id')
        .execute();
      const latest = new Map(
        rows.map((row) => [`${faceIds.indexOf(row.face_id)} ${row.person}`, row.answer]),
      );
      return Object.fromEntries(latest);
    };
    return { ...world, world, message: world.question(), said };
  }

  it('is offered where the project looks for several persons, and says no for all of them', async () => {
    const { world, platform, message, said } = await severalPersons();
    expect(message.seeds).toEqual(['✅', '❌', '👤', '🤷']);
    expect(message.card.text).toContain('👤 somebody else, nobody of this project');
    const ann = await world.member('Ann');
    await platform.react(message, ann, '👤');
    expect(await said(ann)).toEqual({ '0 Q1': 'no', '0 Q2': 'no' });
    await world.round();
    // Nobody is left to ask about this face.
    expect(platform.shown()).toHaveLength(1);
  });

  it('is taken back for all of them, and gives way to what comes after it', async () => {
    const { world, platform, message, said } = await severalPersons(2);
    const ann = await world.member('Ann');
    await platform.react(message, ann, '👤');
    expect(await said(ann)).toEqual({ '0 Q1': 'no', '0 Q2': 'no', '1 Q1': 'no', '1 Q2': 'no' });
    await platform.react(message, ann, '1️⃣');
    expect(await said(ann)).toEqual({ '0 Q1': 'yes', '0 Q2': null, '1 Q1': 'no', '1 Q2': null });
    await platform.takeBack(message, ann, '1️⃣');
    await platform.takeBack(message, ann, '👤');
    expect(new Set(Object.values(await said(ann)))).toEqual(new Set([null]));
  });

  it('moves on to the next person after a plain no', async () => {
    const { world, platform, message } = await severalPersons();
    await platform.react(message, await world.member('Ann'), '❌');
    await world.round();
    expect(platform.shown().map((one) => one.card.title)).toEqual([
      'Is this Person Q1?',
      'Is this Person Q2?',
    ]);
  });

  it('is not offered where there is one person', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    await world.open();
    expect(world.question().seeds).toEqual(['✅', '❌', '🤷']);
    expect(world.question().card.text).not.toContain('👤');
  });
});

describe('a check', () => {
  /** Ten faces are decided, and the next question is a check. */
  async function checking() {
    const world = await deskWorld({ votes_needed: 1, maxOpen: 1 });
    const { store, projectId } = world;
    await store.db.updateTable('projects').set({ check_every: 2 }).execute();
    const voter = await world.member('Vera');
    for (let i = 0; i < 10; i++) {
      const { faceIds } = await addPicture(store, projectId);
      await castBallot(world.deps, {
        projectId,
        accountId: voter.accountId,
        answers: faceIds.map((faceId) => ({ faceId, person: 'Q1', answer: 'no' as const })),
        questionId: null,
        platform: 'web',
      });
    }
    for (let i = 0; i < 2; i++) await addPicture(store, projectId);
    await world.open();
    const ordinary = world.question();
    const words = { ...ordinary.card };
    await world.platform.react(ordinary, await world.member('Ann'), '❌');
    await world.round();
    return { ...world, world, ordinary: words, message: nth(world.platform.shown(), 1) };
  }

  it('looks like any other question, and says what it was when it is closed', async () => {
    const { world, platform, store, ordinary, message } = await checking();
    expect(message.card.title).toBe(ordinary.title);
    expect(message.card.text).toBe(ordinary.text);
    expect(message.seeds).toEqual(['✅', '❌', '🤷']);
    const votes = await countVotes(store);
    await platform.react(message, await world.member('Bob'), '✅');
    await world.round();
    expect(message.card.text).toBe(
      'This was a check: people had decided it before.\n❌ This is not Person Q1.',
    );
    expect(await countVotes(store)).toBe(votes);
    const given = await store.db
      .selectFrom('check_answers')
      .select(['expected', 'answer'])
      .executeTakeFirstOrThrow();
    expect(given).toEqual({ expected: 'no', answer: 'yes' });
  });

  it('is closed after a day without answers', async () => {
    const { world, clock, message } = await checking();
    clock.advance(DAY_MS);
    await world.round();
    await world.round();
    expect(message.card.text).toContain('This was a check');
  });
});

describe('a channel for disputes', () => {
  async function disputing() {
    const world = await deskWorld();
    const { faceIds } = await addPicture(world.store, world.projectId);
    await addPicture(world.store, world.projectId);
    await world.open();
    const owner = await world.member('Olga', { role: 'owner' });
    await world.platform.say('disputes', owner, `setup ${world.projectId} disputes`, {
      mayManageChannel: true,
    });
    await world.round();
    return { ...world, world, owner, faceId: nth(faceIds, 0) };
  }

  it('is set up by a word, and shows nothing else', async () => {
    const { world, platform, owner } = await disputing();
    expect(platform.shown('disputes').map((message) => message.card.text)).toEqual([
      expect.stringContaining('Disputes of the project “A project” come to this channel, for its owners'),
    ]);
    expect(platform.shown(world.channel.name)).toHaveLength(2);
    await platform.say('new', owner, `setup ${world.projectId} nonsense`, { mayManageChannel: true });
    expect(platform.toldTo('Olga').at(-1)?.text).toContain('“!visavis setup NUMBER disputes”');
  });

  it('shows what members do not agree about, and there the answer of an owner decides', async () => {
    const { world, platform, owner, faceId, store, projectId } = await disputing();
    const [question] = platform.shown(world.channel.name);
    if (!question) throw new Error('nothing asked');
    await platform.react(question, await world.member('Ann'), '✅');
    await platform.react(question, await world.member('Bob'), '❌');
    expect(await verdictOf(store, projectId, faceId)).toBe('disputed');
    await world.round();
    const dispute = nth(platform.shown('disputes'), 1);
    expect(dispute.card.title).toBe('Is this Person Q1?');
    expect(dispute.card.text).toContain('⚖️ Members disagree. The answer of an owner decides.');
    expect(dispute.card.text).toContain('Yes: Ann · No: Bob');
    await platform.react(dispute, await world.member('Cleo'), '❌');
    expect(await verdictOf(store, projectId, faceId)).toBe('disputed');
    await platform.react(dispute, owner, '✅');
    expect(await verdictOf(store, projectId, faceId)).toBe('match');
    await world.round();
    expect(dispute.card.text).toContain('✅ This is Person Q1.');
    expect(question.card.text).toContain('✅ This is Person Q1.');
    await world.round();
    expect(platform.shown('disputes')).toHaveLength(2);
  });
});

it('a question that is decided anywhere is closed everywhere, and every post says so', async () => {
  const world = await deskWorld();
  const { faceIds } = await addPicture(world.store, world.projectId);
  await world.open();
  const here = world.question();
  const there = await anotherChannel(world);
  const row = await world.store.db
    .selectFrom('channels')
    .select('id')
    .where('external_id', '=', there)
    .executeTakeFirstOrThrow();
  await world.store.db
    .insertInto('posts')
    .values({
      question_id: numberOf(here),
      channel_id: row.id,
      state: 'waiting',
      external_id: null,
      created_at: 0,
      posted_at: null,
    })
    .execute();
  await world.round();
  const [ann, bob] = [await world.member('Ann'), await world.member('Bob')];
  await world.platform.react(here, ann, '✅');
  const [other] = world.platform.shown(there);
  if (!other) throw new Error('nothing there');
  // The same person below another post is the same voice.
  await world.platform.react(other, ann, '✅');
  expect(await verdictOf(world.store, world.projectId, nth(faceIds, 0))).toBe('open');
  await castBallot(world.deps, {
    projectId: world.projectId,
    accountId: bob.accountId,
    answers: [{ faceId: nth(faceIds, 0), person: 'Q1', answer: 'yes' }],
    questionId: null,
    platform: 'web',
  });
  await world.round();
  for (const message of [here, other]) expect(message.card.text).toBe('✅ This is Person Q1.\nYes: Ann, Bob');
});

it('status says why a project has paused itself', async () => {
  const world = await deskWorld();
  await world.open();
  await world.store.db.updateTable('projects').set({ state: 'paused', paused_reason: 'reverted' }).execute();
  await world.platform.say(world.channel.name, await world.member('Ann'), 'status');
  expect(world.platform.shown().at(-1)?.card.text).toMatch(/^The project has paused itself, because others/);
});
