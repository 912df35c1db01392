import { expect, test } from 'vitest';
import { parseCommand, readText } from '../../../src/bots/matrix/incoming.ts';
import { directRoom, matrixWorld, messagesIn, toldTo } from './world.ts';

test('commands begin with !visavis, alone it asks for help, and talk is none', () => {
  expect(parseCommand('!visavis Write yes')).toEqual({ name: 'write', args: ['yes'] });
  expect(parseCommand('  !VISAVIS  ')).toEqual({ name: 'help', args: [] });
  for (const talk of ['visavis write', 'say !visavis write', '!visavisx', '!write', ''])
    expect(parseCommand(talk)).toBeNull();
});

test('quotations in front of an answer are no part of it; notices and edits are no commands', () => {
  const answer = {
    msgtype: 'm.text',
    body: '> <@bot:localhost> Question\n> more\n\n!visavis next',
    'm.relates_to': { 'm.in_reply_to': { event_id: '$a' } },
  };
  expect(readText(answer)?.text).toBe('!visavis next');
  const quoting = { msgtype: 'm.text', body: '> !visavis next' };
  expect(readText(quoting)?.text).toBe('> !visavis next');
  expect(readText({ msgtype: 'm.notice', body: '!visavis next' })).toBeNull();
  expect(readText({ msgtype: 'm.text', body: 7 })).toBeNull();
  const edit = { rel_type: 'm.replace', event_id: '$a' };
  expect(readText({ msgtype: 'm.text', body: '!visavis next', 'm.relates_to': edit })).toBeNull();
});

for (const version of ['10', '11', '12'] as const)
  test(`who may manage a room of version ${version}: power 50, or its creator`, async () => {
    const world = await matrixWorld();
    const room = await world.room({ version, name: 'Faces of <b>Oslo</b>' });
    world.alice.invite(room, world.bob.id);
    world.bob.join(room);
    world.alice.say(room, '!visavis setup 1');
    world.bob.say(room, '!visavis setup 2');
    await world.until(() => world.commands.length === 2);
    expect(world.commands.map((one) => [one.args[0], one.mayManageChannel])).toEqual([
      ['1', true],
      ['2', false],
    ]);
    expect(world.commands[0]).toMatchObject({
      name: 'setup',
      channelId: room.id,
      channelName: 'Faces of <b>Oslo</b>',
      user: { id: '@alice:localhost', name: 'Alice (@alice:localhost)' },
    });
    const levels = room.state('m.room.power_levels')?.content as { users: object };
    world.alice.setState(room, 'm.room.power_levels', {
      ...levels,
      users: { ...levels.users, [world.bob.id]: 50 },
    });
    world.bob.say(room, '!visavis setup 3');
    await world.until(() => world.commands.length === 3);
    expect(world.commands[2]?.mayManageChannel).toBe(true);
  });

test('names cannot hide or turn around what stands beside them', async () => {
  const world = await matrixWorld();
  const eve = world.server.person('eve', 'Bob\u{202E} (@bob:localhost)\n');
  const room = await world.room();
  world.alice.invite(room, eve.id);
  eve.join(room);
  eve.say(room, '!visavis link');
  await world.until(() => world.commands.length === 1);
  expect(world.commands[0]?.user.name).toBe('Bob (@bob:localhost) (@eve:localhost)');
});

test('private answers go into the direct room, and a command there belongs to no channel', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.onCommand = (event) => event.replyPrivately({ title: 'Private' });
  world.alice.say(room, '!visavis whoami');
  await world.until(() => world.commands.length === 1);
  await world.server.until(() => toldTo(world, world.alice).length === 1);
  const direct = directRoom(world, world.alice);
  if (!direct) throw new Error('no direct room');
  world.alice.join(direct);
  world.alice.say(direct, '!visavis help');
  await world.until(() => world.commands.length === 2);
  await world.server.until(() => toldTo(world, world.alice).length === 2);
  expect(world.commands.map((one) => one.channelId)).toEqual([room.id, null]);
  expect(messagesIn(world, room)).toEqual([]);
});

test.each([true, false])(
  'old commands are not answered after a start, reactions of the same age count (age told: %s)',
  async (tellsAge) => {
    const world = await matrixWorld();
    const room = await world.room();
    const id = await world.post(room);
    await world.chat.stop();
    // Not every homeserver counts how old an event is.
    world.server.tellsAge = tellsAge;
    world.alice.say(room, '!visavis old');
    world.alice.react(room, id, '✅');
    world.clock.advance(31_000);
    world.alice.say(room, '!visavis new');
    await world.restart();
    await world.until(() => world.commands.length === 1 && world.reactions.length === 1);
    expect(world.commands.map((one) => one.name)).toEqual(['new']);
  },
);

test('a command is run once, even when the homeserver repeats it', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const before = await world.store.db.selectFrom('matrix_state').selectAll().execute();
  world.alice.say(room, '!visavis write yes');
  await world.until(() => world.commands.length === 1);
  await world.chat.stop();
  // As if it had ended before the place was stored.
  for (const { name, value } of before)
    await world.store.db.updateTable('matrix_state').set({ value }).where('name', '=', name).execute();
  await world.restart();
  world.alice.say(room, '!visavis status');
  await world.until(() => world.commands.some((one) => one.name === 'status'));
  expect(world.commands.map((one) => one.name)).toEqual(['write', 'status']);
});

test('somebody whose answer waits for the homeserver’s limits holds up nobody else', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.alice.invite(room, world.bob.id);
  world.bob.join(room);
  const id = await world.post(room);
  let answer = () => {};
  world.onCommand = () =>
    new Promise<void>((resolve) => {
      answer = resolve;
    });
  world.bob.say(room, '!visavis status');
  await world.until(() => world.commands.length === 1);
  world.bob.react(room, id, '❌');
  world.alice.react(room, id, '✅');
  await world.until(() => world.reactions.length === 1);
  expect(world.reactions[0]?.user.id).toBe(world.alice.id);
  answer();
  await world.until(() => world.reactions.length === 2);
});
