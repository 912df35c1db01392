import type { Store } from '../store/store.ts';
import { type RoomCard, type RoomPicture, readBody } from './body.ts';
import { BOT_USER, DEFAULT_CHANNEL } from './messages.ts';

export interface RoomReaction {
  readonly emoji: string;
  /** People; the bot's own offer does not count. */
  readonly count: number;
  readonly mine: boolean;
}

export interface RoomMessage {
  readonly id: number;
  readonly fromBot: boolean;
  readonly mine: boolean;
  /** Empty for the bot. */
  readonly userId: string;
  readonly userName: string;
  /** Only the reader sees it. */
  readonly isPrivate: boolean;
  readonly body: RoomCard;
  /** Changes when the picture may have changed. */
  readonly pictureVersion: number;
  readonly reactions: readonly RoomReaction[];
  readonly sentAt: number;
  readonly edited: boolean;
}

/**
 * The newest messages that this user may see, oldest first.
 * @param since only messages with a higher id
 */
export async function listMessages(
  store: Store,
  args: { channel: string; forUser: string; since?: number; limit?: number },
): Promise<RoomMessage[]> {
  const rows = await store.db
    .selectFrom('room_messages')
    .select(['id', 'user_id', 'user_name', 'only_for', 'body', 'sent_at', 'edited_at'])
    .where('channel', '=', args.channel)
    .where('deleted_at', 'is', null)
    .where('id', '>', args.since ?? 0)
    .where((eb) => eb.or([eb('only_for', 'is', null), eb('only_for', '=', args.forUser)]))
    .orderBy('id', 'desc')
    .limit(args.limit ?? 100)
    .execute();
  rows.reverse();
  const reactions = await reactionsByMessage(
    store,
    rows.map(({ id }) => id),
    args.forUser,
  );
  return rows.map((row) => ({
    id: row.id,
    fromBot: row.user_id === null,
    mine: row.user_id === args.forUser,
    userId: row.user_id ?? '',
    userName: row.user_name,
    isPrivate: row.only_for !== null,
    body: readBody(row.body),
    pictureVersion: row.edited_at ?? row.sent_at,
    reactions: reactions.get(row.id) ?? [],
    sentAt: row.sent_at,
    edited: row.edited_at !== null && row.user_id !== null,
  }));
}

/** The picture of a message that this user may see. */
export async function pictureOf(
  store: Store,
  args: { channel: string; messageId: number; forUser: string },
): Promise<{ bytes: Uint8Array; type: RoomPicture['type'] } | null> {
  const row = await store.db
    .selectFrom('room_messages')
    .select(['body', 'picture'])
    .where('id', '=', args.messageId)
    .where('channel', '=', args.channel)
    .where('deleted_at', 'is', null)
    .where((eb) => eb.or([eb('only_for', 'is', null), eb('only_for', '=', args.forUser)]))
    .executeTakeFirst();
  const type = row && readBody(row.body).picture?.type;
  return row?.picture && type ? { bytes: row.picture, type } : null;
}

/** Differs after anything in the channel changed: what a live page compares to know that it is out of date. */
export async function channelVersion(store: Store, channel: string): Promise<string> {
  const messages = await store.db
    .selectFrom('room_messages')
    .select((eb) => [
      eb.fn.max('id').as('newest'),
      eb.fn.max('edited_at').as('edited'),
      eb.fn.max('deleted_at').as('deleted'),
      eb.fn.count('deleted_at').as('gone'),
    ])
    .where('channel', '=', channel)
    .executeTakeFirstOrThrow();
  const reactions = await store.db
    .selectFrom('room_reactions')
    .innerJoin('room_messages', 'room_messages.id', 'room_reactions.message_id')
    .select((eb) => [eb.fn.countAll().as('count'), eb.fn.max('room_reactions.added_at').as('newest')])
    .where('room_messages.channel', '=', channel)
    .executeTakeFirstOrThrow();
  return [
    messages.newest,
    messages.edited,
    messages.deleted,
    messages.gone,
    reactions.count,
    reactions.newest,
  ]
    .map((part) => Number(part ?? 0).toString(36))
    .join('.');
}

/** Channels in which something was said, the first one always among them. */
export async function channels(store: Store): Promise<string[]> {
  const rows = await store.db
    .selectFrom('room_messages')
    .select('channel')
    .distinct()
    .orderBy('channel')
    .limit(50)
    .execute();
  return [...new Set([DEFAULT_CHANNEL, ...rows.map(({ channel }) => channel)])];
}

async function reactionsByMessage(
  store: Store,
  ids: readonly number[],
  forUser: string,
): Promise<Map<number, RoomReaction[]>> {
  const found = new Map<number, RoomReaction[]>();
  if (ids.length === 0) return found;
  const rows = await store.db
    .selectFrom('room_reactions')
    .select(['message_id', 'user_id', 'emoji', 'added_at'])
    .where('message_id', 'in', ids)
    .orderBy('added_at')
    // In one millisecond: the same order each time.
    .orderBy('emoji')
    .orderBy('user_id')
    .execute();
  // The order of Map is the order of the first reaction: the one in which the bot offered them.
  const pills = new Map<number, Map<string, { count: number; mine: boolean }>>();
  for (const row of rows) {
    const ofMessage = pills.get(row.message_id) ?? new Map<string, { count: number; mine: boolean }>();
    pills.set(row.message_id, ofMessage);
    const pill = ofMessage.get(row.emoji) ?? { count: 0, mine: false };
    if (row.user_id !== BOT_USER) pill.count++;
    if (row.user_id === forUser) pill.mine = true;
    ofMessage.set(row.emoji, pill);
  }
  for (const [id, ofMessage] of pills) {
    found.set(
      id,
      [...ofMessage].map(([emoji, pill]) => ({ emoji, ...pill })),
    );
  }
  return found;
}
