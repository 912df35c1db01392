import { type Json, newId, Refused, type StoredEvent } from './events.ts';

export type RoomVersion = '10' | '11' | '12';

export interface Room {
  readonly id: string;
  readonly version: RoomVersion;
  readonly creator: string;
  readonly events: readonly StoredEvent[];
  state(type: string, key?: string): StoredEvent | undefined;
  allState(): StoredEvent[];
  /** `join`, `invite`, `leave`, `ban`; undefined: never heard of the room. */
  membership(userId: string): string | undefined;
  /** At the time of an event. */
  membershipAt(userId: string, position: number): string;
  members(): string[];
  event(eventId: string): StoredEvent;
  /** What points at an event, the newest first; redacted ones point nowhere. */
  related(eventId: string, relType?: string, type?: string): StoredEvent[];
  /** @throws Refused, as the homeserver does */
  send(sent: Sent): StoredEvent;
}

export interface Sent {
  readonly sender: string;
  readonly type: string;
  readonly content: Json;
  readonly stateKey?: string;
  readonly redacts?: string;
  readonly txn?: { readonly token: string; readonly id: string };
}

export interface World {
  readonly now: () => number;
  readonly nextPosition: () => number;
  readonly changed: () => void;
}

const MOST_BYTES = 65_536;

export function createRoom(
  world: World,
  version: RoomVersion,
  creator: string,
  displayname: string | undefined,
): Room {
  const events: StoredEvent[] = [];
  const states = new Map<string, StoredEvent>();
  const createId = newId('$');
  const id = version === '12' ? `!${createId.slice(1)}` : `${newId('!').slice(0, 19)}:localhost`;

  const room: Room = {
    id,
    version,
    creator,
    events,
    state: (type, key = '') => states.get(`${type} ${key}`),
    allState: () => [...states.values()],
    membership: (userId) => wordOf(room.state('m.room.member', userId)?.content.membership),
    membershipAt(userId, position) {
      const last = events.findLast(
        (one) => one.type === 'm.room.member' && one.stateKey === userId && one.position <= position,
      );
      return wordOf(last?.content.membership) ?? 'leave';
    },
    members: () =>
      [...states.values()]
        .filter((one) => one.type === 'm.room.member' && one.content.membership === 'join')
        .map((one) => one.stateKey ?? ''),
    event(eventId) {
      const event = events.find((one) => one.eventId === eventId);
      if (!event) throw new Refused(404, 'M_NOT_FOUND', 'Event not found.');
      return event;
    },
    related: (eventId, relType, type) =>
      events
        .filter((one) => {
          const relation = relationOf(one);
          return (
            relation?.event_id === eventId &&
            (relType === undefined || relation.rel_type === relType) &&
            (type === undefined || one.type === type)
          );
        })
        .toReversed(),
    send(sent) {
      check(sent);
      return append(sent);
    },
  };
  append({ sender: creator, type: 'm.room.create', stateKey: '', content: creation() }, createId);
  append({
    sender: creator,
    type: 'm.room.member',
    stateKey: creator,
    content: { displayname, membership: 'join' },
  });
  append({ sender: creator, type: 'm.room.power_levels', stateKey: '', content: powerLevels() });
  append({ sender: creator, type: 'm.room.join_rules', stateKey: '', content: { join_rule: 'invite' } });
  append({
    sender: creator,
    type: 'm.room.history_visibility',
    stateKey: '',
    content: { history_visibility: 'shared' },
  });
  append({
    sender: creator,
    type: 'm.room.guest_access',
    stateKey: '',
    content: { guest_access: 'can_join' },
  });
  return room;

  function append(sent: Sent, eventId = newId('$')): StoredEvent {
    const before = sent.stateKey === undefined ? undefined : room.state(sent.type, sent.stateKey);
    const event: StoredEvent = {
      position: world.nextPosition(),
      eventId,
      roomId: id,
      at: world.now(),
      ...sent,
      ...(before ? { before } : {}),
    };
    events.push(event);
    if (sent.stateKey !== undefined) states.set(`${sent.type} ${sent.stateKey}`, event);
    if (sent.redacts !== undefined) {
      const gone = room.event(sent.redacts);
      gone.content = {};
      gone.redactedBy ??= event;
    }
    world.changed();
    return event;
  }

  function check({ sender, type, content, stateKey, redacts }: Sent): void {
    if (Buffer.byteLength(JSON.stringify(content)) > MOST_BYTES)
      throw new Refused(413, 'M_TOO_LARGE', 'event too large');
    const own = type === 'm.room.member' && stateKey === sender;
    if (own && content.membership === 'join') {
      if (!['invite', 'join'].includes(room.membership(sender) ?? ''))
        throw new Refused(403, 'M_FORBIDDEN', 'You are not invited to this room.');
      return;
    }
    const present = own ? ['join', 'invite'] : ['join'];
    if (!present.includes(room.membership(sender) ?? ''))
      throw new Refused(403, 'M_FORBIDDEN', `User ${sender} not in room ${id}`);
    if (own) return;
    if (redacts !== undefined) {
      if (room.event(redacts).sender !== sender && powerOf(sender) < levels().redact)
        throw new Refused(403, 'M_FORBIDDEN', "You don't have permission to redact events");
      return;
    }
    const fallback = stateKey === undefined ? levels().events_default : levels().state_default;
    const needed = type === 'm.room.member' ? 0 : (levels().events[type] ?? fallback);
    const power = powerOf(sender);
    if (power < needed)
      throw new Refused(
        403,
        'M_FORBIDDEN',
        `You don't have permission to post that to the room. user_level (${power}) < send_level (${needed})`,
      );
    if (type === 'm.reaction') checkReaction(sender, content);
  }

  /** The content is not looked at any further: `{}` is a reaction too. */
  function checkReaction(sender: string, content: Json): void {
    const relation = content['m.relates_to'] as Json | undefined;
    if (relation?.rel_type !== 'm.annotation') return;
    const same = room
      .related(String(relation.event_id), 'm.annotation', 'm.reaction')
      .some((one) => one.sender === sender && relationOf(one)?.key === relation.key);
    if (same) throw new Refused(400, 'M_DUPLICATE_ANNOTATION', "Can't send same reaction twice");
  }

  function levels() {
    return room.state('m.room.power_levels')?.content as ReturnType<typeof powerLevels>;
  }

  function powerOf(userId: string): number {
    if (version === '12' && userId === creator) return Number.POSITIVE_INFINITY;
    return levels().users[userId] ?? levels().users_default;
  }

  function creation(): Json {
    return version === '10' ? { room_version: version, creator } : { room_version: version };
  }

  function powerLevels() {
    return {
      // Creators stand above all levels since version 12, and may not be named.
      users: (version === '12' ? {} : { [creator]: 100 }) as Record<string, number>,
      users_default: 0,
      events: {
        'm.room.name': 50,
        'm.room.power_levels': 100,
        'm.room.history_visibility': 100,
        'm.room.canonical_alias': 50,
        'm.room.avatar': 50,
        'm.room.tombstone': version === '12' ? 150 : 100,
        'm.room.server_acl': 100,
        'm.room.encryption': 100,
      } as Record<string, number>,
      events_default: 0,
      state_default: 50,
      ban: 50,
      kick: 50,
      redact: 50,
      invite: 0,
      historical: 100,
    };
  }
}

function relationOf(event: StoredEvent): Json | undefined {
  return event.content['m.relates_to'] as Json | undefined;
}

function wordOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
