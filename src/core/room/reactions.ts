import { refusal } from '../platform/refusals.ts';
import { isDuplicate } from '../store/store.ts';
import { BOT_USER, type RoomDeps, type RoomUser } from './messages.ts';

/** A person's reactions on one message; nine numbers, none and not sure fit well. */
const MAX_REACTIONS_EACH = 20;

/** An emoji as people choose it, or a single letter of the flags (🇦 to 🇮 mark faces). */
const EMOJI = /^(?:\p{RGI_Emoji}|\p{Regional_Indicator}|\p{Extended_Pictographic}\uFE0F?)$/v;

/** Adds a reaction; one that stands already stays. People's reactions become events for the bot. */
export async function addReaction(
  deps: RoomDeps,
  args: { messageId: number; user: RoomUser | null; emoji: string },
): Promise<void> {
  const { store, clock, nudges } = deps;
  const { messageId, user, emoji } = args;
  if (!EMOJI.test(emoji)) throw refusal('no-emoji');
  const channel = await visibleChannel(deps, messageId, user);
  const userId = user?.id ?? BOT_USER;
  const at = clock.now();
  try {
    await store.transaction(async (trx) => {
      const { count } = await trx
        .selectFrom('room_reactions')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('message_id', '=', messageId)
        .where('user_id', '=', userId)
        .executeTakeFirstOrThrow();
      if (Number(count) >= MAX_REACTIONS_EACH) {
        throw refusal('reactions-most');
      }
      await trx
        .insertInto('room_reactions')
        .values({ message_id: messageId, user_id: userId, emoji, added_at: at })
        .execute();
      if (user) {
        await trx
          .insertInto('room_events')
          .values({
            kind: 'reaction_added',
            message_id: messageId,
            user_id: user.id,
            user_name: user.name,
            emoji,
            at,
          })
          .execute();
      }
    });
  } catch (error) {
    if (isDuplicate(error)) return;
    throw error;
  }
  nudges.nudge(`room:${channel}`);
  if (user) nudges.nudge('room:events');
}

/** Takes a reaction back; one that does not stand is fine. People's become events for the bot. */
export async function removeReaction(
  deps: RoomDeps,
  args: { messageId: number; user: RoomUser | null; emoji: string },
): Promise<void> {
  const { store, clock, nudges } = deps;
  const { messageId, user, emoji } = args;
  const channel = await visibleChannel(deps, messageId, user);
  const removed = await store.transaction(async (trx) => {
    const { numDeletedRows } = await trx
      .deleteFrom('room_reactions')
      .where('message_id', '=', messageId)
      .where('user_id', '=', user?.id ?? BOT_USER)
      .where('emoji', '=', emoji)
      .executeTakeFirstOrThrow();
    if (numDeletedRows === 0n) return false;
    if (!user) return true;
    await trx
      .insertInto('room_events')
      .values({
        kind: 'reaction_removed',
        message_id: messageId,
        user_id: user.id,
        user_name: user.name,
        emoji,
        at: clock.now(),
      })
      .execute();
    return true;
  });
  if (!removed) return;
  nudges.nudge(`room:${channel}`);
  if (user) nudges.nudge('room:events');
}

/** All standing reactions of people on a message, or null when the message is gone. */
export async function reactionsOf(
  deps: Pick<RoomDeps, 'store'>,
  messageId: number,
): Promise<{ user: RoomUser; emoji: string }[] | null> {
  const { db } = deps.store;
  const message = await db
    .selectFrom('room_messages')
    .select('id')
    .where('id', '=', messageId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (!message) return null;
  const rows = await db
    .selectFrom('room_reactions')
    .select(['user_id', 'emoji'])
    .where('message_id', '=', messageId)
    .where('user_id', '!=', BOT_USER)
    .orderBy('added_at')
    .orderBy('emoji')
    .orderBy('user_id')
    .execute();
  const names = await namesOn(deps, messageId);
  return rows.map((row) => ({
    user: { id: row.user_id, name: names.get(row.user_id) ?? row.user_id },
    emoji: row.emoji,
  }));
}

/** Reactions hold no names; the events about this message do, the last one wins. */
async function namesOn(deps: Pick<RoomDeps, 'store'>, messageId: number): Promise<Map<string, string>> {
  const events = await deps.store.db
    .selectFrom('room_events')
    .select(['user_id', 'user_name'])
    .where('message_id', '=', messageId)
    .orderBy('id')
    .execute();
  return new Map(events.map((event) => [event.user_id, event.user_name]));
}

async function visibleChannel(deps: RoomDeps, messageId: number, user: RoomUser | null): Promise<string> {
  const row = await deps.store.db
    .selectFrom('room_messages')
    .select(['channel', 'only_for'])
    .where('id', '=', messageId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (!row || (user && row.only_for !== null && row.only_for !== user.id)) {
    throw refusal('message-gone');
  }
  return row.channel;
}
