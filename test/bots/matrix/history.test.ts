import { expect, test } from 'vitest';
import type { ReactionEvent } from '../../../src/bots/chat.ts';
import type { Room } from '../../fakes/homeserver/room.ts';
import { type MatrixWorld, matrixWorld, pass } from './world.ts';

const told = (events: readonly ReactionEvent[]) =>
  events.map(({ change, user, emoji }) => [change, user.id.split(':')[0], emoji]);
const pagesOf = (world: MatrixWorld) => world.server.requests.filter((one) => one.path.endsWith('/messages'));

/** What the bot reads of a message, as `@name emoji`. */
async function standing(world: MatrixWorld, room: Room, id: string): Promise<string[] | undefined> {
  const found = await world.chat.reactions(room.id, id);
  return found?.map((one) => `${one.user.id.split(':')[0]} ${one.emoji}`);
}

/** A room with both of them in it, whose syncs show two events at most. */
async function shortSighted(world: MatrixWorld): Promise<Room> {
  const room = await world.room();
  world.alice.invite(room, world.bob.id);
  world.bob.join(room);
  await world.heard();
  world.server.timelineLimit = 2;
  return room;
}

/** While nobody can reach the homeserver, but its people. */
async function away(world: MatrixWorld, happens: () => void): Promise<void> {
  await world.server.down();
  happens();
  await world.clock.sleeping(1_000);
  await world.server.up();
  world.clock.advance(1_000);
}

/** The next process has the same database, but does not know how far the last one had come. */
async function loseThePlace(world: MatrixWorld, meanwhile: () => void = () => {}): Promise<void> {
  await world.chat.stop();
  meanwhile();
  await world.store.db.deleteFrom('matrix_state').where('name', 'like', 'sync%').execute();
  await world.restart();
}

test('what happened in a gap is told in its order: added, taken back, cleared', async () => {
  const world = await matrixWorld();
  const room = await shortSighted(world);
  const id = await world.post(room);
  const [yes, no] = [world.bob.react(room, id, '✅'), world.bob.react(room, id, '❌')];
  await world.until(() => world.reactions.length === 2);
  await away(world, () => {
    world.bob.redact(room, yes);
    world.alice.redact(room, no);
    world.alice.react(room, id, '🤷');
    world.bob.redact(room, world.bob.react(room, id, '🚫'));
    for (let i = 0; i < 5; i++) world.alice.say(room, `talk ${i}`);
    world.bob.react(room, id, '✅');
  });
  await world.until(() => world.reactions.length === 6);
  // Between two people there is no order.
  const of = (name: string) => told(world.reactions).filter(([change, who]) => who === name && change);
  expect(of('@alice')).toEqual([['added', '@alice', '🤷']]);
  expect(of('@bob').slice(2).toSorted()).toEqual([
    ['added', '@bob', '✅'],
    ['cleared', '@bob', '❌'],
    ['taken_back', '@bob', '✅'],
  ]);
  expect(of('@bob').findIndex(([change]) => change === 'taken_back')).toBeLessThan(
    of('@bob').findLastIndex(([change]) => change === 'added'),
  );
  expect((await standing(world, room, id))?.toSorted()).toEqual(['@alice 🤷', '@bob ✅']);
  // Nobody has to read the posts again.
  expect(world.gaps).toBe(0);
});

test('a gap of many pages is read to its beginning, and no further', async () => {
  const world = await matrixWorld();
  const room = await shortSighted(world);
  const id = await world.post(room);
  const before = world.alice.react(room, id, 'before');
  await world.until(() => world.reactions.length === 1);
  await world.heard();
  const keys = Array.from({ length: 250 }, (_, i) => `key ${i}`);
  await away(world, () => {
    for (const key of keys) world.alice.react(room, id, key);
  });
  await world.until(() => world.reactions.length === 251);
  expect(world.reactions.map((one) => one.emoji)).toEqual(['before', ...keys]);
  // Three with something in them, and one that says that there is no more.
  expect(pagesOf(world)).toHaveLength(4);
  expect(JSON.stringify(pagesOf(world).map((one) => one.response))).not.toContain(before);
});

test('a gap whose beginning was deleted from the homeserver gives what is left of it', async () => {
  const world = await matrixWorld();
  const room = await shortSighted(world);
  const id = await world.post(room);
  await away(world, () => {
    world.alice.react(room, id, '✅');
    world.server.historyFrom = world.server.position;
    world.alice.react(room, id, '❌');
    for (let i = 0; i < 3; i++) world.alice.say(room, `talk ${i}`);
  });
  await world.until(() => world.reactions.length === 1);
  expect(await standing(world, room, id)).toEqual(['@alice ❌']);
});

test('a message that was deleted in a gap is gone', async () => {
  const world = await matrixWorld();
  const room = await shortSighted(world);
  const [id, other] = [await world.post(room), await world.post(room, { title: 'And this?' }, 'post-2')];
  await away(world, () => {
    world.alice.redact(room, id);
    for (let i = 0; i < 5; i++) world.alice.say(room, `talk ${i}`);
  });
  await world.until(() => world.gaps === 1);
  expect(await standing(world, room, id)).toBeUndefined();
  expect(await standing(world, room, other)).toEqual([]);
});

test('while the homeserver breaks down over a gap the place is kept, and the gap is read later', async () => {
  const world = await matrixWorld();
  const room = await shortSighted(world);
  const id = await world.post(room);
  world.server.fail({ method: 'GET', path: /\/messages$/, how: 502, times: 5 });
  await away(world, () => {
    for (const key of ['✅', '❌', '🤷']) world.alice.react(room, id, key);
  });
  for (const ms of [1_000, 2_000, 4_000, 2_000, 1_000]) await pass(world, ms);
  await world.until(() => world.reactions.length === 3);
  expect(world.gaps).toBe(0);
});

