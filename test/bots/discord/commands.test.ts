import { describe, expect, test } from 'vitest';
import type { CommandEvent } from '../../../src/bots/chat.ts';
import { commandsOn } from '../../../src/bots/commands.ts';
import type { Connection } from '../../../src/bots/discord/connection.ts';
import { commandDefinition, registerCommand } from '../../../src/bots/discord/definitions.ts';
import { findProjects } from '../../../src/bots/discord/projects.ts';
import { checkCommands } from '../../fakes/discord/bodies.ts';
import { Refusal } from '../../fakes/discord/refusal.ts';
import { addMember, addProject } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { bench, messages, PICTURE, until } from './harness.ts';

const PUT = 'PUT /applications/:application/commands';
const CALLBACK = 'POST /interactions/:interaction/:token/callback';

test('every command of the table is one that Discord takes, in all languages', () => {
  const definition = commandDefinition(messages);
  checkCommands([definition] as never);
  const subcommands = definition.options ?? [];
  expect(subcommands.map(({ name }) => name)).toEqual(commandsOn('discord').map(({ name }) => name));
  expect(JSON.stringify(definition)).not.toContain('⧼');
  for (const one of subcommands) {
    expect(Object.keys(one.name_localizations ?? {})).toEqual(['no', 'es-ES', 'es-419', 'fr']);
    expect(Object.keys(one.description_localizations ?? {})).toEqual(['no', 'es-ES', 'es-419', 'fr']);
  }
  expect(subcommands.find(({ name }) => name === 'setup')).toMatchObject({
    name_localizations: { no: 'sett-opp', fr: 'configurer' },
    options: [
      { name: 'number', required: true, autocomplete: true },
      { name: 'disputes', required: false, choices: [{ name: 'disputes', value: 'disputes' }] },
      { name: 'language', required: false },
      { name: 'open', required: false },
      { name: 'pace', required: false },
      { name: 'quiet', required: false },
      { name: 'zone', required: false },
      {
        name: 'blind',
        required: false,
        choices: [
          { name: 'on', value: 'on' },
          { name: 'off', value: 'off' },
        ],
      },
    ],
  });
});

test('commands are registered at the first start, and again only when they change', async () => {
  const { chat, fake, handlers, store, connect } = await bench();
  const setting = store.db.selectFrom('settings').select('value').where('name', 'like', 'discord commands %');
  await chat.start(handlers);
  await until(async () => expect(await setting.execute()).toHaveLength(1));
  expect(fake.commands).toMatchObject([{ name: 'visavis', type: 1 }]);
  const [first] = await setting.execute();
  await chat.stop();
  await chat.start(handlers);
  await connect().start(handlers);
  await store.db.updateTable('settings').set({ value: 'of another version' }).execute();
  await connect().start(handlers);
  await until(async () => expect(await setting.execute()).toEqual([first]));
  expect(fake.count(PUT)).toBe(2);
});

test('when commands cannot be registered, reactions still work, and the next start tries again', async () => {
  const { chat, fake, channel, ada, heard, handlers, logged } = await bench();
  fake.fault(PUT, { kind: 'broken' }, 2);
  await chat.start(handlers);
  const message = fake.world.addMessage({ channelId: channel.id });
  fake.world.react(message, ada, '✅');
  await until(() => {
    expect(heard.reactions).toHaveLength(1);
    expect(logged.join('\n')).toContain('the commands could not be registered');
  });
  await chat.stop();
  await chat.start(handlers);
  await until(() => expect(fake.commands).toHaveLength(1));
});

