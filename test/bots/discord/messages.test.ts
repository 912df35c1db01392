import { expect, test } from 'vitest';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { bench, PICTURE, until } from './harness.ts';

const POST = 'POST /channels/:channel/messages';
const REACT = 'PUT /channels/:channel/messages/:message/reactions/:emoji/@me';
const CARD = {
  title: 'Is this Ada?',
  text: 'A mathematician\n✅ yes · ❌ no',
  links: [{ text: 'File page', url: 'https://commons.example/wiki/File:Ada_(1840).jpg' }],
  footer: '#7 · Ada · A. Photographer · CC BY-SA 4.0',
  picture: PICTURE,
};

test('a card becomes an embed with its picture, its alternative text and no mention', async () => {
  const { chat, fake, channel, handlers } = await bench();
  await chat.start(handlers);
  const id = await chat.post(channel.id, CARD, 'post-7');
  const [message, ...more] = fake.world.shown(channel.id);
  expect(more).toEqual([]);
  expect(message?.id).toBe(id);
  const [[name, file] = []] = message?.files ?? [];
  expect(file?.description).toBe(PICTURE.alt);
  expect([...(file?.bytes ?? [])]).toEqual([...PICTURE.bytes]);
  expect(message?.embeds).toEqual([
    {
      title: 'Is this Ada?',
      description:
        'A mathematician\n✅ yes · ❌ no\n\n[File page](https://commons.example/wiki/File:Ada_%281840%29.jpg)',
      footer: { text: '#7 · Ada · A. Photographer · CC BY-SA 4.0' },
      image: { url: `attachment://${name}` },
    },
  ]);
  const [request] = fake.requests.filter(({ route }) => route === POST);
  expect(request?.body.allowed_mentions).toEqual({ parse: [] });
});

test('people are mentioned by their ids alone', async () => {
  const { chat, fake, channel, handlers, ada } = await bench();
  await chat.start(handlers);
  await chat.post(channel.id, { text: 'Done. @everyone', mentions: [ada.id, 'everyone'] }, 'k');
  expect(fake.world.shown(channel.id)[0]?.mentions).toEqual([ada.id]);
  expect(fake.world.shown(channel.id)[0]?.content).toBe(`<@${ada.id}>`);
});

test('the same key again gives the message that is there, also to another process and when nonces are forgotten', async () => {
  const { chat, fake, channel, handlers, connect } = await bench();
  await chat.start(handlers);
  const id = await chat.post(channel.id, CARD, 'post-7');
  expect(await chat.post(channel.id, CARD, 'post-7')).toBe(id);
  await chat.stop();
  const [message] = fake.world.shown(channel.id);
  Object.assign(message ?? {}, { nonce: null });
  for (let i = 0; i < 50; i++) fake.world.addMessage({ channelId: channel.id, content: 'talk' });
  const another = connect();
  await another.start(handlers);
  expect(await another.post(channel.id, CARD, 'post-7')).toBe(id);
  expect(await another.post(channel.id, CARD, 'post-8')).not.toBe(id);
  expect(fake.count(POST)).toBe(2);
});

test.each(['lost answer', 'broken'] as const)(
  'a post whose request meets “%s” is there once',
  async (kind) => {
    const { chat, fake, channel, handlers } = await bench();
    await chat.start(handlers);
    fake.fault(POST, { kind });
    const id = await chat.post(channel.id, CARD, 'post-7');
    expect(fake.world.shown(channel.id).map((message) => message.id)).toEqual([id]);
    // Twice is once more than the adapter tries by itself.
    fake.fault(POST, { kind }, 2);
    await expect(chat.post(channel.id, { text: 'no picture' }, 'post-8')).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/^Discord cannot be reached.*tried again/),
    });
    await chat.post(channel.id, { text: 'no picture' }, 'post-8');
    expect(fake.world.shown(channel.id)).toHaveLength(2);
  },
);

