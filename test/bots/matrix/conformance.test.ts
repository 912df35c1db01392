import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  parseCommand,
  readEvent,
  readReaction,
  readSync,
  readText,
} from '../../../src/bots/matrix/incoming.ts';
import { MatrixRefusal } from '../../../src/bots/matrix/wire.ts';
import type { Json } from '../../fakes/homeserver/events.ts';
import type { Exchange } from '../../fakes/homeserver/homeserver.ts';
import { differences, template } from './shapes.ts';
import { directRoom, type MatrixWorld, matrixWorld, messagesIn, picture, toldTo } from './world.ts';

/**
 * Requests, answers and events as they were recorded between a bot and a current homeserver (Synapse 1.138), in
 * rooms of three versions. Long lists are shortened; `only recorded` below is what the bot never reads.
 */
const read = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8')) as Record<
    string,
    Recording & Recording[]
  >;
interface Recording extends Json {
  readonly method: string;
  readonly path: string;
  readonly qs: Json | null;
  readonly body: Json;
  readonly status: number;
  readonly response: Json;
}
const VERSIONS = ['10', '11', '12'] as const;
const common = read('common');
const recordedIn = { 10: read('v10'), 11: read('v11'), 12: read('v12') };
const part = (from: Readonly<Record<string, Recording & Recording[]>>, name: string) => {
  const found = from[name];
  if (!found) throw new Error(`nothing was recorded as ${name}`);
  return found;
};

/** The last request of ours to the same place as a recorded one. */
function like(
  world: MatrixWorld,
  recorded: Recording,
  which: (body: Json) => boolean = () => true,
): Exchange {
  const found = world.server.requests.findLast(
    (one) =>
      one.method === recorded.method &&
      template(one.path) === template(recorded.path) &&
      (typeof one.body !== 'object' || which(one.body as Json)),
  );
  if (!found) throw new Error(`no request like ${recorded.method} ${recorded.path}`);
  return found;
}

const relationType = (body: Json) => (body['m.relates_to'] as Json | undefined)?.rel_type;
/** Our captions and edits always have HTML beside the plain text. */
const HTML = ['format: only here', 'formatted_body: only here'];

for (const version of VERSIONS)
  test(`what the bot sends in a room of version ${version}`, async () => {
    const recorded = recordedIn[version];
    const world = await matrixWorld();
    const room = await world.room({ version });
    const id = await world.post(room, { title: 'Is this Ada?', picture });
    await world.chat.seed(room.id, id, ['👍']);
    const notice = await world.post(room, { text: 'one\ntwo' }, 'notice');
    const sent = (name: string, which?: (body: Json) => boolean) => {
      const recording = part(recorded, name);
      const ours = like(world, recording, which);
      expect(ours.status).toBe(recording.status);
      return [
        ...differences(recording.body, ours.body),
        ...differences(recording.response, ours.response, 'response'),
      ];
    };
    expect(sent('join')).toEqual([]);
    expect(sent('send-image', (body) => body.msgtype === 'm.image')).toEqual(HTML);
    expect(sent('send-reaction')).toEqual([]);
    expect(sent('send-html-notice', (body) => body.msgtype === 'm.notice')).toEqual([]);
    await world.chat.edit(room.id, notice, { text: 'three' });
    expect(sent('send-edit', (body) => relationType(body) === 'm.replace')).toEqual([]);
    await world.chat.remove(room.id, notice);
    // The reason is for a person who redacts.
    expect(sent('redact-request')).toEqual(['reason: only recorded']);
    const start = world.alice.say(room, 'about');
    world.alice.say(room, '!visavis help', {
      'm.relates_to': { rel_type: 'm.thread', event_id: start },
    });
    await world.until(() => world.commands.length === 1);
    await world.commands[0]?.reply({ text: 'help' });
    expect(sent('send-thread-reply', (body) => relationType(body) === 'm.thread')).toEqual([
      ...HTML,
      // Nobody is called who has just asked.
      'm.mentions: only recorded',
    ]);
    // Somebody reacts to a message before the bot knows that it is there.
    world.server.fail({ method: 'PUT', path: /m\.room\.message/, how: 'lose' });
    const late = world.post(room, { text: 'late' }, 'late');
    await world.clock.sleeping(1_000);
    world.alice.react(
      room,
      room.events.findLast((event) => event.content.body === 'late')?.eventId ?? '',
      '👍',
    );
    world.clock.advance(1_000);
    await late;
    const relations = part(recorded, 'relations-annotation');
    const asked = like(world, relations);
    expect(Object.keys(asked.qs)).toEqual(['limit']);
    expect(differences(relations.response, asked.response)).toEqual(['next_batch: only recorded']);
  });

