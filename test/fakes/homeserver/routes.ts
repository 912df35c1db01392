import { alone, type Json, Refused, type StoredEvent } from './events.ts';
import type { Limiter } from './limiter.ts';
import { createRoom, type Room, type RoomVersion, type World } from './room.ts';
import { positionOf, syncAnswer, tokenAt } from './sync.ts';

/** What the homeserver knows. */
export interface State extends World {
  readonly rooms: Map<string, Room>;
  readonly users: Map<string, { displayname: string }>;
  readonly filters: Json[];
  readonly accountData: Map<string, { position: number; content: Json }>;
  readonly media: Map<string, { bytes: Buffer; type: string }>;
  /** `TOKEN PATH` of every transaction, and what came of it. */
  readonly transactions: Map<string, string>;
  readonly limiter: Limiter;
  position: number;
  /** New rooms get this version. */
  version: RoomVersion;
  /** Encrypts every new direct room by itself, as some homeservers do. */
  encryptsDirect: boolean;
  /** Of a timeline, whatever the filter says. */
  timelineLimit: number | null;
  /** Everything before was deleted from the homeserver, but rooms' state. */
  historyFrom: number;
  /** Says how old events are. */
  tellsAge: boolean;
  /** The bot's token is no longer good. */
  revoked: boolean;
  /** Bytes of an upload. */
  mostUpload: number;
  /** Resolves when something happened, or the time is over. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Call {
  readonly method: string;
  /** Encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly contentType: string;
  readonly userId: string;
  readonly token: string;
  readonly gone: AbortSignal;
}

type Handler = (state: State, call: Call, parts: string[]) => unknown;

const V3 = '/_matrix/client/v3';

/** What is answered at all; anything else fails the test. A `*` stands for one part of the path. */
const ROUTES: readonly [string, string, Handler][] = [
  [
    'GET',
    `${V3}/account/whoami`,
    (_state, { userId }) => ({ user_id: userId, is_guest: false, device_id: 'BOT' }),
  ],
  ['GET', `${V3}/joined_rooms`, joinedRooms],
  ['POST', `${V3}/createRoom`, makeRoom],
  ['POST', `${V3}/join/*`, join],
  ['POST', `${V3}/rooms/*/leave`, leave],
  ['POST', `${V3}/user/*/filter`, makeFilter],
  ['GET', `${V3}/user/*/account_data/*`, readAccountData],
  ['PUT', `${V3}/user/*/account_data/*`, writeAccountData],
  ['GET', `${V3}/sync`, sync],
  ['PUT', `${V3}/rooms/*/send/*/*`, send],
  ['PUT', `${V3}/rooms/*/redact/*/*`, redact],
  ['GET', `${V3}/rooms/*/event/*`, readEvent],
  ['GET', `${V3}/rooms/*/messages`, messages],
  ['GET', `${V3}/rooms/*/state/*/*`, readState],
  ['GET', `${V3}/rooms/*/state/*/`, readState],
  ['GET', `${V3}/rooms/*/joined_members`, joinedMembers],
  ['GET', '/_matrix/client/v1/rooms/*/relations/*/*/*', relations],
  ['POST', '/_matrix/media/v3/upload', upload],
];

export function unknownToken(): Refused {
  return new Refused(401, 'M_UNKNOWN_TOKEN', 'Invalid access token passed.', { soft_logout: false });
}

/** null: this is nothing that the stand-in knows. */
export function routeOf(method: string, path: string): ((state: State, call: Call) => unknown) | null {
  for (const [verb, pattern, handler] of ROUTES) {
    if (verb !== method) continue;
    const found = new RegExp(`^${pattern.replaceAll('*', '([^/]+)')}$`).exec(path);
    if (found) return (state, call) => handler(state, call, found.slice(1).map(decodeURIComponent));
  }
  return null;
}

function joinedRooms(state: State, { userId }: Call) {
  const rooms = [...state.rooms.values()].filter((room) => room.membership(userId) === 'join');
  return { joined_rooms: rooms.map((room) => room.id) };
}

function makeRoom(state: State, call: Call) {
  state.limiter.count(call.userId);
  const wanted = json(call) as { invite?: string[]; is_direct?: boolean; preset?: string };
  const room = createRoom(state, state.version, call.userId, state.users.get(call.userId)?.displayname);
  state.rooms.set(room.id, room);
  if (state.encryptsDirect)
    room.send({
      sender: call.userId,
      type: 'm.room.encryption',
      stateKey: '',
      content: { algorithm: 'm.megolm.v1.aes-sha2' },
    });
  for (const userId of wanted.invite ?? []) {
    if (!state.users.has(userId)) throw new Refused(404, 'M_NOT_FOUND', `no user ${userId}`);
    invite(state, room, call.userId, userId, wanted.is_direct === true);
  }
  return { room_id: room.id };
}

/** For people too. */
export function invite(
  state: State,
  room: Room,
  sender: string,
  userId: string,
  direct: boolean,
): StoredEvent {
  return room.send({
    sender,
    type: 'm.room.member',
    stateKey: userId,
    content: {
      displayname: state.users.get(userId)?.displayname,
      ...(direct ? { is_direct: true } : {}),
      membership: 'invite',
    },
  });
}

function join(state: State, { userId }: Call, [roomId = '']: string[]) {
  const room = state.rooms.get(roomId);
  if (!room) throw new Refused(404, 'M_NOT_FOUND', 'No known servers');
  enter(state, room, userId);
  return { room_id: roomId };
}

export function enter(state: State, room: Room, userId: string): StoredEvent {
  const displayname = state.users.get(userId)?.displayname;
  const content = { displayname, membership: 'join' };
  return room.send({ sender: userId, type: 'm.room.member', stateKey: userId, content });
}

function leave(state: State, call: Call, [roomId = '']: string[]) {
  const { reason } = json(call);
  roomOf(state, roomId, call.userId).send({
    sender: call.userId,
    type: 'm.room.member',
    stateKey: call.userId,
    content: { membership: 'leave', ...(reason === undefined ? {} : { reason }) },
  });
  return {};
}

function makeFilter(state: State, call: Call) {
  return { filter_id: String(state.filters.push(json(call)) - 1) };
}

function readAccountData(state: State, { userId }: Call, [, type = '']: string[]) {
  const data = state.accountData.get(`${userId} ${type}`);
  if (!data) throw new Refused(404, 'M_NOT_FOUND', 'Account data not found');
  return data.content;
}

function writeAccountData(state: State, call: Call, [, type = '']: string[]) {
  state.accountData.set(`${call.userId} ${type}`, { position: state.nextPosition(), content: json(call) });
  state.changed();
  return {};
}

async function sync(state: State, call: Call) {
  const { query, userId, token, gone } = call;
  const given = query.get('filter');
  const filter = given?.startsWith('{') ? (JSON.parse(given) as Json) : state.filters[Number(given ?? -1)];
  if (given !== null && !filter) throw new Refused(400, 'M_INVALID_PARAM', 'Invalid filter JSON');
  const timeline = ((filter?.room as Json | undefined)?.timeline ?? {}) as { limit?: number };
  const since = positionOf(query.get('since'));
  const until = state.now() + Number(query.get('timeout') ?? 0);
  for (;;) {
    const { body, empty } = syncAnswer({
      userId,
      token,
      since,
      now: state.now(),
      position: state.position,
      limit: timeline.limit === 0 ? 0 : (state.timelineLimit ?? timeline.limit ?? 10),
      rooms: [...state.rooms.values()],
      accountData: [...state.accountData]
        .filter(([name]) => name.startsWith(`${userId} `))
        .map(([name, data]) => ({ ...data, type: name.slice(userId.length + 1) })),
    });
    if (state.revoked) throw unknownToken();
    const left = until - state.now();
    if (!empty || since === null || left <= 0 || gone.aborted)
      return state.tellsAge ? body : withoutAge(body);
    await state.wait(left, gone);
  }
}

function withoutAge(body: Json): Json {
  return JSON.parse(JSON.stringify(body, (key, value) => (key === 'age' ? undefined : value))) as Json;
}

function send(state: State, call: Call, [roomId = '', type = '', txnId = '']: string[]) {
  return once(state, call, () => {
    const txn = { token: call.token, id: txnId };
    return roomOf(state, roomId, call.userId).send({ sender: call.userId, type, content: json(call), txn });
  });
}

function redact(state: State, call: Call, [roomId = '', redacts = '', txnId = '']: string[]) {
  return once(state, call, () =>
    redactIn(roomOf(state, roomId, call.userId), call.userId, redacts, json(call), {
      token: call.token,
      id: txnId,
    }),
  );
}

export function redactIn(
  room: Room,
  sender: string,
  redacts: string,
  content: Json,
  txn?: { token: string; id: string },
): StoredEvent {
  return room.send({
    sender,
    type: 'm.room.redaction',
    content: { ...content, redacts },
    redacts,
    ...(txn ? { txn } : {}),
  });
}

/** A transaction that was done is not done again, and costs nothing. */
function once(state: State, call: Call, work: () => StoredEvent) {
  const name = `${call.token} ${call.path}`;
  const known = state.transactions.get(name);
  if (known !== undefined) return { event_id: known };
  state.limiter.count(call.userId);
  const { eventId } = work();
  state.transactions.set(name, eventId);
  return { event_id: eventId };
}

function readEvent(state: State, call: Call, [roomId = '', eventId = '']: string[]) {
  const room = roomOf(state, roomId, call.userId);
  const event = room.event(eventId);
  const viewer = { now: state.now(), token: call.token };
  const shown = alone(event, viewer);
  const [edit] = room.related(eventId, 'm.replace');
  if (edit && edit.sender === event.sender)
    shown.unsigned = { ...(shown.unsigned as Json), 'm.relations': { 'm.replace': alone(edit, viewer) } };
  return shown;
}

function readState(state: State, { userId }: Call, [roomId = '', type = '', key = '']: string[]) {
  const event = roomOf(state, roomId, userId).state(type, key);
  if (!event) throw new Refused(404, 'M_NOT_FOUND', 'Event not found.');
  return event.content;
}

function joinedMembers(state: State, { userId }: Call, [roomId = '']: string[]) {
  const room = roomOf(state, roomId, userId);
  return {
    joined: Object.fromEntries(
      room
        .members()
        .map((one) => [
          one,
          { avatar_url: null, display_name: room.state('m.room.member', one)?.content.displayname },
        ]),
    ),
  };
}

/** Backwards, from a place or from the end. Who asks until there is no `end` has everything. */
function messages(state: State, call: Call, [roomId = '']: string[]) {
  const { query, userId, token } = call;
  const room = roomOf(state, roomId, userId);
  if (query.get('dir') !== 'b') throw new Error('only backwards');
  const filter = JSON.parse(query.get('filter') ?? '{}') as { types?: string[]; not_senders?: string[] };
  const from = positionOf(query.get('from')) ?? state.position;
  const to = positionOf(query.get('to')) ?? 0;
  const page = room.events
    .filter((one) => one.position <= from && one.position > to && one.position > state.historyFrom)
    .filter((one) => filter.types?.includes(one.type) ?? true)
    .filter((one) => !filter.not_senders?.includes(one.sender))
    .slice(-Math.min(100, Number(query.get('limit') ?? 10)))
    .reverse();
  const last = page.at(-1);
  const start = query.get('from') ?? tokenAt(state.position);
  if (!last) return { chunk: [], start };
  return {
    chunk: page.map((one) =>
      alone(one, { now: state.now(), token, membership: room.membershipAt(userId, one.position) }),
    ),
    start,
    end: `t${last.position - 1}-${last.position - 1}_0_0_0_0_0_0_0_0_0`,
  };
}

function relations(state: State, call: Call, [roomId = '', eventId = '', relType, type]: string[]) {
  const room = roomOf(state, roomId, call.userId);
  room.event(eventId);
  const all = room.related(eventId, relType, type);
  const from = positionOf(call.query.get('from'));
  const older = from === null ? all : all.filter((one) => one.position <= from);
  const page = older.slice(0, Number(call.query.get('limit') ?? 5));
  const next = older[page.length];
  return {
    chunk: page.map((one) =>
      alone(one, {
        now: state.now(),
        token: call.token,
        membership: room.membershipAt(call.userId, one.position),
      }),
    ),
    ...(next ? { next_batch: `t${next.position}-30_0_0_0_0_0_0_0_0_0` } : {}),
  };
}

function upload(state: State, call: Call) {
  if (call.body.length > state.mostUpload)
    throw new Refused(413, 'M_TOO_LARGE', 'Upload request body is too large');
  const uri = `mxc://localhost/media${state.media.size + 1}`;
  state.media.set(uri, { bytes: call.body, type: call.contentType });
  return { content_uri: uri };
}

/** @throws Refused to somebody who has never been there; who has left still reads what was before */
function roomOf(state: State, roomId: string, userId: string): Room {
  const room = state.rooms.get(roomId);
  if (!room || room.membership(userId) === undefined)
    throw new Refused(403, 'M_FORBIDDEN', `User ${userId} not in room ${roomId}`);
  return room;
}

function json(call: Call): Json {
  return JSON.parse(call.body.toString() || '{}') as Json;
}