describe.each(engines())('%s', (kind) => {
  test('the registration is kept', async () => {
    const { store, dispose } = await freshStore(kind);
    const puts: string[] = [];
    const connection = {
      applicationId: '1573888779750581085',
      client: { rest: { put: async (route: string) => void puts.push(route) } },
    } as unknown as Connection;
    const definition = commandDefinition(messages);
    await registerCommand(store, connection, definition);
    await registerCommand(store, connection, definition);
    await registerCommand(store, connection, { ...definition, description: 'another' });
    expect(puts).toEqual(Array(2).fill('/applications/1573888779750581085/commands'));
    await dispose();
  });

  test('projects to choose from are those that the person owns', async () => {
    const { store, dispose } = await freshStore(kind);
    const mine = await addProject(store, { title: 'Mathematicians of Turku' });
    await addProject(store, { title: 'Somebody else’s' });
    const gone = await addProject(store, { title: 'Deleted', state: 'deleted' });
    const member = await addProject(store, { title: 'Only a member' });
    const accountId = mine.owner;
    for (const [project, role] of [
      [gone, 'owner'],
      [member, 'member'],
    ] as const)
      await addMember(store, project.id, { accountId, role });
    await store.db
      .insertInto('identities')
      .values({
        account_id: accountId,
        platform: 'discord',
        external_id: '15',
        display_name: 'Ada',
        linked_at: 0,
      })
      .execute();
    const found = [{ id: mine.id, title: 'Mathematicians of Turku' }];
    expect(await findProjects(store, { text: '', userId: '15' })).toEqual(found);
    expect(await findProjects(store, { text: ' TURKU', userId: '15' })).toEqual(found);
    expect(await findProjects(store, { text: String(mine.id), userId: '15' })).toEqual(found);
    expect(await findProjects(store, { text: 'Paris', userId: '15' })).toEqual([]);
    expect(await findProjects(store, { text: '', userId: '16' })).toEqual([]);
    await dispose();
  });
});

test('a command arrives with its arguments and the right of the member', async () => {
  const { chat, fake, channel, ada, heard, handlers } = await bench();
  await chat.start(handlers);
  fake.interactions.command(
    ada,
    channel,
    'setup',
    { number: '7', disputes: 'disputes', pace: '6', blind: 'on' },
    { mayManage: true },
  );
  fake.interactions.command(ada, channel, 'setup', { number: '7' });
  fake.interactions.command(ada, fake.world.privateChannel(ada), 'link');
  await until(() => expect(heard.commands).toHaveLength(3));
  expect(heard.commands).toMatchObject([
    {
      name: 'setup',
      args: ['7', 'disputes', 'pace=6', 'blind=on'],
      user: { id: ada.id, name: 'Ada' },
      channelId: channel.id,
      channelName: '#labelling',
      mayManageChannel: true,
    },
    { name: 'setup', args: ['7'], mayManageChannel: false },
    { name: 'link', args: [], channelId: null, mayManageChannel: false },
  ]);
});

test.each([
  ['@everyone', false],
  ['a role that may', true],
])('where the server does not say what a member may do, %s does', async (_who, may) => {
  const { chat, fake, channel, ada, heard, handlers } = await bench();
  if (may) fake.world.managers.add(ada.id);
  await chat.start(handlers);
  fake.interactions.command(ada, channel, 'unbind', {}, { sparse: true });
  await until(() => expect(heard.commands).toHaveLength(1));
  expect(heard.commands[0]).toMatchObject({ channelId: channel.id, mayManageChannel: may });
});

const answer = (made: { onCommand: (event: CommandEvent) => Promise<void> }, work: typeof made.onCommand) => {
  made.onCommand = work;
};

test('private answers are seen by nobody else: the first, and those after it', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers } = made;
  answer(made, async (event) => {
    await event.replyPrivately({
      title: 'Link your account',
      links: [{ text: 'Open', url: 'https://v.example/link/x' }],
    });
    await event.replyPrivately({ text: 'and more' });
  });
  await chat.start(handlers);
  fake.interactions.command(ada, channel, 'link');
  await until(() => expect(fake.world.toldTo(ada)).toHaveLength(2));
  expect(
    fake.world.toldTo(ada).map(({ embeds, flags }) => [embeds[0]?.title ?? embeds[0]?.description, flags]),
  ).toEqual([
    ['Link your account', 64],
    ['and more', 64],
  ]);
  expect(fake.world.shown(channel.id)).toEqual([]);
});