test('a gap that the homeserver does not give is read from the room when somebody asks for a post', async () => {
  const world = await matrixWorld();
  const room = await shortSighted(world);
  const id = await world.post(room);
  world.server.fail({ method: 'GET', path: /\/messages$/, how: 403 });
  await away(world, () => {
    for (const key of ['✅', '❌', '🤷']) world.alice.react(room, id, key);
  });
  await world.until(() => world.gaps === 1);
  expect((await standing(world, room, id))?.toSorted()).toEqual(['@alice ✅', '@alice ❌', '@alice 🤷']);
  const asked = pagesOf(world).length;
  // To its beginning, which was to be told: now the memory is whole again.
  expect(await standing(world, room, id)).toHaveLength(3);
  expect(pagesOf(world)).toHaveLength(asked);
});

test('a doubt about a room outlives the process', async () => {
  const world = await matrixWorld();
  const room = await shortSighted(world);
  const id = await world.post(room);
  world.server.fail({ method: 'GET', path: /\/messages$/, how: 403 });
  await away(world, () => {
    for (const key of ['✅', '❌', '🤷']) world.alice.react(room, id, key);
  });
  await world.until(() => world.gaps === 1);
  await world.restart();
  expect(await standing(world, room, id)).toHaveLength(3);
  await world.restart();
  const asked = pagesOf(world).length;
  expect(await standing(world, room, id)).toHaveLength(3);
  expect(pagesOf(world)).toHaveLength(asked);
});

test('where the place was lost, posts are read a hundred reactions at a time, the oldest first', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.alice.invite(room, world.bob.id);
  world.bob.join(room);
  const id = await world.post(room);
  await world.chat.seed(room.id, id, ['✅', '❌']);
  const keys = Array.from({ length: 250 }, (_, i) => `key ${i}`);
  await loseThePlace(world, () => {
    for (const key of keys) world.alice.react(room, id, key);
    world.bob.send(room, 'm.reaction', {});
    world.bob.redact(room, world.bob.react(room, id, '✅'));
    world.bob.react(room, id, '❌');
  });
  expect(await standing(world, room, id)).toEqual([...keys.map((key) => `@alice ${key}`), '@bob ❌']);
  expect(pagesOf(world)).toHaveLength(4);
});

test('a room is read back to the oldest post that is asked for, and not to its beginning', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const old = await world.post(room);
  for (let i = 0; i < 300; i++) world.alice.react(room, old, `old ${i}`);
  await world.until(() => world.reactions.length === 300);
  world.clock.advance(5 * 24 * 60 * 60_000);
  const id = await world.post(room, { title: 'And this?' }, 'post-2');
  const before = pagesOf(world).length;
  await loseThePlace(world, () => void world.alice.react(room, id, '✅'));
  expect(await standing(world, room, id)).toEqual(['@alice ✅']);
  const asked = pagesOf(world).length;
  expect(asked - before).toBe(2);
  expect(await standing(world, room, id)).toHaveLength(1);
  expect(pagesOf(world)).toHaveLength(asked);
  // The older one is read when it is asked for.
  expect(await standing(world, room, old)).toHaveLength(300);
  expect(pagesOf(world).length).toBeGreaterThan(asked);
});

test('one taken back while the room is read is not read as standing', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  const yes = world.alice.react(room, id, '✅');
  await world.until(() => world.reactions.length === 1);
  await loseThePlace(world);
  world.server.fail({ method: 'GET', path: /\/messages$/, how: 'hold' });
  const read = standing(world, room, id);
  await world.server.until(() => world.server.held() === 1);
  world.alice.redact(room, yes);
  await world.until(() => world.reactions.length === 2);
  // The next event of hers comes when the one before is dealt with.
  world.alice.react(room, id, '🏁');
  await world.until(() => world.reactions.length === 3);
  world.server.release();
  expect(await read).toEqual(['@alice 🏁']);
});

test('who taken out of a room comes back sees what was done below its posts', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.alice.invite(room, world.bob.id);
  world.bob.join(room);
  const id = await world.post(room);
  await world.heard();
  world.server.timelineLimit = 1;
  world.alice.kick(room);
  await world.heard();
  const yes = world.bob.react(room, id, '✅');
  world.alice.invite(room);
  await world.until(() => world.gaps === 1);
  expect(await world.chat.reactions(room.id, id)).toMatchObject([{ emoji: '✅', eventId: yes }]);
  // One that was only read can be taken back as well.
  world.bob.redact(room, yes);
  await world.until(() => world.reactions.length === 1);
  expect(told(world.reactions)).toEqual([['taken_back', '@bob', '✅']]);
});

test('reactions below a message that nobody knew of are read before it is known', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.server.fail({ method: 'PUT', path: /m\.room\.message/, how: 'lose' });
  const posting = world.post(room);
  await world.clock.sleeping(1_000);
  const id = room.events.findLast((event) => event.type === 'm.room.message')?.eventId ?? '';
  world.alice.react(room, id, '✅');
  await world.heard();
  world.clock.advance(1_000);
  expect(await posting).toBe(id);
  await world.until(() => world.gaps === 1);
  expect(await standing(world, room, id)).toEqual(['@alice ✅']);
});

test('what could not be handled although it was tried for long is read again', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  world.onReaction = () => Promise.reject(new Error('the database is away'));
  world.alice.react(room, id, '✅');
  for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000]) await pass(world, ms);
  await world.until(() => world.gaps === 1);
  expect(await standing(world, room, id)).toEqual(['@alice ✅']);
});
