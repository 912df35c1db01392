import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { refusal } from '../platform/refusals.ts';
import { forUpdate, isDuplicate, type Store } from '../store/store.ts';
import { type RoomCard, readBody, writeBody } from './body.ts';

/**
 * The practice room is a chat server of our own: messages, reactions, and a list of events for the bot. It
 * knows nothing of projects and votes, just as Discord and Matrix do not.
 */
export interface RoomDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
}

/** Somebody in the room: a browser session with a nickname, not a wiki account. */
export interface RoomUser {
  readonly id: string;
  /** Untrusted. */
  readonly name: string;
}

/** The channel that is there from the beginning. */
export const DEFAULT_CHANNEL = 'practice';
/** Whose reactions are the bot's own. */
export const BOT_USER = 'bot';
export const MAX_TEXT_LENGTH = 2000;

/** Letters, digits and dashes; `events` is the bot's own topic. */
export function isChannelName(name: string): boolean {
  return /^[a-z0-9][a-z0-9-]{0,39}$/.test(name) && name !== 'events';
}

export interface NewMessage {
  readonly channel: string;
  /** null: the bot. */
  readonly user: RoomUser | null;
  readonly body: RoomCard;
  readonly picture?: Uint8Array;
  /** A private message: nobody else sees it. */
  readonly onlyFor?: string;
  /** Sending the same key again gives the message that is there already. */
  readonly sendKey?: string;
}

/**
 * Adds a message and returns its id. What people say becomes an event for the bot in the same transaction.
 * @throws VisavisError `bad_input` for an empty or too long text of a person
 */
export async function postMessage(deps: RoomDeps, message: NewMessage): Promise<number> {
  const { store, clock, nudges } = deps;
  const { channel, user } = message;
  if (!isChannelName(channel)) throw refusal('channel-unknown');
  if (user) checkText(message.body.text ?? '');
  const at = clock.now();
  let id: number;
  try {
    id = await store.transaction(async (trx) => {
      const row = await trx
        .insertInto('room_messages')
        .values({
          channel,
          user_id: user?.id ?? null,
          user_name: user?.name ?? '',
          only_for: message.onlyFor ?? null,
          body: writeBody(message.body),
          picture: message.picture ?? null,
          send_key: message.sendKey ?? null,
          sent_at: at,
          edited_at: null,
          deleted_at: null,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      if (user) {
        await trx
          .insertInto('room_events')
          .values({
            kind: 'message',
            message_id: row.id,
            user_id: user.id,
            user_name: user.name,
            emoji: null,
            at,
          })
          .execute();
      }
      return row.id;
    });
  } catch (error) {
    if (!message.sendKey || !isDuplicate(error)) throw error;
    const there = await store.db
      .selectFrom('room_messages')
      .select('id')
      .where('send_key', '=', message.sendKey)
      .executeTakeFirstOrThrow();
    return there.id;
  }
  nudges.nudge(`room:${channel}`);
  if (user) nudges.nudge('room:events');
  return id;
}

/**
 * Replaces what a message says; a picture stays when no new one is given.
 * @returns false when the message is gone
 */
export async function editMessage(
  deps: RoomDeps,
  messageId: number,
  body: RoomCard,
  picture?: Uint8Array,
): Promise<boolean> {
  const { store, clock, nudges } = deps;
  const channel = await store.transaction(async (trx) => {
    const row = await forUpdate(
      store,
      trx
        .selectFrom('room_messages')
        .select(['channel', 'body'])
        .where('id', '=', messageId)
        .where('deleted_at', 'is', null),
    ).executeTakeFirst();
    if (!row) return null;
    const kept = picture ? body.picture : readBody(row.body).picture;
    await trx
      .updateTable('room_messages')
      .set({
        body: writeBody({ ...body, picture: kept }),
        edited_at: clock.now(),
        ...(picture ? { picture } : {}),
      })
      .where('id', '=', messageId)
      .execute();
    return row.channel;
  });
  if (channel !== null) nudges.nudge(`room:${channel}`);
  return channel !== null;
}

/** Takes a message and its picture away for good; doing it again is fine. */
export async function deleteMessage(deps: RoomDeps, messageId: number): Promise<void> {
  const { store, clock, nudges } = deps;
  const row = await store.db
    .selectFrom('room_messages')
    .select('channel')
    .where('id', '=', messageId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (!row) return;
  await store.db
    .updateTable('room_messages')
    .set({ body: writeBody({}), picture: null, deleted_at: clock.now() })
    .where('id', '=', messageId)
    .execute();
  nudges.nudge(`room:${row.channel}`);
}

function checkText(text: string): void {
  if (text.trim() === '') throw refusal('write-something');
  if (text.length > MAX_TEXT_LENGTH) {
    throw refusal('message-too-long', [MAX_TEXT_LENGTH]);
  }
}