test('public answers can be edited and reacted to afterwards', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers } = made;
  const ids: string[] = [];
  answer(made, async (event) => {
    ids.push(await event.reply({ title: 'Writing' }), await event.reply({ title: 'Second' }));
  });
  await chat.start(handlers);
  fake.interactions.command(ada, channel, 'write', { yes: 'yes' });
  await until(() => expect(ids).toHaveLength(2));
  expect(fake.world.shown(channel.id).map(({ id }) => id)).toEqual(ids);
  await chat.edit(channel.id, ids[0] ?? '', { title: 'Written' });
  await chat.seed(channel.id, ids[0] ?? '', ['🛑']);
  expect(fake.world.messages.get(ids[0] ?? '')).toMatchObject({
    embeds: [{ title: 'Written' }],
    reactions: [{ emoji: { name: '🛑' } }],
    flags: 0,
  });
});

test('a private answer to a command whose answers are public stays private', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers } = made;
  answer(made, (event) => event.replyPrivately({ text: 'For that you need a linked account.' }));
  await chat.start(handlers);
  fake.interactions.command(ada, channel, 'status');
  await until(() => expect(fake.world.toldTo(ada)).toHaveLength(1));
  expect(fake.world.shown(channel.id)).toEqual([]);
});

test('a public answer to a command whose answers are private is an ordinary message', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers } = made;
  let id = '';
  answer(made, async (event) => {
    id = await event.reply({ text: 'for all' });
  });
  await chat.start(handlers);
  const interaction = fake.interactions.command(ada, channel, 'next');
  await until(() => expect(interaction.original?.deleted).toBe(true));
  expect(fake.world.shown(channel.id).map((message) => message.id)).toEqual([id]);
});

test('who gets no answer is told so, in their language, and sees no waiting dots', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers } = made;
  await chat.start(handlers);
  fake.interactions.command(ada, channel, 'status');
  fake.interactions.command(ada, channel, 'next');
  await until(() => expect(fake.world.toldTo(ada)).toHaveLength(2));
  for (const { embeds } of fake.world.toldTo(ada))
    expect(embeds[0]?.description).toBe(messages.translator('nb')('bot-no-answer'));
  expect(fake.world.shown(channel.id)).toEqual([]);
});

test('acknowledged at once, while the desk is still at work', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers } = made;
  let done = () => {};
  answer(made, async (event) => {
    await new Promise<void>((resolve) => {
      done = resolve;
    });
    await event.replyPrivately({ text: 'at last' });
  });
  await chat.start(handlers);
  const interaction = fake.interactions.command(ada, channel, 'next');
  await until(() => expect(interaction.acknowledged).toBe(5));
  expect(fake.world.toldTo(ada)).toEqual([]);
  await until(() => expect(made.heard.commands).toHaveLength(1));
  made.later(14 * 60_000);
  done();
  await until(() => expect(fake.world.toldTo(ada)).toHaveLength(1));
  expect(fake.world.toldTo(ada)[0]?.onlyFor).toBe(ada.id);
});

test.each(['next', 'status'])('%s: after 15 minutes, answers are ordinary messages', async (name) => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers } = made;
  answer(made, async (event) => {
    made.later(16 * 60_000);
    await event.reply({ text: 'for all' });
    await event.replyPrivately({ text: 'for you' });
  });
  await chat.start(handlers);
  fake.interactions.command(ada, channel, name);
  await until(() =>
    expect(fake.world.toldTo(ada).map(({ embeds }) => embeds[0]?.description)).toEqual(['for you']),
  );
  const ordinary = fake.world.shown(channel.id).filter(({ flags }) => flags === 0);
  expect(ordinary.map(({ embeds }) => embeds[0]?.description)).toEqual(['for all']);
  // The token of an interaction that is over is not the token of the bot.
  expect(chat.health?.().state).toBe('up');
});

