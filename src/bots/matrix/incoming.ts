import { z } from 'zod';

/** An event of a room; nobody but its sender has looked at its content. */
export interface RoomEvent {
  readonly type: string;
  readonly eventId: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** null: no state event. */
  readonly stateKey: string | null;
  /** What a redaction takes away; null for all others. */
  readonly redacts: string | null;
  /** Milliseconds since it was sent, when the answer was made; null: this homeserver does not count them. */
  readonly age: number | null;
  /** When it was sent, by the clock of the sender's homeserver. */
  readonly sentAt: number;
  /** Its content is gone. */
  readonly redacted: boolean;
}

export interface Invitation {
  readonly roomId: string;
  readonly from: string;
  readonly direct: boolean;
  /** The invitation says so already; older servers leave that out. */
  readonly encrypted: boolean;
}

/** What one sync brought. */
export interface Batch {
  readonly next: string;
  readonly invitations: readonly Invitation[];
  readonly rooms: readonly {
    readonly roomId: string;
    /** Events between the last sync and these were left out. */
    readonly gap: boolean;
    /** Where the gap ends, for whoever reads it. */
    readonly before: string | null;
    /** Reactions and redactions of the gap are not among the events. */
    readonly lost: boolean;
    /** In their order: state that changed in a gap, then what happened. */
    readonly events: readonly RoomEvent[];
  }[];
  /** Rooms in which the bot is no more. */
  readonly left: readonly string[];
}

const record = z.record(z.string(), z.unknown());
const list = z.array(z.unknown()).catch([]);
const Room = z.object({
  timeline: z
    .object({
      events: list,
      limited: z.boolean().catch(false),
      prev_batch: z.string().nullable().catch(null),
    })
    .catch({ events: [], limited: false, prev_batch: null }),
  state: z.object({ events: list }).catch({ events: [] }),
});
const Sync = z.object({
  next_batch: z.string(),
  rooms: z
    .object({
      join: record.catch({}),
      invite: record.catch({}),
      leave: record.catch({}),
    })
    .catch({ join: {}, invite: {}, leave: {} }),
});
const Event = z.object({
  type: z.string(),
  event_id: z.string().startsWith('$').max(255),
  sender: z.string().startsWith('@').max(255),
  content: record.catch({}),
  state_key: z.string().optional().catch(undefined),
  redacts: z.string().optional().catch(undefined),
  origin_server_ts: z.number().catch(0),
  unsigned: z
    .object({ age: z.number().nullable().catch(null), redacted_because: z.unknown() })
    .partial()
    .catch({}),
});
const Stripped = z.object({
  type: z.string(),
  sender: z.string().max(255),
  content: record.catch({}),
  state_key: z.string(),
});
const RoomId = z.string().startsWith('!').max(255);

/** Reads one event; null for anything that is none. */
export function readEvent(raw: unknown): RoomEvent | null {
  const parsed = Event.safeParse(raw);
  if (!parsed.success) return null;
  const { type, event_id, sender, content, state_key, redacts, unsigned, origin_server_ts } = parsed.data;
  return {
    type,
    eventId: event_id,
    sender,
    content,
    stateKey: state_key ?? null,
    // In the content since room version 11.
    redacts: type === 'm.room.redaction' ? (textOf(content, 'redacts') ?? redacts ?? null) : null,
    age: unsigned.age ?? null,
    sentAt: origin_server_ts,
    redacted: unsigned.redacted_because !== undefined,
  };
}

/** @throws ZodError when the answer is no sync at all */
export function readSync(raw: unknown, userId: string): Batch {
  const { next_batch: next, rooms } = Sync.parse(raw);
  return {
    next,
    invitations: Object.entries(rooms.invite).flatMap(([roomId, room]) => {
      const invitation = RoomId.safeParse(roomId).success ? readInvitation(roomId, room, userId) : null;
      return invitation ? [invitation] : [];
    }),
    rooms: Object.entries(rooms.join).flatMap(([roomId, raw]) => {
      const room = Room.safeParse(raw);
      if (!room.success || !RoomId.safeParse(roomId).success) return [];
      const { timeline, state } = room.data;
      const events = [...state.events, ...timeline.events].map(readEvent).filter((event) => event !== null);
      const { limited: gap, prev_batch: before } = timeline;
      return [{ roomId, gap, before, lost: gap, events }];
    }),
    left: Object.keys(rooms.leave).filter((roomId) => RoomId.safeParse(roomId).success),
  };
}

function readInvitation(roomId: string, raw: unknown, userId: string): Invitation | null {
  const room = z.object({ invite_state: z.object({ events: list }) }).safeParse(raw);
  if (!room.success) return null;
  const events = room.data.invite_state.events.flatMap((one) => {
    const event = Stripped.safeParse(one);
    return event.success ? [event.data] : [];
  });
  const own = events.find(
    (event) =>
      event.type === 'm.room.member' && event.state_key === userId && event.content.membership === 'invite',
  );
  if (!own) return null;
  return {
    roomId,
    from: own.sender,
    direct: own.content.is_direct === true,
    encrypted: events.some((event) => event.type === 'm.room.encryption'),
  };
}

export interface ReactionContent {
  readonly messageId: string;
  readonly key: string;
}

/** The homeserver checks nothing: `{}` arrives, and numbers where words should be. */
export function readReaction(content: RoomEvent['content']): ReactionContent | null {
  const relation = z
    .object({
      rel_type: z.literal('m.annotation'),
      event_id: z.string().startsWith('$').max(255),
      key: z.string().min(1).max(100),
    })
    .safeParse(content['m.relates_to']);
  return relation.success ? { messageId: relation.data.event_id, key: relation.data.key } : null;
}

export interface MessageText {
  readonly text: string;
  /** The message that its thread begins with. */
  readonly thread: string | null;
}

/**
 * What a person wrote, without the quotation that older clients put in front of an answer. Null for notices, which
 * bots write, for edits, and for everything that is no text.
 */
export function readText(content: RoomEvent['content']): MessageText | null {
  const body = textOf(content, 'body');
  if (content.msgtype !== 'm.text' || body === null) return null;
  const relation = z
    .object({ rel_type: z.string(), event_id: z.string(), 'm.in_reply_to': z.unknown() })
    .partial()
    .safeParse(content['m.relates_to']);
  const { rel_type, event_id, 'm.in_reply_to': answered } = relation.success ? relation.data : {};
  if (rel_type === 'm.replace') return null;
  return {
    text: answered === undefined ? body : body.replace(/^(?:> .*\n)+\n?/, ''),
    thread: rel_type === 'm.thread' ? (event_id ?? null) : null,
  };
}

/** `!visavis NAME ARGS…`; null for anything else. Alone it asks for help. */
export function parseCommand(text: string): { name: string; args: string[] } | null {
  const [first = '', name = 'help', ...args] = text.trim().split(/\s+/);
  return first.toLowerCase() === '!visavis' ? { name: name.toLowerCase(), args } : null;
}

export function textOf(content: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = content[name];
  return typeof value === 'string' ? value : null;
}
