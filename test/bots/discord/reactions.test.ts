import { expect, test } from 'vitest';
import { bench, until } from './harness.ts';

test('reactions of people arrive by their ids, those of bots do not', async () => {
  const { chat, fake, channel, ada, heard, handlers } = await bench();
  const { world } = fake;
  const otherBot = world.addUser('another bot', true);
  const message = world.addMessage({ channelId: channel.id });
  await chat.start(handlers);
  world.react(message, world.bot, '✅');
  world.react(message, otherBot, '✅');
  world.react(message, ada, 'human', '1573888978669593488');
  world.react(message, ada, '✅');
  world.react(message, ada, '🤷🏽‍♀️');
  world.takeBack(message, ada, '✅');
  world.takeBack(message, world.bot, '✅');
  world.delete(message);
  const last = world.addMessage({ channelId: channel.id });
  world.react(last, ada, '1️⃣');
  await until(() => expect(heard.reactions.at(-1)?.messageId).toBe(last.id));
  const place = { channelId: channel.id, messageId: message.id };
  expect(heard.reactions).toEqual([
    { ...place, user: { id: ada.id, name: 'Ada' }, emoji: 'human:1573888978669593488', change: 'added' },
    { ...place, user: { id: ada.id, name: 'Ada' }, emoji: '✅', change: 'added' },
    { ...place, user: { id: ada.id, name: 'Ada' }, emoji: '🤷🏽‍♀️', change: 'added' },
    // Discord says no name here.
    { ...place, user: { id: ada.id, name: ada.id }, emoji: '✅', change: 'taken_back' },
    { ...place, messageId: last.id, user: { id: ada.id, name: 'Ada' }, emoji: '1️⃣', change: 'added' },
  ]);
});

test('a clear takes nobody’s vote back', async () => {
  const { chat, fake, channel, ada, heard, handlers } = await bench();
  const message = fake.world.addMessage({ channelId: channel.id });
  await chat.start(handlers);
  fake.world.react(message, ada, '✅');
  fake.world.react(message, ada, '❌');
  fake.world.clear(message, '✅');
  fake.world.clear(message);
  await until(() => expect(heard.reactions).toHaveLength(4));
  expect(heard.reactions.slice(2).map(({ change, emoji, user }) => [change, emoji, user])).toEqual([
    ['cleared', '✅', { id: '', name: '' }],
    ['cleared', '', { id: '', name: '' }],
  ]);
});

test('channels and threads that the bot never heard of, and private channels', async () => {
  const { chat, fake, ada, heard, handlers } = await bench();
  await chat.start(handlers);
  const thread = fake.world.addChannel('opened later', 11);
  const inPrivate = fake.world.privateChannel(ada);
  for (const place of [thread, inPrivate]) {
    const message = fake.world.addMessage({ channelId: place.id });
    fake.world.react(message, ada, '✅');
    fake.world.takeBack(message, ada, '✅');
  }
  await until(() => expect(heard.reactions).toHaveLength(4));
  expect(heard.reactions.map(({ channelId }) => channelId)).toEqual([
    thread.id,
    thread.id,
    inPrivate.id,
    inPrivate.id,
  ]);
});

test('a handler that fails is noted, and the next reaction arrives', async () => {
  const { chat, fake, channel, ada, logged, handlers } = await bench();
  const message = fake.world.addMessage({ channelId: channel.id });
  const got: string[] = [];
  await chat.start({
    ...handlers,
    onReaction: async ({ emoji }) => {
      if (emoji === '✅') throw new Error('the database is away');
      got.push(emoji);
    },
  });
  fake.world.react(message, ada, '✅');
  fake.world.react(message, ada, '❌');
  await until(() => expect(got).toEqual(['❌']));
  expect(logged.join('\n')).toContain('the database is away');
});

test('packets that nobody can read end nothing', async () => {
  const { chat, fake, channel, ada, heard, logged, handlers } = await bench();
  const message = fake.world.addMessage({ channelId: channel.id });
  await chat.start(handlers);
  // Seen on a server that is not Discord's own: an autocomplete without data.
  fake.gateway.sendRaw('INTERACTION_CREATE', {
    id: '1573889193162106436',
    application_id: fake.world.bot.id,
    channel_id: channel.id,
    type: 4,
    token: 'jUlgQnQWNmdDZi7LxDnwtzzziA_Ssbk6',
    version: 1,
    guild_id: fake.world.guildId,
    member: fake.world.memberJson(ada),
  });
  fake.gateway.sendRaw('MESSAGE_REACTION_ADD', { user_id: 5, emoji: null });
  fake.gateway.sendRaw('MESSAGE_REACTION_REMOVE_ALL', null);
  fake.gateway.sendRaw('MESSAGE_REACTION_REMOVE_EMOJI', { emoji: {} });
  fake.world.react(message, ada, '✅');
  await until(() => expect(heard.reactions).toHaveLength(1));
  expect(logged.filter((line) => line.startsWith('warn an unreadable packet'))).not.toEqual([]);
});

test('reactions of others are taken away where the bot may, and elsewhere it asks once', async () => {
  const { chat, fake, ada, channel, handlers } = await bench();
  const { world } = fake;
  const free = world.addChannel('free');
  free.missing.delete('ManageMessages');
  await chat.start(handlers);
  for (const { id: channelId } of [free, channel]) {
    const message = world.addMessage({ channelId });
    world.react(message, ada, '🎉');
    world.react(message, ada, 'human', '1573888978669593488');
    world.react(message, ada, '✅');
    await chat.takeAway?.(channelId, message.id, ada.id, '🎉');
    await chat.takeAway?.(channelId, message.id, ada.id, 'human:1573888978669593488');
    // It is gone already, or its message is.
    await chat.takeAway?.(channelId, message.id, ada.id, '🎉');
    await chat.takeAway?.(channelId, '1573888978669593488', ada.id, '🎉');
    const left = message.reactions.map(({ emoji }) => emoji.name);
    expect(left).toEqual(channelId === free.id ? ['✅'] : ['🎉', 'human', '✅']);
  }
  const asked = fake.requests.filter(({ route }) => route.startsWith('DELETE'));
  expect(asked.filter(({ url }) => url.includes(free.id))).toHaveLength(4);
  expect(asked.filter(({ url }) => url.includes(channel.id))).toHaveLength(1);
});