test.each(['next', 'status'])(
  '%s: on a server that takes no later answers, they are ordinary messages',
  async (name) => {
    const made = await bench();
    const { chat, fake, channel, ada, handlers } = made;
    // Seen: “Unknown webhook” for the answer that was deferred.
    const unknown = {
      kind: 'refuse',
      refusal: new Refusal(404, { message: 'Unknown webhook', code: 10015 }),
    } as const;
    for (const method of ['PATCH', 'DELETE'])
      fake.fault(`${method} /webhooks/:application/:token/messages/@original`, unknown, 9);
    fake.fault('POST /webhooks/:application/:token', unknown, 9);
    answer(made, async (event) => {
      await event.replyPrivately({ text: 'for you' });
      await event.reply({ text: 'for all' });
    });
    await chat.start(handlers);
    fake.interactions.command(ada, channel, name);
    await until(() =>
      expect(fake.world.shown(channel.id).map(({ embeds }) => embeds[0]?.description)).toContain('for all'),
    );
    expect(fake.world.toldTo(ada).map(({ embeds }) => embeds[0]?.description)).toEqual(['for you']);
  },
);

test('too late for an acknowledgement: the command is still answered, in private', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers, logged } = made;
  answer(made, (event) => event.replyPrivately({ text: 'late', picture: PICTURE }));
  await chat.start(handlers);
  fake.interactions.command(ada, channel, 'whoami');
  made.later(3_001);
  await until(() => expect(fake.world.toldTo(ada)).toHaveLength(1));
  expect(fake.world.toldTo(ada)[0]).toMatchObject({ onlyFor: null, embeds: [{ description: 'late' }] });
  expect(logged.join('\n')).toContain('10062');
});

test('an acknowledgement whose answer was lost is not one that failed', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers } = made;
  answer(made, (event) => event.replyPrivately({ text: 'once' }));
  await chat.start(handlers);
  fake.fault(CALLBACK, { kind: 'lost answer' });
  fake.interactions.command(ada, channel, 'whoami');
  await until(() => expect(fake.world.toldTo(ada)).toHaveLength(1));
  expect(fake.world.toldTo(ada)[0]?.onlyFor).toBe(ada.id);
  expect(fake.count(CALLBACK)).toBe(2);
});

test('autocomplete offers the projects of the person who types', async () => {
  const { chat, fake, channel, ada, handlers, store } = await bench();
  const mine = await addProject(store, { title: `Faces ${'of Turku '.repeat(20)}` });
  await store.db
    .insertInto('identities')
    .values({
      account_id: mine.owner,
      platform: 'discord',
      external_id: ada.id,
      display_name: 'Ada',
      linked_at: 0,
    })
    .execute();
  await chat.start(handlers);
  const typing = fake.interactions.type(ada, channel, 'setup', 'number', 'tur');
  const elsewhere = fake.interactions.type(ada, channel, 'withdraw', 'question', 'tur');
  await until(() => expect(typing.choices).toHaveLength(1));
  expect(typing.choices?.[0]).toEqual({
    name: expect.stringMatching(/^\d+ · Faces of Turku .*…$/),
    value: String(mine.id),
  });
  expect(typing.choices?.[0]?.name.length).toBeLessThanOrEqual(100);
  await until(() => expect(elsewhere.choices).toEqual([]));
});

test('a button says what it stands for, and is answered privately', async () => {
  const made = await bench();
  const { chat, fake, channel, ada, handlers, heard } = made;
  made.onButton = (event) => event.replyPrivately({ text: `Your answer: ${event.emoji}` });
  await chat.start(handlers);
  const buttons = [
    { emoji: '✅', label: 'Yes' },
    { emoji: '1️⃣', label: '' },
  ];
  const id = await chat.post(channel.id, { title: 'Is this Ada?', buttons }, 'post-7');
  const message = fake.world.messages.get(id);
  if (!message) throw new Error('no message');
  fake.interactions.press(ada, message, '1️⃣');
  await until(() => expect(fake.world.toldTo(ada)).toHaveLength(1));
  expect(fake.world.toldTo(ada)[0]).toMatchObject({
    onlyFor: ada.id,
    embeds: [{ description: 'Your answer: 1️⃣' }],
  });
  expect(heard.buttons).toMatchObject([
    { channelId: channel.id, messageId: id, user: { id: ada.id, name: 'Ada' }, emoji: '1️⃣' },
  ]);
  made.onButton = async () => {};
  const silent = fake.interactions.press(ada, message, '✅');
  await until(() => expect(silent.original?.deleted).toBe(true));
  expect(message.reactions).toEqual([]);
});
