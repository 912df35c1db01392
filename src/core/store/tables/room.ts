/** The practice room as a chat server. */
import type { Generated } from 'kysely';
import type { Bytes, Millis } from './columns.ts';

/** The practice room keeps its own messages, as any chat server does. */
export interface RoomMessagesTable {
  id: Generated<number>;
  channel: string;
  /** null: the bot. */
  user_id: string | null;
  user_name: string;
  /** Only this user sees it. */
  only_for: string | null;
  /** JSON: text or card. */
  body: string;
  picture: Bytes | null;
  /** The sender's key: sending the same again gives the same message. */
  send_key: string | null;
  sent_at: Millis;
  edited_at: Millis | null;
  deleted_at: Millis | null;
}

export interface RoomReactionsTable {
  message_id: number;
  /** `bot` for the bot's own. */
  user_id: string;
  emoji: string;
  added_at: Millis;
}

/** What happened in the room, for the bot to read in order. */
export interface RoomEventsTable {
  id: Generated<number>;
  kind: 'message' | 'reaction_added' | 'reaction_removed';
  message_id: number;
  user_id: string;
  user_name: string;
  emoji: string | null;
  at: Millis;
}
