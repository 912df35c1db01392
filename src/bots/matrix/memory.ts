import { createHash, randomBytes } from 'node:crypto';
import { normaliseEmoji } from '../../core/review/reactions.ts';
import { isDuplicate, type Store } from '../../core/store/store.ts';

/** A picture that is on the homeserver already. */
export interface Uploaded {
  readonly url: string;
  readonly mimetype: string;
  readonly w: number;
  readonly h: number;
  readonly size: number;
  /** Of the bytes. */
  readonly sha256: string;
}

export interface SentMessage {
  readonly txnId: string;
  readonly roomId: string;
  readonly eventId: string | null;
  readonly picture: Uploaded | null;
  /** When it was planned, by our clock. */
  readonly sentAt: number;
  readonly gone: boolean;
}

export interface KnownReaction {
  readonly eventId: string;
  readonly roomId: string;
  readonly messageId: string;
  readonly userId: string;
  readonly emoji: string;
}

/** What the bot remembers of rooms between two runs (`core/store/tables/matrix.ts`). */
export interface Memory {
  /** A word under a name, of this account alone. */
  read(name: string): Promise<string | null>;
  write(name: string, value: string): Promise<void>;
  /** The same id for the same key, and another one for another installation with the same account. */
  txnId(key: string): string;
  message(by: { txnId: string } | { eventId: string }): Promise<SentMessage | null>;
  /** Before it is sent. */
  planMessage(message: { txnId: string; roomId: string }): Promise<void>;
  keepPicture(txnId: string, picture: Uploaded): Promise<void>;
  sent(txnId: string, eventId: string): Promise<void>;
  gone(eventId: string): Promise<void>;
  /** Does it know of messages in this room? */
  hasMessages(roomId: string): Promise<boolean>;
  /** What was there already is left as it is. @returns ids of those that were taken away meanwhile */
  keepReactions(reactions: readonly KnownReaction[]): Promise<ReadonlySet<string>>;
  /** Those that stand below a message, the oldest first. */
  reactionsTo(messageId: string): Promise<KnownReaction[]>;
  reaction(eventId: string): Promise<(KnownReaction & { readonly removed: boolean }) | null>;
  /** Has the same person the same emoji there by another event? 👍 and 👍🏽 are the same. */
  hasTwin(reaction: KnownReaction): Promise<boolean>;
  removeReaction(eventId: string): Promise<void>;
  /** @returns false: this event was taken up before */
  takeOnce(eventId: string): Promise<boolean>;
}

const HANDLED_KEPT_MS = 24 * 60 * 60_000;