test('what the bot sends at its start, and outside of rooms', async () => {
  const world = await matrixWorld();
  const startup = part(common, 'startup-requests');
  const ours = world.server.requests;
  expect(ours.slice(0, 4).map((one) => [one.method, template(one.path), one.status])).toEqual(
    startup.map((one) => [one.method, template(one.path), one.status]),
  );
  for (const [i, one] of startup.entries()) {
    expect(differences(one.body, ours[i]?.method === 'POST' ? ours[i]?.body : undefined)).toEqual([]);
    expect(differences(one.response, ours[i]?.response)).toEqual([]);
  }
  expect(ours[3]?.body).toEqual(startup[3]?.body);
  await world.chat.tell(world.bob.id, { text: 'hello' });
  const create = part(common, 'dm-create');
  expect(like(world, create).body).toEqual(create.body);
  expect(differences(create.response, like(world, create).response)).toEqual([]);
  const list = part(common, 'dm-account-data');
  expect(differences(list.body, like(world, list).body)).toEqual([]);
  const room = await world.room();
  await world.post(room, { title: 'x', picture });
  const upload = like(world, part(common, 'media-upload'));
  expect([Object.keys(upload.qs), upload.contentType]).toEqual([['filename'], 'image/jpeg']);
  expect(differences(part(common, 'media-upload').response, upload.response)).toEqual([]);
  const id = await world.post(room, { text: 'done', mentions: [world.alice.id] }, 'mention');
  expect(differences(part(common, 'send-mention').body, room.event(id).content)).toEqual([]);
  const sync = world.server.requests.findLast((one) => one.path.endsWith('/sync'));
  expect(Object.keys(sync?.qs ?? {}).sort()).toEqual(
    Object.keys(part(common, 'sync-limited-gap').qs ?? {}).sort(),
  );
});

for (const version of VERSIONS)
  test(`events and syncs of the stand-in, as they were recorded: version ${version}`, async () => {
    const recorded = recordedIn[version];
    const world = await matrixWorld();
    const invited = world.server.requests.length;
    const room = await world.room({ version, name: 'Photos' });
    const syncs = world.server.requests
      .slice(invited - 1)
      .filter((one) => one.path.endsWith('/sync') && one.status === 200);
    const body = (name: string) => part(recorded, name).response;
    const withRooms = (kind: string) =>
      syncs.find((one) => kind in (((one.response as Json).rooms as Json | undefined) ?? {}));
    expect(differences(body('sync-invite'), withRooms('invite')?.response)).toEqual(
      version === '12'
        ? // A homeserver may send the whole event that made the room.
          expect.arrayContaining([expect.stringMatching(/m\.room\.create/)])
        : [],
    );
    const join = withRooms('join');
    expect(differences(body('sync-join-first'), join?.response).filter(isRead)).toEqual([]);
    expect(room.state('m.room.power_levels')?.content).toMatchObject({
      ...(part(recorded, 'power-levels') as Json),
      users: version === '12' ? {} : { '@alice:localhost': 100 },
    });

    const id = await world.post(room, { title: 'Is this Ada?', picture });
    const reaction = world.alice.react(room, id, '👍');
    await world.until(() => world.reactions.length === 1);
    const command = world.alice.say(room, '!visavis next', {
      'm.mentions': { user_ids: [world.server.bot.id] },
    });
    world.alice.say(room, '* !visavis skip', {
      'm.new_content': { msgtype: 'm.text', body: '!visavis skip' },
      'm.relates_to': { rel_type: 'm.replace', event_id: command },
    });
    await world.chat.edit(room.id, id, { title: 'It is Ada.' });
    await world.heard();
    world.alice.redact(room, reaction);
    await world.until(() => world.reactions.length === 2);
    const events = world.server.requests
      .filter((one) => one.path.endsWith('/sync') && one.status === 200)
      .flatMap((one) => {
        const rooms = (
          one.response as { rooms?: { join?: Record<string, { timeline: { events: Json[] } }> } }
        ).rooms;
        return Object.values(rooms?.join ?? {}).flatMap((joined) => joined.timeline.events);
      });
    const event = (type: string, which: (content: Json) => boolean = () => true) =>
      events.find((one) => one.type === type && which(one.content as Json));
    const compare = (name: string, ours: unknown) => differences(part(recorded, name), ours);
    expect(compare('event-reaction', event('m.reaction'))).toEqual([]);
    expect(compare('event-redaction', event('m.room.redaction'))).toEqual([]);
    expect(
      compare(
        'event-command',
        event('m.room.message', (one) => one.body === '!visavis next'),
      ),
    ).toEqual([]);
    expect(
      compare(
        'event-user-edit',
        event('m.room.message', (one) => one.body === '* !visavis skip'),
      ),
    ).toEqual([]);
    const echo = event('m.room.message', (one) => one.msgtype === 'm.image');
    expect(compare('event-own-echo', echo).filter((line) => !line.startsWith('content.'))).toEqual([]);

    await fetched(world, room.id, id);
    const edited = part(recorded, 'event-after-edit');
    const replaced = 'unsigned.m.relations.m.replace.content';
    expect(
      differences(edited.response, like(world, edited).response).filter((line) => !line.startsWith(replaced)),
    ).toEqual(HTML.map((line) => `content.${line}`));
    const gone = part(recorded, 'redacted-reaction-fetched');
    await fetched(world, room.id, reaction);
    expect(differences(gone.response, like(world, gone).response)).toEqual([]);
  });