test('an edit shows the new words and keeps the picture, also after a restart', async () => {
  const { chat, fake, channel, handlers, connect } = await bench();
  await chat.start(handlers);
  const id = await chat.post(channel.id, CARD, 'post-7');
  const plain = await chat.post(channel.id, { text: 'no picture' }, 'post-8');
  await chat.edit(channel.id, id, { title: 'It is Ada.' });
  const message = fake.world.messages.get(id);
  const [name] = message?.files.keys() ?? [];
  expect(message?.embeds).toEqual([{ title: 'It is Ada.', image: { url: `attachment://${name}` } }]);
  await chat.stop();
  const another = connect();
  await another.start(handlers);
  await another.edit(channel.id, id, { title: 'It was Ada.' });
  await another.edit(channel.id, plain, { title: 'Still none.' });
  expect(message?.embeds).toEqual([{ title: 'It was Ada.', image: { url: `attachment://${name}` } }]);
  expect(fake.world.messages.get(plain)?.embeds).toEqual([{ title: 'Still none.' }]);
  await another.edit(channel.id, id, { title: 'Another picture', picture: { ...PICTURE, alt: 'another' } });
  expect([...(message?.files.values() ?? [])].map((file) => file.description)).toEqual(['another']);
});

test('removing what is gone is fine; editing it is not', async () => {
  const { chat, fake, channel, handlers } = await bench();
  await chat.start(handlers);
  const id = await chat.post(channel.id, CARD, 'post-7');
  await chat.remove(channel.id, id);
  await chat.remove(channel.id, id);
  expect(fake.world.shown(channel.id)).toEqual([]);
  expect(await chat.reactions(channel.id, id)).toBeNull();
  await expect(chat.edit(channel.id, id, { text: 'x' })).rejects.toMatchObject({
    code: 'not_found',
    details: { scope: 'message' },
  });
  channel.deleted = true;
  await chat.remove(channel.id, id);
});

test('seeding adds what is missing, in order', async () => {
  const { chat, fake, channel, handlers, ada, connect } = await bench();
  await chat.start(handlers);
  const id = await chat.post(channel.id, CARD, 'post-7');
  await chat.seed(channel.id, id, ['1️⃣', '🚫']);
  const message = fake.world.messages.get(id);
  if (message) fake.world.react(message, ada, '🍕');
  expect(fake.count('GET /channels/:channel/messages/:message')).toBe(0);
  await chat.stop();
  const another = connect();
  await another.start(handlers);
  await another.seed(channel.id, id, ['1️⃣', '2️⃣', '🚫', '🤷']);
  expect(message?.reactions.map(({ emoji }) => emoji.name)).toEqual(['1️⃣', '🚫', '🍕', '2️⃣', '🤷']);
  expect(fake.count(REACT)).toBe(4);
});

test('a message full of other reactions can still be seeded as far as there is room', async () => {
  const { chat, fake, channel, handlers, ada } = await bench();
  await chat.start(handlers);
  const id = await chat.post(channel.id, CARD, 'post-7');
  const message = fake.world.messages.get(id);
  const others = Array.from({ length: 19 }, (_, i) => String.fromCodePoint(0x1f600 + i));
  for (const one of others) if (message) fake.world.react(message, ada, one);
  await chat.seed(channel.id, id, ['✅', '❌', '🤷']);
  expect(message?.reactions.at(-1)?.emoji.name).toBe('✅');
  expect(message?.reactions).toHaveLength(20);
});

test('reactions: those of people, with one request for a hundred posts and one for each emoji that people used', async () => {
  const { chat, fake, channel, handlers, ada } = await bench();
  const otherBot = fake.world.addUser('another bot', true);
  const crowd = Array.from({ length: 150 }, (_, i) => fake.world.addUser(`Person ${i}`));
  await chat.start(handlers);
  const ids: string[] = [];
  for (let i = 0; i < 120; i++) {
    const message = fake.world.addMessage({ channelId: channel.id, content: `${i}` });
    for (const emoji of ['✅', '❌', '🤷']) fake.world.react(message, fake.world.bot, emoji);
    ids.push(message.id);
  }
  const [first, second, third] = ids.map((id) => fake.world.messages.get(id));
  if (!first || !second || !third) throw new Error('no messages');
  for (const person of crowd) fake.world.react(first, person, '✅');
  fake.world.react(second, ada, '❌');
  fake.world.react(second, otherBot, '✅');
  fake.world.react(third, ada, 'human', '1573888978669593488');
  const gets = () => fake.requests.filter(({ route }) => route.startsWith('GET')).length;
  const before = gets();
  const read = new Map<string, Awaited<ReturnType<typeof chat.reactions>>>();
  for (const id of ids) read.set(id, await chat.reactions(channel.id, id));
  expect(read.get(first.id)?.map(({ user }) => user.name)).toEqual(crowd.map(({ name }) => name));
  expect(read.get(second.id)).toEqual([{ user: { id: ada.id, name: 'Ada' }, emoji: '❌' }]);
  expect(read.get(third.id)).toEqual([]);
  // 2 pages of posts; ✅ of the first in 2 pages of people; ❌ and ✅ of the second.
  expect(gets() - before).toBe(6);
});

