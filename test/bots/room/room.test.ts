import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Chat, CommandEvent, ReactionEvent } from '../../../src/bots/chat.ts';
import { parseCommand } from '../../../src/bots/room/parse.ts';
import { createRoomChat } from '../../../src/bots/room/room.ts';
import { systemClock } from '../../../src/core/platform/clock.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import { postMessage, type RoomDeps } from '../../../src/core/room/messages.ts';
import { addReaction, removeReaction } from '../../../src/core/room/reactions.ts';
import { listMessages, pictureOf } from '../../../src/core/room/reading.ts';
import { freshStore } from '../../support/stores.ts';

const ann = { id: 'room-a', name: 'Ann' };
let deps: RoomDeps;
let dispose: () => Promise<void>;
let chat: Chat;
let reactions: ReactionEvent[];
let commands: CommandEvent[];

beforeEach(async () => {
  const fresh = await freshStore();
  dispose = fresh.dispose;
  deps = { store: fresh.store, clock: systemClock, nudges: memoryNudges() };
  reactions = [];
  commands = [];
  chat = newChat();
});
afterEach(async () => {
  await chat.stop();
  await dispose();
});

function newChat(): Chat {
  return createRoomChat({ ...deps, log: silentLog, mayManageRoom: (userId) => userId === ann.id });
}

const handlers = {
  onReaction: async (event: ReactionEvent) => void reactions.push(event),
  onCommand: async (event: CommandEvent) => void commands.push(event),
};
const say = (text: string, user = ann) => postMessage(deps, { channel: 'practice', user, body: { text } });
const seen = (userId = ann.id) => listMessages(deps.store, { channel: 'practice', forUser: userId });

async function until(check: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !check(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(check()).toBe(true);
}

test('a post with a key is there once, with its picture, its emoji and its edits', async () => {
  const picture = {
    bytes: new Uint8Array([1, 2, 3]),
    type: 'image/jpeg' as const,
    width: 10,
    height: 20,
    alt: 'a face',
  };
  const id = await chat.post('practice', { title: 'Is this Ada?', picture }, 'question 1');
  expect(await chat.post('practice', { title: 'Is this Ada?', picture }, 'question 1')).toBe(id);
  await chat.seed('practice', id, ['✅', '❌']);
  await chat.seed('practice', id, ['✅', '❌']);
  await chat.edit('practice', id, { title: 'It is Ada.' });
  const [message, ...more] = await seen();
  expect(more).toEqual([]);
  expect(message?.body.title).toBe('It is Ada.');
  expect(message?.body.picture).toEqual({ type: 'image/jpeg', width: 10, height: 20, alt: 'a face' });
  expect(message?.reactions.map(({ emoji }) => emoji)).toEqual(['✅', '❌']);
  const stored = await pictureOf(deps.store, {
    channel: 'practice',
    messageId: Number(id),
    forUser: ann.id,
  });
  expect([...(stored?.bytes ?? [])]).toEqual([1, 2, 3]);
  await chat.remove('practice', id);
  await chat.remove('practice', id);
  expect(await chat.reactions('practice', id)).toBeNull();
});

test('reactions and commands arrive in order, talk does not', async () => {
  const id = await chat.post('practice', { title: 'Is this Ada?' }, 'k');
  await chat.start(handlers);
  await addReaction(deps, { messageId: Number(id), user: ann, emoji: '✅' });
  await removeReaction(deps, { messageId: Number(id), user: ann, emoji: '✅' });
  await say('nice hat');
  await say('!visavis write now');
  await until(() => commands.length === 1 && reactions.length === 2);
  expect(reactions.map(({ change, emoji, messageId }) => [change, emoji, messageId])).toEqual([
    ['added', '✅', id],
    ['taken_back', '✅', id],
  ]);
  expect(commands[0]).toMatchObject({
    name: 'write',
    args: ['now'],
    channelId: 'practice',
    channelName: '#practice',
    user: ann,
    mayManageChannel: true,
  });
});

test('answers: privately to the one who asked, or to everybody with an id to edit', async () => {
  await chat.start(handlers);
  await say('/link');
  await until(() => commands.length === 1);
  await commands[0]?.replyPrivately({ text: 'only for Ann' });
  const id = await commands[0]?.reply({ text: 'for all' });
  await chat.edit('practice', id ?? '', { text: 'for all, edited' });
  await chat.tell(ann.id, { text: 'told' });
  expect((await seen('somebody')).map(({ body }) => body.text)).toEqual(['/link', 'for all, edited']);
  expect((await seen()).map(({ body }) => body.text)).toEqual([
    '/link',
    'only for Ann',
    'for all, edited',
    'told',
  ]);
});

test('a restart goes on where it ended: nothing is lost and nothing comes twice', async () => {
  await chat.start(handlers);
  await say('!status');
  await until(() => commands.length === 1);
  await chat.stop();
  await say('!visavis whoami');
  await say('!visavis help');
  expect(commands).toHaveLength(1);
  chat = newChat();
  await chat.start(handlers);
  await until(() => commands.length === 3);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(commands.map(({ name }) => name)).toEqual(['status', 'whoami', 'help']);
});

test('a handler that throws holds up nobody', async () => {
  await chat.start({
    ...handlers,
    onCommand: async (event) => {
      if (event.name === 'stop') throw new Error('no');
      commands.push(event);
    },
  });
  await say('!stop');
  await say('!help');
  await until(() => commands.length === 1);
});

test('who reacted is known by name, the bot is not among them', async () => {
  const id = await chat.post('practice', { title: 'Is this Ada?' }, 'k');
  await chat.seed('practice', id, ['✅']);
  await addReaction(deps, { messageId: Number(id), user: ann, emoji: '✅' });
  expect(await chat.reactions('practice', id)).toEqual([{ user: ann, emoji: '✅' }]);
  expect(await chat.reactions('practice', '123456789012345678901')).toBeNull();
});

test.each([
  ['!visavis link', 'link', []],
  ['/visavis  LINK ', 'link', []],
  ['!visavis', 'help', []],
  ['!Visavis language nb', 'language', ['nb']],
  ['/stop', 'stop', []],
  ['!forget-me', 'forget-me', []],
  ['!visavis unknown thing', 'unknown', ['thing']],
])('%j is a command', (text, name, args) => {
  expect(parseCommand(text)).toEqual({ name, args });
});

test.each(['hello', 'visavis link', '!hello', '/shrug', '!', '/ link', '!visavislink'])(
  '%j is talk',
  (text) => {
    expect(parseCommand(text)).toBeNull();
  },
);
