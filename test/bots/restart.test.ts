import { describe, expect, it } from 'vitest';
import { createDesk, type Desk } from '../../src/bots/desk.ts';
import {
  addPicture,
  answersAbout,
  asked,
  countVotes,
  deskWorld,
  heldClock,
  type World,
} from '../support/desk.ts';
import type { FakeMessage } from '../support/fake-chat.ts';

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

/** How the lease of a platform is kept and waited for. */
const RENEW_MS = 1_500;
const STAND_BY_MS = 2_000;

describe('two desks on one platform', () => {
  it('are connected one at a time; the other takes over when the first one ends', async () => {
    const world = await deskWorld();
    for (let i = 0; i < 2; i++) await addPicture(world.store, world.projectId);
    const first = await world.open();
    await world.open({ workerId: 'desk two' });
    for (let i = 0; i < 10; i++) await world.round();
    expect(world.platform.connected).toBe(1);
    expect(world.platform.messages).toHaveLength(2);
    await first.stop();
    await world.clock.sleeping(STAND_BY_MS);
    world.clock.advance(STAND_BY_MS);
    await world.clock.sleeping(5_000);
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
    await world.clock.sleeping(RENEW_MS);
    const second = await standBy(world);
    for (let i = 0; i < 30; i++) {
      world.clock.advance(STAND_BY_MS);
      await world.clock.sleeping(STAND_BY_MS);
      await world.clock.sleeping(RENEW_MS);
    }
    expect(world.platform.connected).toBe(1);
    arrive();
    await desk;
    await world.round();
    expect(world.platform.messages).toHaveLength(1);
    await second.stop();
  });

  it('change places within 15 seconds when the first one dies', async () => {
    const world = await deskWorld();
    const { faceIds } = await addPicture(world.store, world.projectId);
    // The clock of a process that died stands still: it renews nothing more.
    const dead = heldClock(world.clock.now());
    const dying = createDesk({ ...world.deps, clock: dead }, world.platform.connect());
    await dying.start();
    await dead.sleeping(5_000);
    const second = await standBy(world);
    expect(world.platform.connected).toBe(1);
    for (let waited = 0; waited < 12_000; waited += STAND_BY_MS) {
      world.clock.advance(STAND_BY_MS);
      await Promise.race([world.clock.sleeping(STAND_BY_MS), world.clock.sleeping(RENEW_MS)]);
    }
    await expect.poll(() => world.platform.connected).toBe(2);
    await world.clock.sleeping(5_000);
    expect(world.platform.messages).toHaveLength(1);

    // The dead one wakes up. Both hear of a button that is pressed; pressed twice it would mean nothing.
    dead.advance(world.clock.now() - dead.now());
    const ann = await world.member('Ann');
    await world.platform.press(world.question(), ann, '✅');
    expect(Object.values(await answersAbout(world.store, faceIds[0] ?? 0))).toEqual(['yes']);
    await expect.poll(() => world.platform.connected).toBe(1);
    await Promise.all([dying.stop(), second.stop()]);
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
    world.clock.advance(RENEW_MS);
    await world.clock.sleeping(STAND_BY_MS);
    expect(world.platform.connected).toBe(0);
  });
});

/** A second desk, which waits for the first one's end. */
async function standBy({ deps, platform, clock }: World): Promise<Desk> {
  const desk = createDesk({ ...deps, workerId: 'desk two' }, platform.connect());
  await desk.start();
  await clock.sleeping(STAND_BY_MS);
  return desk;
}

/** Everything between the end of one desk and the start of the next one. */
async function restartWith(world: World, meanwhile: () => Promise<void>): Promise<FakeMessage[]> {
  await world.close();
  await meanwhile();
  await world.open();
  return world.platform.shown();
}