/** Asks for one event, as the bot does for the one that made a room. */
async function fetched({ server }: MatrixWorld, roomId: string, eventId: string): Promise<void> {
  const path = ['rooms', roomId, 'event', eventId].map(encodeURIComponent).join('/');
  const headers = { authorization: `Bearer ${server.bot.token}` };
  await fetch(`${server.url}/_matrix/client/v3/${path}`, { headers });
}

test('a gap is asked for, and answered, as it was recorded', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  world.server.timelineLimit = 2;
  await world.server.down();
  for (const emoji of ['✅', '❌', '🤷']) world.alice.react(room, id, emoji);
  await world.clock.sleeping(1_000);
  await world.server.up();
  world.clock.advance(1_000);
  await world.until(() => world.reactions.length === 3);
  const recorded = part(common, 'messages-gap');
  const [asked, rest] = world.server.requests.filter((one) => one.path.endsWith('/messages'));
  const [path, query] = recorded.path.split('?');
  expect(asked?.path.endsWith(path ?? '')).toBe(true);
  // What the bot reads is no talk; the filter leaves that out.
  expect(Object.keys(asked?.qs ?? {}).sort()).toEqual(
    [...new URLSearchParams(query).keys(), 'filter'].sort(),
  );
  expect(Object.keys(recorded.body)).toEqual(Object.keys(asked?.response as Json));
  const events = part(common, 'relations-page').chunk;
  expect(differences({ ...recorded.body, chunk: events }, asked?.response)).toEqual([]);
  // There is no more: neither events nor a place to go on from.
  const end = (asked?.response as Json | undefined)?.end;
  expect(rest?.response).toEqual({ chunk: [], start: end });
});

/** Of a first sync of a room. */
const UNREAD = ['device_lists', 'summary', 'm.room.topic'];
const isRead = (line: string) => !UNREAD.some((one) => line.includes(one));

test('events that end something, and errors, as they were recorded', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.alice.invite(room, world.bob.id);
  world.bob.join(room);
  const id = await world.post(room);
  const stateEvent = (type: string, key = '') =>
    world.server.requests
      .toReversed()
      .flatMap((one) => eventsOf(one.response))
      .find((one) => one.type === type && one.state_key === key);
  world.alice.setState(room, 'm.room.tombstone', { body: 'moved', replacement_room: '!x:localhost' });
  await world.heard();
  expect(differences(part(common, 'event-tombstone'), stateEvent('m.room.tombstone'))).toEqual([]);

  const refused = async (work: Promise<unknown>) => {
    const error = await work.then(
      () => null,
      (reason: unknown) => reason,
    );
    return { error, answer: world.server.requests.findLast((one) => one.status >= 400) };
  };
  const same = (name: string, answer: Exchange | undefined) => {
    const recording = part(common, name);
    expect(answer?.status).toBe(recording.status);
    const body = (recording.response ?? recording.body) as Json;
    expect(differences(body, answer?.response)).toEqual([]);
    expect(answer?.response).toMatchObject({ errcode: body.errcode });
    return answer?.response as Json;
  };
  // A second process with the same account seeds too.
  await world.chat.seed(room.id, id, ['✅']);
  await world.store.db.deleteFrom('matrix_state').execute();
  await world.restart();
  await world.chat.seed(room.id, id, ['✅']);
  const twice = world.server.requests.findLast((one) => one.status === 400);
  expect(same('error-duplicate-annotation', twice)).toEqual({
    errcode: 'M_DUPLICATE_ANNOTATION',
    error: "Can't send same reaction twice",
  });
  const missing = world.server.requests.find((one) => one.path.includes('m.room.encryption'));
  expect(missing?.response).toEqual(part(common, 'encrypted-room-state-missing').body);

  world.server.mostUpload = 1;
  same('error-upload-too-large', (await refused(world.post(room, { picture }, 'large'))).answer);
  world.server.limiter.limit = { perSecond: 0.2, burst: 0.9 };
  const limited = world.post(room, { text: 'x' }, 'limited');
  await world.server.until(() => world.server.requests.at(-1)?.status === 429);
  same('error-limit-exceeded', world.server.requests.at(-1));
  world.server.limiter.limit = null;
  await world.clock.sleeping(1_000);
  world.clock.advance(1_000);
  await limited;

  const levels = room.state('m.room.power_levels')?.content;
  world.alice.setState(room, 'm.room.power_levels', { ...levels, events_default: 50 });
  expect(
    same('error-forbidden-send', (await refused(world.post(room, { text: 'x' }, 'power'))).answer),
  ).toEqual(part(common, 'error-forbidden-send').response);
  world.alice.kick(room);
  await world.heard();
  expect(differences(part(common, 'event-kick'), stateEvent('m.room.member', world.server.bot.id))).toEqual(
    [],
  );
  const joining = await refused(world.chat.follow(room.id, world.alice.id));
  expect(same('error-join-forbidden', joining.answer)).toEqual(part(common, 'error-join-forbidden').response);
  world.server.revoke();
  const refusal = () => world.server.requests.find((one) => one.status === 401);
  await world.server.until(() => refusal() !== undefined);
  expect(same('error-unknown-token', refusal())).toEqual(part(common, 'error-unknown-token').response);
});

