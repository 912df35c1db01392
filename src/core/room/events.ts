import type { Clock } from '../platform/clock.ts';
import type { Store } from '../store/store.ts';
import { readBody } from './body.ts';
import { DEFAULT_CHANNEL, type RoomUser } from './messages.ts';

export interface RoomEvent {
  readonly id: number;
  readonly kind: 'message' | 'reaction_added' | 'reaction_removed';
  readonly channel: string;
  readonly messageId: number;
  readonly user: RoomUser;
  readonly emoji: string | null;
  /** What a person wrote; empty for reactions. */
  readonly text: string;
}

/**
 * MariaDB gives ids out before it commits, so a gap may be filled a moment later. For this long a gap is
 * waited for; after it, the number belongs to a transaction that was broken off.
 */
const GAP_PATIENCE_MS = 3000;

/** The next events after the last one that was handled, in order. */
export async function nextEvents(
  deps: { readonly store: Store; readonly clock: Clock },
  afterId: number,
): Promise<RoomEvent[]> {
  const rows = await deps.store.db
    .selectFrom('room_events')
    .innerJoin('room_messages', 'room_messages.id', 'room_events.message_id')
    .select([
      'room_events.id',
      'room_events.kind',
      'room_events.message_id',
      'room_events.user_id',
      'room_events.user_name',
      'room_events.emoji',
      'room_events.at',
      'room_messages.channel',
      'room_messages.body',
    ])
    .where('room_events.id', '>', afterId)
    .orderBy('room_events.id')
    .limit(100)
    .execute();
  const now = deps.clock.now();
  const events: RoomEvent[] = [];
  let last = afterId;
  for (const row of rows) {
    if (row.id > last + 1 && now - row.at < GAP_PATIENCE_MS) break;
    last = row.id;
    events.push({
      id: row.id,
      kind: row.kind,
      channel: row.channel,
      messageId: row.message_id,
      user: { id: row.user_id, name: row.user_name },
      emoji: row.emoji,
      text: row.kind === 'message' ? (readBody(row.body).text ?? '') : '',
    });
  }
  return events;
}

/** Where this user was last seen: private messages go there. */
export async function lastChannelOf(store: Store, userId: string): Promise<string> {
  const row = await store.db
    .selectFrom('room_events')
    .innerJoin('room_messages', 'room_messages.id', 'room_events.message_id')
    .select('room_messages.channel')
    .where('room_events.user_id', '=', userId)
    .orderBy('room_events.id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.channel ?? DEFAULT_CHANNEL;
}
