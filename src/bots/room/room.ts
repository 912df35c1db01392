import { describeError } from '../../core/platform/errors.ts';
import type { Log } from '../../core/platform/log.ts';
import { refusal } from '../../core/platform/refusals.ts';
import type { RoomCard } from '../../core/room/body.ts';
import { lastChannelOf, nextEvents, type RoomEvent } from '../../core/room/events.ts';
import {
  deleteMessage,
  editMessage,
  isChannelName,
  postMessage,
  type RoomDeps,
} from '../../core/room/messages.ts';
import { addReaction, reactionsOf, removeReaction } from '../../core/room/reactions.ts';
import type { Card, Chat, ChatHandlers } from '../chat.ts';
import { spellInWords } from '../command.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { parseCommand } from './parse.ts';

export interface RoomChatDeps extends RoomDeps {
  readonly log: Log;
  /** May this room user bind and unbind channels? */
  mayManageRoom(userId: string): boolean | Promise<boolean>;
}

/** Nudges may be lost, so the room is looked at this often anyway. */
const LOOK_EVERY_MS = 2000;

/** The practice room as a chat: translates between the room's tables and the port, and decides nothing. */
export function createRoomChat(deps: RoomChatDeps): Chat {
  const { store, clock, nudges, log } = deps;
  let stopping: AbortController | null = null;
  let running: Promise<void> | null = null;

  return {
    platform: 'room',
    keepsPlace: true,
    spell: spellInWords,

    async start(handlers) {
      const controller = new AbortController();
      stopping = controller;
      running = run(handlers, controller.signal);
    },

    async stop() {
      stopping?.abort();
      await running;
      stopping = null;
      running = null;
    },

    post: (channelId, card, key) => send(channelId, card, { sendKey: key }),

    async edit(_channelId, messageId, card) {
      await editMessage(deps, readId(messageId), toBody(card), card.picture?.bytes);
    },

    remove: (_channelId, messageId) => deleteMessage(deps, readId(messageId)),

    async seed(_channelId, messageId, emoji) {
      for (const one of emoji)
        await addReaction(deps, { messageId: readId(messageId), user: null, emoji: one });
    },

    async unseed(_channelId, messageId, emoji) {
      for (const one of emoji)
        await removeReaction(deps, { messageId: readId(messageId), user: null, emoji: one });
    },

    reactions: (_channelId, messageId) => reactionsOf(deps, readId(messageId)),

    async tell(userId, card) {
      await send(await lastChannelOf(store, userId), card, { onlyFor: userId });
    },
  };

  async function send(
    channel: string,
    card: Card,
    extra: { sendKey?: string; onlyFor?: string } = {},
  ): Promise<string> {
    if (!isChannelName(channel)) throw refusal('channel-unknown');
    const picture = card.picture ? { picture: card.picture.bytes } : {};
    return String(await postMessage(deps, { channel, user: null, body: toBody(card), ...picture, ...extra }));
  }

  /** Hands the events over one after the other; the place is kept, so a restart goes on where this one ends. */
  async function run(handlers: ChatHandlers, signal: AbortSignal): Promise<void> {
    let wake = new AbortController();
    const unlisten = nudges.listen('room:events', () => wake.abort());
    signal.addEventListener('abort', () => wake.abort());
    try {
      while (!signal.aborted) {
        // A nudge from here on cuts the pause short, even one that comes while the events are read.
        wake = new AbortController();
        const more = await handleNext(handlers, signal);
        if (!more && !signal.aborted) await clock.sleep(LOOK_EVERY_MS, wake.signal);
      }
    } finally {
      unlisten();
    }
  }

  /** @returns whether there may be more at once */
  async function handleNext(handlers: ChatHandlers, signal: AbortSignal): Promise<boolean> {
    try {
      const events = await nextEvents(deps, await readCursor(store));
      for (const event of events) {
        if (signal.aborted) return false;
        try {
          await handle(handlers, event);
        } catch (error) {
          if (describeError(error).code === 'database') throw error;
          // One event that cannot be handled must not hold up all later ones.
          log.error({ err: error, event: event.id }, 'a room event could not be handled');
        }
        await writeCursor(store, event.id);
      }
      return events.length > 0;
    } catch (error) {
      log.error({ err: error }, 'the room could not be read, trying again');
      return false;
    }
  }

  async function handle(handlers: ChatHandlers, event: RoomEvent): Promise<void> {
    const { channel, user } = event;
    if (event.kind !== 'message') {
      await handlers.onReaction({
        channelId: channel,
        messageId: String(event.messageId),
        user,
        emoji: event.emoji ?? '',
        change: event.kind === 'reaction_added' ? 'added' : 'taken_back',
      });
      return;
    }
    const command = parseCommand(event.text);
    if (!command) return;
    await handlers.onCommand({
      ...command,
      user,
      channelId: channel,
      channelName: `#${channel}`,
      mayManageChannel: await deps.mayManageRoom(user.id),
      replyPrivately: async (card) => void (await send(channel, card, { onlyFor: user.id })),
      reply: (card) => send(channel, card),
    });
  }
}

function toBody(card: Card): RoomCard {
  const { picture, ...rest } = card;
  if (!picture) return rest;
  const { bytes: _bytes, ...described } = picture;
  return { ...rest, picture: described };
}

function readId(messageId: string): number {
  // Ids of other platforms are long; they name no message here.
  return /^\d{1,15}$/.test(messageId) ? Number(messageId) : 0;
}
