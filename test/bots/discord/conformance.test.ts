import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { COMMANDS } from '../../../src/bots/commands.ts';
import type { SeenRequest } from '../../fakes/discord/discord.ts';
import { Refusal, rateLimited, refuse } from '../../fakes/discord/refusal.ts';
import { bench, PICTURE, until } from './harness.ts';
import { misfits } from './recorded/shape.ts';

/**
 * The recordings (`recorded/requests.json`, `recorded/frames.json`) are what discord.js 14.28.1 sent, and what two
 * servers answered: `seen` on one that speaks Discord's protocol, `documented` on one built from Discord's own
 * documentation. Everything that the adapter sends, and everything that the stand-in answers, is compared with them.
 */
const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, 'recorded', name), 'utf8'));

interface Recording {
  readonly source: 'seen' | 'documented';
  readonly url: string;
  readonly headers: string[];
  readonly body: unknown;
  readonly files: [field: string, name: string, type: string][];
  readonly status: number;
  readonly response: unknown;
}
const requests: Record<string, Recording[]> = read('requests.json');
const everyRecording = Object.values(requests).flat();
const frames: {
  fromBot: Record<string, Record<string, { op: number; d: unknown }>>;
  control: Record<string, Record<string, { d: unknown }>>;
  events: Record<string, Record<string, Record<string, unknown>>>;
  interactions: Record<string, Record<string, Record<string, unknown>>>;
  errors: Record<string, { status: number; headers?: Record<string, string>; body: Record<string, unknown> }>;
} = read('frames.json');

/** Requests that nobody recorded; they are in the documentation, and have no body but what is said here. */
const DOCUMENTATION_ONLY: Record<string, unknown> = {
  'DELETE /channels/:channel/messages/:message': {},
  'DELETE /webhooks/:application/:token/messages/@original': {},
  'PATCH /channels/:channel': { archived: false },
};
/** Keys that nobody recorded, and where the documentation has them. */
const DOCUMENTED_KEYS = [
  // "Embed object": fields.
  /^(data\.)?embeds\[\]\.fields$/,
  // "Allowed mentions object": users.
  /^(data\.)?allowed_mentions\.users$/,
  // "Button": emoji.
  /^components\[\]\.components\[\]\.emoji$/,
  // "Edit message", "Create followup message": components are those of any message.
  /^components$/,
  // "Edit webhook message": embeds are those of any message.
  /^embeds$/,
  // "Application command option": subcommands have options, their names have localisations, options have choices.
  /^\[\]\.options\[\]\.(options|name_localizations|description_localizations)$/,
  // "Locales": those that were recorded were Finnish.
  /^\[\]\.description_localizations\.(no|es-ES|es-419|fr)$/,
];

const unexplained = (found: string[]) =>
  found.filter((one) => !DOCUMENTED_KEYS.some((key) => key.test(one.replace(/: nobody recorded it$/, ''))));

let sent: SeenRequest[] = [];
let received: { op: number; d: unknown }[] = [];
let events: { name: string; data: Record<string, unknown> }[] = [];