test('a reaction is read anew each time somebody asks', async () => {
  const { chat, fake, channel, handlers, ada } = await bench();
  await chat.start(handlers);
  const message = fake.world.addMessage({ channelId: channel.id });
  expect(await chat.reactions(channel.id, message.id)).toEqual([]);
  fake.world.react(message, ada, '✅');
  expect(await chat.reactions(channel.id, message.id)).toHaveLength(1);
  fake.world.delete(message);
  expect(await chat.reactions(channel.id, message.id)).toBeNull();
});

test('where the server does not say what the bot did itself, people are told apart by asking', async () => {
  const { chat, fake, channel, handlers, ada } = await bench();
  fake.world.saysWhoReacted = false;
  await chat.start(handlers);
  const message = fake.world.addMessage({ channelId: channel.id });
  for (const emoji of ['✅', '❌']) fake.world.react(message, fake.world.bot, emoji);
  fake.world.react(message, ada, '✅');
  expect(await chat.reactions(channel.id, message.id)).toEqual([
    { user: { id: ada.id, name: 'Ada' }, emoji: '✅' },
  ]);
  await chat.seed(channel.id, message.id, ['✅', '❌', '🤷']);
  expect(message.reactions.map(({ users }) => users.length)).toEqual([2, 1, 1]);
});

test('a page that was read long ago is not believed', async () => {
  const { fake, channel, handlers, ada, connect } = await bench();
  let offset = 0;
  const chat = connect({ clock: { ...systemClock, now: () => Date.now() + offset } });
  await chat.start(handlers);
  const [one, two] = [0, 1].map(() => fake.world.addMessage({ channelId: channel.id }));
  if (!one || !two) throw new Error('no messages');
  await chat.reactions(channel.id, one.id);
  fake.world.react(two, ada, '✅');
  offset = 61_000;
  expect(await chat.reactions(channel.id, two.id)).toHaveLength(1);
});

test('a page that was read before events were lost is not believed', async () => {
  const { fake, channel, handlers, heard, ada, chat } = await bench();
  await chat.start(handlers);
  const [one, two] = [0, 1].map(() => fake.world.addMessage({ channelId: channel.id }));
  if (!one || !two) throw new Error('no messages');
  await chat.reactions(channel.id, one.id);
  fake.gateway.invalidate(false);
  fake.world.react(two, ada, '✅');
  await until(() => expect(heard.gaps).toBe(1));
  expect(heard.reactions).toEqual([]);
  expect(await chat.reactions(channel.id, two.id)).toHaveLength(1);
});

test('without the right to read the history nothing looks deleted', async () => {
  const { chat, fake, channel, handlers } = await bench();
  await chat.start(handlers);
  const message = fake.world.addMessage({ channelId: channel.id });
  channel.missing.add('ReadMessageHistory');
  await expect(chat.reactions(channel.id, message.id)).rejects.toMatchObject({
    code: 'forbidden',
    details: { scope: 'channel' },
  });
});

test.each([
  ['SendMessages', 'forbidden'],
  ['ViewChannel', 'forbidden'],
  ['deleted', 'not_found'],
] as const)('a channel without %s is passed over, and the others go on', async (what, code) => {
  const { chat, fake, channel, handlers } = await bench();
  await chat.start(handlers);
  const other = fake.world.addChannel('other');
  if (what === 'deleted') channel.deleted = true;
  else channel.missing.add(what);
  await expect(chat.post(channel.id, CARD, 'post-7')).rejects.toMatchObject({
    name: 'VisavisError',
    code,
    details: { scope: 'channel' },
  });
  await chat.post(other.id, CARD, 'post-8');
  expect(fake.world.shown(other.id)).toHaveLength(1);
});