/** @param userId the bot's own; what was stored for another account says nothing about this one */
export async function createMemory(store: Store, now: () => number, userId: string): Promise<Memory> {
  const { db } = store;
  const named = (name: string) => `${name} ${userId}`.slice(0, 255);
  const read = async (name: string) =>
    (await db.selectFrom('matrix_state').select('value').where('name', '=', named(name)).executeTakeFirst())
      ?.value ?? null;
  const write = async (name: string, value: string) => {
    const known = await read(name);
    if (known === value) return;
    if (known === null)
      await db
        .insertInto('matrix_state')
        .values({ name: named(name), value })
        .execute();
    else await db.updateTable('matrix_state').set({ value }).where('name', '=', named(name)).execute();
  };
  let lastSeen = 0;
  /** Never the same twice, because the order of one person's reactions is their meaning. */
  const nextSeen = () => {
    lastSeen = Math.max(lastSeen + 1, now());
    return lastSeen;
  };
  let salt = await read('salt');
  if (salt === null) {
    salt = randomBytes(12).toString('base64url');
    await write('salt', salt);
  }
  await db
    .deleteFrom('matrix_handled')
    .where('seen_at', '<', now() - HANDLED_KEPT_MS)
    .execute();

  return {
    read,
    write,
    txnId: (key) => createHash('sha256').update(`${salt} ${key}`).digest('base64url').slice(0, 32),

    async message(by) {
      const row = await db
        .selectFrom('matrix_messages')
        .selectAll()
        .$if('txnId' in by, (query) => query.where('txn_id', '=', 'txnId' in by ? by.txnId : ''))
        .$if('eventId' in by, (query) => query.where('event_id', '=', 'eventId' in by ? by.eventId : ''))
        .executeTakeFirst();
      if (!row) return null;
      return {
        txnId: row.txn_id,
        roomId: row.room_id,
        eventId: row.event_id,
        picture: row.picture === null ? null : (JSON.parse(row.picture) as Uploaded),
        sentAt: row.sent_at,
        gone: row.gone_at !== null,
      };
    },
    async planMessage({ txnId, roomId }) {
      await db
        .insertInto('matrix_messages')
        .values({
          txn_id: txnId,
          room_id: roomId,
          event_id: null,
          picture: null,
          sent_at: now(),
          gone_at: null,
        })
        .execute();
    },
    async keepPicture(txnId, picture) {
      await db
        .updateTable('matrix_messages')
        .set({ picture: JSON.stringify(picture) })
        .where('txn_id', '=', txnId)
        .execute();
    },
    async sent(txnId, eventId) {
      await db
        .updateTable('matrix_messages')
        .set({ event_id: eventId })
        .where('txn_id', '=', txnId)
        .execute();
    },
    async gone(eventId) {
      await db
        .updateTable('matrix_messages')
        .set({ gone_at: now() })
        .where('event_id', '=', eventId)
        .where('gone_at', 'is', null)
        .execute();
    },

    async hasMessages(roomId) {
      const row = await db
        .selectFrom('matrix_messages')
        .select('txn_id')
        .where('room_id', '=', roomId)
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },

    async keepReactions(reactions) {
      if (reactions.length === 0) return new Set();
      const known = await db
        .selectFrom('matrix_reactions')
        .select(['event_id', 'removed_at'])
        .where(
          'event_id',
          'in',
          reactions.map((one) => one.eventId),
        )
        .execute();
      const fresh = reactions.filter((one) => !known.some((row) => row.event_id === one.eventId));
      for (const one of fresh) {
        try {
          await db
            .insertInto('matrix_reactions')
            .values({
              event_id: one.eventId,
              room_id: one.roomId,
              message_id: one.messageId,
              user_id: one.userId,
              emoji: one.emoji,
              seen_at: nextSeen(),
              removed_at: null,
            })
            .execute();
        } catch (error) {
          // The sync and a reading of the message met.
          if (!isDuplicate(error)) throw error;
        }
      }
      return new Set(known.filter((row) => row.removed_at !== null).map((row) => row.event_id));
    },
    async reactionsTo(messageId) {
      const rows = await db
        .selectFrom('matrix_reactions')
        .selectAll()
        .where('message_id', '=', messageId)
        .where('removed_at', 'is', null)
        .orderBy('seen_at')
        .execute();
      return rows.map(known);
    },
    async reaction(eventId) {
      const row = await db
        .selectFrom('matrix_reactions')
        .selectAll()
        .where('event_id', '=', eventId)
        .executeTakeFirst();
      return row ? { ...known(row), removed: row.removed_at !== null } : null;
    },
    async hasTwin(reaction) {
      const others = await db
        .selectFrom('matrix_reactions')
        .select('emoji')
        .where('message_id', '=', reaction.messageId)
        .where('user_id', '=', reaction.userId)
        .where('event_id', '!=', reaction.eventId)
        .where('removed_at', 'is', null)
        .execute();
      return others.some((row) => normaliseEmoji(row.emoji) === normaliseEmoji(reaction.emoji));
    },
    async removeReaction(eventId) {
      await db
        .updateTable('matrix_reactions')
        .set({ removed_at: now() })
        .where('event_id', '=', eventId)
        .where('removed_at', 'is', null)
        .execute();
    },

    async takeOnce(eventId) {
      try {
        await db.insertInto('matrix_handled').values({ event_id: eventId, seen_at: now() }).execute();
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    },
  };
}

function known(row: {
  event_id: string;
  room_id: string;
  message_id: string;
  user_id: string;
  emoji: string;
}): KnownReaction {
  return {
    eventId: row.event_id,
    roomId: row.room_id,
    messageId: row.message_id,
    userId: row.user_id,
    emoji: row.emoji,
  };
}