// One walk through all that the adapter does.
beforeAll(async () => {
  const made = await bench();
  const { fake, chat, channel, ada, handlers } = made;
  fake.gateway.heartbeatMs = 200;
  events = [];
  fake.world.on('dispatch', (event) => events.push(event));
  made.onCommand = async (event) => {
    if (event.name === 'next') return void (await event.reply({ text: 'for all' }));
    await event.reply({ title: 'Status', fields: [{ label: 'Files', value: '1 / 2' }] });
    await event.replyPrivately({ text: 'more' });
    await event.replyPrivately({ text: 'and more' });
  };
  made.onButton = (event) => event.replyPrivately({ text: 'Thank you' });
  const thread = fake.world.addChannel('details', 11);
  await chat.start(handlers);
  const buttons = [{ emoji: '✅', label: 'Yes' }];
  const card = {
    title: 'Q1',
    text: 'd',
    footer: 'CC BY-SA 4.0',
    picture: PICTURE,
    buttons,
    mentions: [ada.id],
  };
  const id = await chat.post(channel.id, card, 'post-1');
  await chat.seed(channel.id, id, ['✅', '1️⃣']);
  await chat.edit(channel.id, id, { title: 'Q1', text: 'new', footer: 'CC BY-SA 4.0', buttons });
  await chat.edit(channel.id, id, card);
  const message = fake.world.messages.get(id);
  if (!message) throw new Error('no message');
  fake.world.react(message, ada, '✅');
  await chat.reactions(channel.id, id);
  fake.world.takeBack(message, ada, '✅');
  channel.missing.delete('ManageMessages');
  fake.world.react(message, ada, '🍕');
  await chat.takeAway?.(channel.id, id, ada.id, '🍕');
  fake.world.clear(message);
  await chat.tell(ada.id, { text: 'told' });
  fake.interactions.command(ada, channel, 'status');
  const silent = fake.interactions.command(ada, channel, 'next');
  fake.interactions.type(ada, channel, 'setup', 'number', 'Tu');
  fake.interactions.press(ada, message, '✅');
  await until(() => expect(fake.world.toldTo(ada).length).toBeGreaterThanOrEqual(4));
  await until(() => expect(silent.original?.deleted).toBe(true));
  const inThread = await chat.post(thread.id, { text: 'in a thread' }, 'post-2');
  thread.archived = true;
  await chat.edit(thread.id, inThread, { text: 'edited' });
  // Not in this process's memory: it must be read.
  const old = fake.world.addMessage({ channelId: channel.id });
  await chat.edit(channel.id, old.id, { text: 'edited' });
  await chat.remove(thread.id, inThread);
  await until(() => expect(fake.gateway.received.some(({ op }) => op === 1)).toBe(true));
  fake.gateway.close(4000);
  await until(() => expect(fake.gateway.resumed).toBe(1));
  await until(() => expect(fake.commands).toHaveLength(1));
  sent = [...fake.requests];
  received = [...fake.gateway.received];
});

test('every recording that is kept is used', () => {
  const routes = new Set(sent.map(({ route }) => route));
  expect([...routes].sort()).toEqual([...Object.keys(requests), ...Object.keys(DOCUMENTATION_ONLY)].sort());
});

