import { expect, test } from 'vitest';
import type { Json } from '../../fakes/homeserver/events.ts';
import { matrixWorld, messagesIn, picture, seedsOn } from './world.ts';

const relationOf = (content: Json | undefined) => content?.['m.relates_to'] as Json;

for (const version of ['10', '11', '12'] as const)
  test(`in a room of version ${version} a post is there once, and can be edited, seeded and removed`, async () => {
    const world = await matrixWorld();
    const room = await world.room({ version });
    const card = { title: 'Is this <Ada>?', picture };
    const id = await world.post(room, card);
    expect(await world.post(room, card)).toBe(id);
    await world.chat.seed(room.id, id, ['✅', '1️⃣']);
    await world.chat.seed(room.id, id, ['✅', '1️⃣', '🤷']);
    expect(seedsOn(world, room, id)).toEqual(['✅', '1️⃣', '🤷']);
    await world.chat.edit(room.id, id, { title: 'It is Ada & nobody else.' });
    expect(messagesIn(world, room)).toHaveLength(1);
    const [edit] = room.related(id, 'm.replace');
    expect(edit?.content['m.new_content']).toMatchObject({
      msgtype: 'm.image',
      body: 'It is Ada & nobody else.',
      formatted_body: '<p><b>It is Ada &amp; nobody else.</b></p>',
    });
    await world.chat.remove(room.id, id);
    await world.chat.remove(room.id, id);
    expect(room.event(id).content).toEqual({});
    expect(await world.chat.reactions(room.id, id)).toBeNull();
  });

test('a picture is uploaded once and stays with its caption, in a message and in its edits', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room, { title: 'Is this Ada?', footer: 'A. Photographer, CC BY', picture });
  await world.chat.edit(room.id, id, { title: 'It is Ada.', picture });
  await world.restart();
  await world.chat.edit(room.id, id, { title: 'It is not Ada.' });
  const [[url, stored] = ['']] = world.server.media;
  expect(world.server.media.size).toBe(1);
  expect(stored?.type).toBe('image/jpeg');
  expect([...(stored?.bytes ?? [])]).toEqual([1, 2, 3, 4]);
  const info = { mimetype: 'image/jpeg', w: 800, h: 600, size: 4 };
  const shown = { msgtype: 'm.image', url, filename: 'picture.jpg' };
  const withThumbnail = { ...info, thumbnail_url: url, thumbnail_info: info };
  const sent = room.event(id).content;
  expect(sent).toMatchObject({ ...shown, info: withThumbnail });
  expect(sent.body).toBe('Is this Ada?\nA. Photographer, CC BY\na photo with one face marked');
  for (const edit of room.related(id, 'm.replace'))
    expect(edit.content['m.new_content']).toMatchObject({ ...shown, info: withThumbnail });
});

test('what is removed takes its edits with it, which hold the text too', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  await world.chat.edit(room.id, id, { title: 'It is Ada.' });
  await world.chat.remove(room.id, id);
  const left = messagesIn(world, room).filter((event) => JSON.stringify(event.content).includes('Ada'));
  expect(left).toEqual([]);
  expect(JSON.stringify(room.events)).not.toContain('It is Ada.');
});

test('removing what is gone, or was never there, is fine', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  world.alice.redact(room, id);
  await world.until(() => world.gaps === 1);
  await world.chat.remove(room.id, id);
  await world.chat.remove(room.id, '$never');
});

test('an edit of a deleted message says so instead of vanishing', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  world.alice.redact(room, id);
  await world.until(() => world.gaps === 1);
  await expect(world.chat.edit(room.id, id, { title: 'It is Ada.' })).rejects.toMatchObject({
    code: 'not_found',
  });
});

test('private words go to one direct room, made anew when the person has left it', async () => {
  const world = await matrixWorld();
  await Promise.all([
    world.chat.tell(world.bob.id, { text: 'one' }),
    world.chat.tell(world.bob.id, { text: 'two' }),
  ]);
  const [first, ...more] = world.server.roomList();
  if (!first) throw new Error('no room');
  expect(more).toEqual([]);
  expect(first.state('m.room.member', world.bob.id)?.content).toMatchObject({ is_direct: true });
  world.bob.join(first);
  await world.restart();
  await world.chat.tell(world.bob.id, { text: 'three' });
  expect(messagesIn(world, first).map((event) => [event.content.msgtype, event.content.body])).toEqual([
    ['m.notice', 'one'],
    ['m.notice', 'two'],
    ['m.notice', 'three'],
  ]);
  world.bob.leave(first);
  await world.heard();
  await world.chat.tell(world.bob.id, { text: 'four' });
  const [, second] = world.server.roomList();
  if (!second) throw new Error('no second room');
  expect(messagesIn(world, second).map((event) => event.content.body)).toEqual(['four']);
  expect(first.membership(world.server.bot.id)).toBe('leave');
});