test('a thread that was archived is opened again for an edit and for reactions', async () => {
  const { chat, fake, handlers } = await bench();
  const thread = fake.world.addChannel('details', 11);
  await chat.start(handlers);
  const id = await chat.post(thread.id, CARD, 'post-7');
  thread.archived = true;
  await chat.edit(thread.id, id, { title: 'It is Ada.' });
  thread.archived = true;
  await chat.seed(thread.id, id, ['✅']);
  expect(fake.world.messages.get(id)?.reactions).toHaveLength(1);
  expect(thread.archived).toBe(false);
});

test('telling: one private channel for each person; who takes none is named', async () => {
  const { chat, fake, handlers, ada } = await bench();
  const shy = fake.world.addUser('Shy');
  fake.world.closedTo.add(shy.id);
  await chat.start(handlers);
  await chat.tell(ada.id, { text: 'You are linked to *A_d_a*.' });
  await chat.tell(ada.id, { text: 'Again.' });
  expect(fake.world.toldTo(ada).map(({ embeds }) => embeds[0]?.description)).toEqual([
    'You are linked to \\*A\\_d\\_a\\*.',
    'Again.',
  ]);
  expect(fake.count('POST /users/@me/channels')).toBe(1);
  await expect(chat.tell(shy.id, { text: 'x' })).rejects.toMatchObject({
    code: 'forbidden',
    details: { scope: 'user' },
  });
  await expect(chat.tell('room-a', { text: 'x' })).rejects.toMatchObject({ code: 'not_found' });
});

test('buttons stand below a card when the desk takes them, and go with it', async () => {
  const { chat, fake, channel, handlers, connect } = await bench();
  const buttons = [
    { emoji: '✅', label: 'Yes' },
    { emoji: '❌', label: '' },
  ];
  await chat.start(handlers);
  const id = await chat.post(channel.id, { ...CARD, buttons }, 'post-7');
  expect(fake.world.messages.get(id)?.components).toEqual([
    {
      type: 1,
      components: [
        { type: 2, style: 2, custom_id: 'answer:✅', emoji: { name: '✅' }, label: 'Yes' },
        { type: 2, style: 2, custom_id: 'answer:❌', emoji: { name: '❌' } },
      ],
    },
  ]);
  await chat.edit(channel.id, id, CARD);
  expect(fake.world.messages.get(id)?.components).toEqual([]);
  await chat.stop();
  const another = connect();
  const { onButton: _onButton, ...without } = handlers;
  await another.start(without);
  const bare = await another.post(channel.id, { ...CARD, buttons }, 'post-8');
  expect(fake.world.messages.get(bare)?.components).toEqual([]);
});

test('limits: a route and the whole bot wait as long as Discord says, and everything arrives once', async () => {
  const { chat, fake, channel, handlers } = await bench();
  await chat.start(handlers);
  fake.limit(POST, 0.2);
  fake.limit('*', 0.1, 'global');
  const cards = Array.from({ length: 6 }, (_, i) =>
    chat.post(channel.id, { text: `card ${i}` }, `post-${i}`),
  );
  await Promise.all(cards);
  await until(() => expect(fake.world.shown(channel.id)).toHaveLength(6));
  // Each limit was met once, and nobody knocked in between.
  expect(fake.count(POST)).toBeLessThanOrEqual(8);
});

test('people’s answers overtake what waits in a channel', async () => {
  const { chat, fake, channel, handlers } = await bench();
  await chat.start(handlers);
  fake.limited = true;
  const id = await chat.post(channel.id, { text: 'a question' }, 'post-0');
  const message = fake.world.messages.get(id);
  const seeding = chat.seed(channel.id, id, ['1️⃣', '2️⃣', '3️⃣', '4️⃣', '🚫', '🤷']);
  await until(() => expect(message?.reactions).toHaveLength(1));
  await chat.edit(channel.id, id, { text: 'edited' });
  expect(message?.reactions.length).toBeLessThan(6);
  await seeding;
  expect(message?.reactions.map(({ emoji }) => emoji.name)).toEqual(['1️⃣', '2️⃣', '3️⃣', '4️⃣', '🚫', '🤷']);
  // Of a limit that it has not met yet, discord.js knows only after it.
  expect(fake.overruns).toBeLessThanOrEqual(1);
});
