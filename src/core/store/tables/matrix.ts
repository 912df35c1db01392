/** What the Matrix bot remembers between two runs. */
import type { Millis } from './columns.ts';

/** `NAME @user:server` and its value: how far the server's events were handled, the filter, the salt. */
export interface MatrixStateTable {
  name: string;
  value: string;
}

/** The bot's own messages in rooms. */
export interface MatrixMessagesTable {
  /** Made from the sender's key: sending the same again is the same event. */
  txn_id: string;
  room_id: string;
  /** null: it was to be sent, and whether it was is not known. */
  event_id: string | null;
  /** JSON: address and measures of the uploaded picture, which edits show again. */
  picture: string | null;
  sent_at: Millis;
  /** When it was redacted. */
  gone_at: Millis | null;
}

/**
 * People's reactions to the bot's messages. A redaction names nothing but the event that it takes away, and the
 * content of that event is gone everywhere.
 */
export interface MatrixReactionsTable {
  event_id: string;
  room_id: string;
  message_id: string;
  user_id: string;
  /** The key as it was sent. */
  emoji: string;
  seen_at: Millis;
  removed_at: Millis | null;
}

/** Commands and notices of the last hours that were taken up: none is twice, even when the server repeats its event. */
export interface MatrixHandledTable {
  event_id: string;
  seen_at: Millis;
}