test('a direct room into which somebody else came is no place for private words', async () => {
  const world = await matrixWorld();
  await world.chat.tell(world.bob.id, { text: 'one' });
  const [first] = world.server.roomList();
  if (!first) throw new Error('no room');
  world.bob.join(first);
  world.bob.invite(first, world.alice.id);
  world.alice.join(first);
  await world.heard();
  await world.chat.tell(world.bob.id, { text: 'two' });
  expect(messagesIn(world, first).map((event) => event.content.body)).toEqual(['one']);
});

test('nor is one into which somebody may have come in a gap', async () => {
  const world = await matrixWorld();
  await world.chat.tell(world.bob.id, { text: 'one' });
  const [first] = world.server.roomList();
  if (!first) throw new Error('no room');
  world.bob.join(first);
  await world.heard();
  await world.chat.tell(world.bob.id, { text: 'two' });
  world.server.timelineLimit = 2;
  await world.server.down();
  world.bob.invite(first, world.alice.id);
  world.alice.join(first);
  for (let i = 0; i < 3; i++) world.bob.say(first, 'talk');
  await world.clock.sleeping(1_000);
  await world.server.up();
  world.clock.advance(1_000);
  await world.heard();
  await world.chat.tell(world.bob.id, { text: 'three' });
  expect(messagesIn(world, first).map((event) => event.content.body)).toEqual(['one', 'two']);
});

test('where the homeserver encrypts direct rooms by itself, nothing private is sent at all', async () => {
  const world = await matrixWorld();
  world.server.encryptsDirect = true;
  for (let i = 0; i < 2; i++)
    await expect(world.chat.tell(world.bob.id, { text: 'secret' })).rejects.toMatchObject({
      code: 'forbidden',
    });
  expect(world.server.roomList()).toHaveLength(1);
  expect(JSON.stringify(world.server.requests)).not.toContain('secret');
});

test('an answer that never came makes no second direct room', async () => {
  const world = await matrixWorld();
  world.server.fail({ path: /createRoom/, how: 'lose' });
  const telling = world.chat.tell(world.bob.id, { text: 'hello' });
  await world.clock.sleeping(1_000);
  world.clock.advance(1_000);
  await telling;
  expect(world.server.roomList()).toHaveLength(1);
});

test('a mention is a text, which notifies, and is not repeated by an edit', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room, { text: 'Done.', mentions: [world.alice.id] });
  await world.chat.edit(room.id, id, { text: 'Done!', mentions: [world.alice.id] });
  expect(room.event(id).content).toMatchObject({
    msgtype: 'm.text',
    'm.mentions': { user_ids: ['@alice:localhost'] },
    formatted_body: '<p><a href="https://matrix.to/#/@alice:localhost">@alice:localhost</a></p><p>Done.</p>',
  });
  const [edit] = room.related(id, 'm.replace');
  expect(edit?.content['m.mentions']).toBeUndefined();
});

test('a picture that the homeserver finds too large is refused with words', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.server.mostUpload = 3;
  await expect(world.post(room, { title: 'Ada?', picture })).rejects.toMatchObject({ code: 'too_large' });
  world.server.mostUpload = 4;
  await world.post(room, { title: 'Ada?', picture });
  expect(messagesIn(world, room)).toHaveLength(1);
});

test('an answer to a command in a thread stays in the thread', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const start = world.alice.say(room, 'about the bot');
  const asked = world.alice.say(room, '!visavis status', {
    'm.relates_to': { rel_type: 'm.thread', event_id: start },
  });
  await world.until(() => world.commands.length === 1);
  const id = await world.commands[0]?.reply({ text: 'All is well.' });
  expect(relationOf(room.event(id ?? '').content)).toEqual({
    rel_type: 'm.thread',
    event_id: start,
    is_falling_back: true,
    'm.in_reply_to': { event_id: asked },
  });
});
