import { expect, test } from 'vitest';
import type { ReactionEvent } from '../../../src/bots/chat.ts';
import { readEvent } from '../../../src/bots/matrix/incoming.ts';
import { type MatrixWorld, matrixWorld } from './world.ts';

const told = (events: readonly ReactionEvent[]) =>
  events.map(({ change, user, emoji }) => [change, user.id.split(':')[0], emoji]);

/** Events come in order: when the bot has heard of this one, it has dealt with all before. */
async function marked(world: MatrixWorld, roomId: string, eventId: string): Promise<void> {
  world.alice.react(world.server.room(roomId), eventId, '🏁');
  await world.until(() => world.reactions.some((one) => one.emoji === '🏁'));
}

for (const version of ['10', '11', '12'] as const)
  test(`added, taken back by the voter, cleared by a moderator: version ${version}`, async () => {
    const world = await matrixWorld();
    const room = await world.room({ version });
    world.alice.invite(room, world.bob.id);
    world.bob.join(room);
    const id = await world.post(room);
    const yes = world.bob.react(room, id, '✅');
    const no = world.bob.react(room, id, '❌');
    await world.until(() => world.reactions.length === 2);
    world.bob.redact(room, yes);
    world.alice.redact(room, no);
    await world.until(() => world.reactions.length === 4);
    expect(told(world.reactions)).toEqual([
      ['added', '@bob', '✅'],
      ['added', '@bob', '❌'],
      ['taken_back', '@bob', '✅'],
      ['cleared', '@bob', '❌'],
    ]);
    expect(world.reactions[0]).toMatchObject({ channelId: room.id, messageId: id, eventId: yes });
  });

test('what is no reaction to one of our messages is none of our business', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const other = await world.room();
  const id = await world.post(room);
  const talk = world.alice.say(room, 'hello');
  const relation = { rel_type: 'm.annotation', event_id: id };
  for (const content of [
    {},
    { 'm.relates_to': 'no' },
    { 'm.relates_to': null },
    { 'm.relates_to': { ...relation, key: 7 } },
    { 'm.relates_to': { ...relation, key: 'x'.repeat(101) } },
    { 'm.relates_to': { ...relation, rel_type: 'm.reference', key: '✅' } },
    { 'm.relates_to': { rel_type: 'm.annotation', event_id: { a: 1 }, key: '✅' } },
    { 'm.relates_to': { rel_type: 'm.annotation', event_id: talk, key: '✅' } },
  ])
    world.alice.send(room, 'm.reaction', content);
  world.alice.send(other, 'm.reaction', { 'm.relates_to': { ...relation, key: '✅' } });
  world.alice.send(room, 'm.room.redaction', { redacts: 5 });
  await world.chat.seed(room.id, id, ['✅']);
  await marked(world, room.id, id);
  expect(told(world.reactions)).toEqual([['added', '@alice', '🏁']]);
  await world.chat.stop();
  const stored = await world.store.db.selectFrom('matrix_reactions').select('emoji').execute();
  expect(stored).toEqual([{ emoji: '🏁' }]);
});

test('somebody who is quicker than the homeserver’s answer is heard', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.server.fail({ method: 'PUT', path: /m\.room\.message/, how: 'hold' });
  const posting = world.post(room);
  await world.server.until(() => room.events.some((event) => event.type === 'm.room.message'));
  const id = room.events.find((event) => event.type === 'm.room.message')?.eventId ?? '';
  world.alice.react(room, id, '✅');
  await world.heard();
  world.server.release();
  expect(await posting).toBe(id);
  await world.until(() => world.reactions.length === 1);
  expect(told(world.reactions)).toEqual([['added', '@alice', '✅']]);
});

test('the same emoji by two events stands until both are gone', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  const first = world.alice.react(room, id, '👍');
  const second = world.alice.react(room, id, '👍🏽');
  await world.until(() => world.reactions.length === 2);
  world.alice.redact(room, first);
  await marked(world, room.id, id);
  expect(told(world.reactions).map(([change]) => change)).toEqual(['added', 'added', 'added']);
  world.alice.redact(room, second);
  await world.until(() => world.reactions.length === 4);
  expect(told(world.reactions)[3]).toEqual(['taken_back', '@alice', '👍🏽']);
});

test('a reaction made and withdrawn while the bot was away is neither', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  await world.chat.stop();
  world.alice.redact(room, world.alice.react(room, id, '✅'));
  await world.restart();
  await marked(world, room.id, id);
  expect(told(world.reactions)).toEqual([['added', '@alice', '🏁']]);
});

test('one taken back while the bot was away is taken back once it is here', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  const yes = world.alice.react(room, id, '✅');
  await world.until(() => world.reactions.length === 1);
  await world.chat.stop();
  world.alice.redact(room, yes);
  await world.restart();
  await world.until(() => world.reactions.length === 2);
  expect(told(world.reactions)[1]).toEqual(['taken_back', '@alice', '✅']);
});

test('who is stopped before an event is dealt with gets it again', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  let arrived = false;
  let fail = () => {};
  world.onReaction = () =>
    new Promise((_resolve, reject) => {
      arrived = true;
      fail = () => reject(new Error('the process ends here'));
    });
  world.alice.react(room, id, '✅');
  world.alice.react(room, id, '❌');
  await world.until(() => arrived);
  const stopping = world.chat.stop();
  fail();
  await stopping;
  world.onReaction = async () => {};
  await world.restart();
  await world.until(() => world.reactions.length === 2);
  expect(told(world.reactions)).toEqual([
    ['added', '@alice', '✅'],
    ['added', '@alice', '❌'],
  ]);
});

test('a message that is gone, or a room that the bot has left, has no reactions', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  expect(await world.chat.reactions(room.id, id)).toEqual([]);
  expect(await world.chat.reactions(room.id, '$never')).toBeNull();
  world.alice.kick(room);
  await world.heard();
  expect(await world.chat.reactions(room.id, id)).toBeNull();
});

test('what a redaction takes away stands in its content, or beside it', () => {
  const event = {
    type: 'm.room.redaction',
    event_id: '$a',
    sender: '@alice:localhost',
    origin_server_ts: 1,
    unsigned: {},
  };
  expect(readEvent({ ...event, content: { redacts: '$new' } })?.redacts).toBe('$new');
  expect(readEvent({ ...event, content: {}, redacts: '$old' })?.redacts).toBe('$old');
  expect(readEvent({ ...event, content: {} })?.redacts).toBeNull();
});