test('every request has the shape of a recorded one', () => {
  for (const { route, url, headers, body, files } of sent) {
    if (route in DOCUMENTATION_ONLY) {
      expect([route, body]).toEqual([route, DOCUMENTATION_ONLY[route]]);
      continue;
    }
    const recorded = requests[route] ?? [];
    const bodies = recorded.map((one) => one.body);
    const found = [...misfits(body, bodies), ...listOnly(body, bodies)];
    expect([route, unexplained(found)]).toEqual([route, []]);
    // Whoever sends the token where it was not recorded gives it away.
    const withToken = recorded.some((one) => one.headers.includes('authorization'));
    expect([route, 'authorization' in headers]).toEqual([route, withToken]);
    expect(headers['user-agent']).toMatch(
      /^DiscordBot \(https:\/\/discord\.js\.org, [\d.]+\) discord\.js\/14\.28\.1/,
    );
    // One file beside the JSON, whose field the stand-in checks: `files[0]`, as in every recording.
    expect(files.length).toBeLessThanOrEqual(Math.max(...everyRecording.map((one) => one.files.length)));
    expect(url).toMatch(/^\/api\/v10\//);
    // Parameters in the order and the writing of the recording, but for how many and from where.
    const names = [...new URL(url, 'http://x').searchParams.keys()].filter((name) => name !== 'after');
    const known = recorded.map((one) => [...new URL(one.url, 'http://x').searchParams.keys()]);
    expect(known).toContainEqual(names);
  }
});

test('emoji and the original answer are written in an address as recorded', () => {
  const urls = sent.map(({ url }) => url);
  expect(urls.some((url) => url.endsWith('/reactions/%E2%9C%85/@me'))).toBe(true);
  expect(urls.some((url) => url.endsWith('/reactions/1%EF%B8%8F%E2%83%A3/@me'))).toBe(true);
  expect(urls.some((url) => /\/reactions\/%F0%9F%8D%95\/\d+$/.test(url))).toBe(true);
  expect(urls.some((url) => /\/webhooks\/\d+\/[\w-]+\/messages\/(@|%40)original$/.test(url))).toBe(true);
});

test.each(['op1', 'op2', 'op6'])('%s to the gateway has exactly the recorded keys', (op) => {
  const recorded = frames.fromBot[op]?.seen;
  const mine = received.filter((frame) => `op${frame.op}` === op);
  expect(mine.length).toBeGreaterThan(0);
  for (const frame of mine) {
    expect(misfits(frame, [recorded])).toEqual([]);
    expect(misfits(recorded, [frame])).toEqual([]);
  }
});

test('intents: servers, reactions and private messages; none that must be applied for', () => {
  const identify = received.find(({ op }) => op === 2)?.d as { intents: number; compress: boolean };
  expect(identify.intents).toBe((1 << 0) | (1 << 10) | (1 << 12) | (1 << 13));
  expect(identify.compress).toBe(false);
});

test('the stand-in’s events have the documented shape', () => {
  const compared = new Set<string>();
  for (const { name, data } of events) {
    const type = name === 'INTERACTION_CREATE' ? `type${data.type}` : name;
    const recorded = frames.interactions[type] ?? frames.events[type];
    if (!recorded) continue;
    compared.add(type);
    // Subcommands were not recorded, and the button that was pressed stood below a message without a nonce.
    const found = misfits(data, Object.values(recorded)).filter(
      (one) =>
        !/^data\.options\[\]\.options: nobody|^message\.nonce: nobody|components\[\]\.components\[\]\.emoji: nobody/.test(
          one,
        ),
    );
    expect([type, found]).toEqual([type, []]);
  }
  expect([...compared].sort()).toEqual([
    'MESSAGE_CREATE',
    'MESSAGE_REACTION_ADD',
    'MESSAGE_REACTION_REMOVE',
    'MESSAGE_REACTION_REMOVE_ALL',
    'MESSAGE_UPDATE',
    'type2',
    'type3',
    'type4',
  ]);
});

test('the stand-in refuses in Discord’s words', () => {
  const names = {
    unknown_message: 'unknownMessage',
    missing_permissions: 'missingPermissions',
    missing_access: 'missingAccess',
    unknown_interaction: 'unknownInteraction',
    already_acked: 'alreadyAcknowledged',
    max_reactions: 'tooManyReactions',
    unknown_emoji: 'unknownEmoji',
    reaction_blocked: 'reactionBlocked',
    cannot_dm: 'cannotTell',
  } as const;
  for (const [recorded, name] of Object.entries(names)) {
    const refusal = caught(() => refuse(name));
    expect({ status: refusal.status, body: refusal.body }).toEqual(frames.errors[recorded]);
  }
  const limits = { user: frames.errors.rate_limit_route, global: frames.errors.rate_limit_global };
  for (const scope of ['user', 'global'] as const) {
    const refusal = rateLimited(1, scope);
    expect(misfits(refusal.body, [limits[scope]?.body])).toEqual([]);
    expect(Object.keys(refusal.headers).sort()).toEqual(
      Object.keys(limits[scope]?.headers ?? {})
        .map((name) => name.toLowerCase())
        .sort(),
    );
  }
});

test.each(['seen', 'documented'])('reactions and commands as they were %s are understood', async (source) => {
  const made = await bench();
  const { fake, chat, handlers, heard } = made;
  await chat.start(handlers);
  const add = frames.events.MESSAGE_REACTION_ADD?.[source] ?? {};
  const remove = frames.events.MESSAGE_REACTION_REMOVE?.[source] ?? {};
  const person = { id: '1573888778492289848', username: 'player8185f', bot: false };
  fake.gateway.sendRaw('MESSAGE_REACTION_ADD', add);
  fake.gateway.sendRaw('MESSAGE_REACTION_ADD', {
    ...add,
    user_id: person.id,
    member: { ...(add.member as object), user: person },
  });
  fake.gateway.sendRaw('MESSAGE_REACTION_REMOVE', remove);
  fake.gateway.sendRaw('MESSAGE_REACTION_REMOVE_ALL', frames.events.MESSAGE_REACTION_REMOVE_ALL?.[source]);
  const command = frames.interactions.type2?.[source] ?? {};
  const [first] = COMMANDS;
  const data = {
    id: '1',
    version: '1',
    type: 1,
    name: 'visavis',
    options: [{ type: 1, name: first?.name, options: [] }],
  };
  fake.gateway.sendRaw('INTERACTION_CREATE', { ...command, data });
  await until(() => expect(heard.commands).toHaveLength(1));
  // The first reaction is a bot's.
  expect(heard.reactions.map(({ emoji, change, user }) => [emoji, change, user.name])).toEqual([
    ['👍', 'added', 'player8185f'],
    ['👍', 'taken_back', String(remove.user_id)],
    ['', 'cleared', ''],
  ]);
  expect(heard.commands[0]).toMatchObject({ name: 'help', channelId: command.channel_id });
});

/** A list of commands is a list, which `misfits` alone would take for an object with numbers as keys. */
function listOnly(body: unknown, recorded: unknown[]): string[] {
  const isList = recorded.some(Array.isArray);
  return isList && !Array.isArray(body) ? [': not a list'] : [];
}

function caught(work: () => never): Refusal {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}
