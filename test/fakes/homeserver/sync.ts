import { inSync, type Json, type StoredEvent } from './events.ts';
import type { Room } from './room.ts';

export interface SyncView {
  readonly userId: string;
  readonly token: string;
  readonly now: number;
  /** null: a first sync. */
  readonly since: number | null;
  /** The homeserver's newest event. */
  readonly position: number;
  readonly limit: number;
  readonly rooms: readonly Room[];
  readonly accountData: readonly { position: number; type: string; content: Json }[];
}

/** The answer to a sync, and whether there is anything in it. */
export function syncAnswer(view: SyncView): { body: Json; empty: boolean } {
  const join: Json = {};
  const invite: Json = {};
  const leave: Json = {};
  const from = view.since ?? 0;
  for (const room of view.rooms) {
    const own = room.state('m.room.member', view.userId);
    if (!own) continue;
    const fresh = own.position > from;
    const membership = own.content.membership;
    if (membership === 'join') {
      const shown = joined(view, room);
      if (shown) join[room.id] = shown;
    } else if (membership === 'invite' && fresh) {
      invite[room.id] = { invite_state: { events: invitation(view, room, own) } };
    } else if (view.since !== null && fresh) {
      leave[room.id] = left(view, room, own);
    }
  }
  const rooms = {
    ...(Object.keys(join).length > 0 ? { join } : {}),
    ...(Object.keys(invite).length > 0 ? { invite } : {}),
    ...(Object.keys(leave).length > 0 ? { leave } : {}),
  };
  const data = view.accountData.filter((one) => one.position > from);
  const events = data.map(({ type, content }) => ({ type, content }));
  const empty = Object.keys(rooms).length === 0 && events.length === 0;
  return {
    empty,
    body: {
      next_batch: tokenAt(view.position),
      ...(events.length > 0 ? { account_data: { events } } : {}),
      device_one_time_keys_count: { signed_curve25519: 0 },
      'org.matrix.msc2732.device_unused_fallback_key_types': [],
      device_unused_fallback_key_types: [],
      ...(Object.keys(rooms).length > 0 ? { rooms } : {}),
    },
  };
}

export function tokenAt(position: number): string {
  return `s${position}_1_0_1_1_1_1_6_0_1`;
}

export function positionOf(token: string | null): number | null {
  const found = /^[st](\d+)/.exec(token ?? '');
  return found ? Number(found[1]) : null;
}

function joined(view: SyncView, room: Room): Json | null {
  const entered = room.events.findLast(
    (one) =>
      one.type === 'm.room.member' &&
      one.stateKey === view.userId &&
      one.content.membership === 'join' &&
      one.before?.content.membership !== 'join',
  );
  // Who has just come in is shown the room from the middle.
  const whole = view.since === null || (entered?.position ?? 0) > view.since;
  const news = whole ? room.events : room.events.filter((one) => one.position > (view.since ?? 0));
  if (news.length === 0) return null;
  const timeline = view.limit > 0 ? news.slice(-view.limit) : [];
  const limited = whole || timeline.length < news.length;
  const [first] = timeline;
  // With lazy loading, who came and went is not told where nobody of them speaks.
  const speaking = new Set([view.userId, ...timeline.map((one) => one.sender)]);
  const missed = news
    .slice(0, news.length - timeline.length)
    .filter((one) => one.stateKey !== undefined)
    .filter((one) => one.type !== 'm.room.member' || speaking.has(one.stateKey ?? ''));
  return {
    timeline: {
      events: timeline.map((one) => shown(view, room, one)),
      prev_batch: first ? `t${first.position - 1}-0` : tokenAt(view.position),
      limited,
    },
    state: { events: missed.map((one) => shown(view, room, one)) },
    account_data: { events: [] },
    ephemeral: { events: [] },
    unread_notifications: { notification_count: 0, highlight_count: 0 },
    summary: {},
  };
}

function left(view: SyncView, room: Room, own: StoredEvent): Json {
  return {
    timeline: {
      events: room.events
        .filter((one) => one.position > (view.since ?? 0) && one.position <= own.position)
        .map((one) => shown(view, room, one)),
      prev_batch: tokenAt(own.position),
      limited: false,
    },
    state: { events: [] },
    account_data: { events: [] },
  };
}

/** Only the bot's own member event has an id there. */
function invitation(view: SyncView, room: Room, own: StoredEvent): Json[] {
  const stripped = ['m.room.join_rules', 'm.room.create', 'm.room.name', 'm.room.encryption'].flatMap(
    (type) => room.state(type) ?? [],
  );
  const host = room.state('m.room.member', own.sender);
  return [
    ...[...stripped, ...(host ? [host] : [])].map((one) => ({
      type: one.type,
      state_key: one.stateKey,
      content: one.content,
      sender: one.sender,
    })),
    {
      type: own.type,
      sender: own.sender,
      content: own.content,
      state_key: own.stateKey,
      origin_server_ts: own.at,
      unsigned: { age: view.now - own.at },
      event_id: own.eventId,
    },
  ];
}

function shown(view: SyncView, room: Room, event: StoredEvent): Json {
  return inSync(event, {
    now: view.now,
    token: view.token,
    membership: room.membershipAt(view.userId, event.position),
  });
}