function eventsOf(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'type' in value && 'event_id' in value ? [value as Json] : [];
  return [...own, ...Object.values(value).flatMap(eventsOf)];
}

test('private rooms are checked with what was recorded of their members', async () => {
  const world = await matrixWorld();
  await world.chat.tell(world.bob.id, { text: 'one' });
  await world.restart();
  await world.chat.tell(world.bob.id, { text: 'two' });
  expect(toldTo(world, world.bob)).toEqual(['one', 'two']);
  const asked = world.server.requests.find((one) => one.path.endsWith('/joined_members'));
  expect(differences(part(common, 'joined-members'), asked?.response)).toEqual([]);
  const direct = directRoom(world, world.bob);
  expect(direct && messagesIn(world, direct)).toHaveLength(2);
});

test('recorded syncs and events are understood', () => {
  const bot = '@bot:localhost';
  for (const version of VERSIONS) {
    const recorded = recordedIn[version];
    const content = (name: string) => (part(recorded, name).content ?? {}) as Json;
    const [invitation, ...more] = readSync(part(recorded, 'sync-invite').response, bot).invitations;
    expect(more).toEqual([]);
    expect(invitation).toMatchObject({ from: '@alice:localhost', direct: false, encrypted: false });
    const first = readSync(part(recorded, 'sync-join-first').response, bot);
    expect(first.rooms).toMatchObject([{ roomId: invitation?.roomId, gap: true }]);
    expect(first.rooms[0]?.events).toHaveLength(10);
    const seed = readSync(part(recorded, 'sync-timeline').response, bot).rooms[0]?.events[0];
    expect(seed).toMatchObject({ sender: bot, type: 'm.reaction', redacted: false });
    expect(readReaction(content('event-reaction'))?.key).toBe('👍');
    const redaction = readEvent(part(recorded, 'event-redaction'));
    const reaction = readEvent(part(recorded, 'event-reaction'));
    expect(redaction?.redacts).toBe(reaction?.eventId);
    expect(readEvent(part(recorded, 'redacted-reaction-fetched').response)).toMatchObject({
      eventId: reaction?.eventId,
      redacted: true,
      content: {},
    });
    expect(readText(content('event-command'))).toEqual({ text: '!wiki next', thread: null });
    expect(readText(content('event-user-edit'))).toBeNull();
    expect(readText(content('event-own-echo'))).toBeNull();
  }
  const gap = readSync(part(common, 'sync-limited-gap').response, bot);
  expect(gap.rooms.map((room) => room.gap)).toEqual([true]);
  expect(readSync(part(common, 'sync-leave').response, bot).left).toHaveLength(1);
  const [made, standing, withdrawn] = part(common, 'offline-redacted-reaction').map((one) => readEvent(one));
  expect([made?.redacted, standing?.redacted]).toEqual([true, false]);
  expect(readReaction(made?.content ?? {})).toBeNull();
  expect(withdrawn?.redacts).toBe(made?.eventId);
  const moderated = readEvent(part(common, 'event-redaction-by-moderator'));
  expect(moderated).toMatchObject({ sender: '@alice:localhost', redacts: expect.stringMatching(/^\$/) });
  const reply = part(common, 'event-reply-with-fallback').content as Json;
  expect(readText(reply)?.text).toBe('!wiki yes');
  expect(parseCommand('!wiki yes')).toBeNull();
  const limit = part(common, 'error-limit-exceeded');
  const headers = limit.headers as { 'retry-after': string };
  expect(new MatrixRefusal(limit.status, limit.body, headers['retry-after']).retryAfterMs).toBe(2_000);
  for (const page of part(common, 'relations-page').chunk as Json[])
    expect(readReaction(readEvent(page)?.content ?? {})?.key).toMatch(/^k\d+$/);
});
