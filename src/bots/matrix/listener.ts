import type { Clock } from '../../core/platform/clock.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import type { Log } from '../../core/platform/log.ts';
import type { Card, ChatHandlers } from '../chat.ts';
import type { DirectRooms } from './direct.ts';
import type { History } from './history.ts';
import type { Inbox } from './inbox.ts';
import { type Batch, parseCommand, type RoomEvent, readReaction, readText, textOf } from './incoming.ts';
import type { Invitations } from './invitations.ts';
import type { Memory } from './memory.ts';
import type { Messages } from './messages.ts';
import type { Rooms } from './rooms.ts';

/** A room was closed for another one, which nobody has joined for the bot. */
export interface ReplacedRoom {
  readonly roomId: string;
  readonly replacement: string;
  readonly by: string;
}

export interface ListenerDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The bot's own. */
  readonly userId: string;
  /** Rooms whose events were heard of. */
  readonly shown: Set<string>;
  readonly memory: Memory;
  readonly inbox: Inbox;
  readonly rooms: Rooms;
  readonly direct: DirectRooms;
  readonly messages: Messages;
  readonly history: History;
  readonly invitations: Invitations;
  readonly handlers: ChatHandlers;
  readonly translate: (key: string) => string;
  readonly onReplaced: (change: ReplacedRoom) => Promise<void>;
}

/** Nobody waits any more for the answer to a command that is older, when the bot starts. */
const OLD_COMMAND_MS = 30_000;

/**
 * What to do with a sync. Nothing is done at once: everything goes through the inbox, and the place in the
 * homeserver's events is stored after the last of them, so that each is handled at least once.
 */
export function createListener(deps: ListenerDeps): (batch: Batch) => void {
  const { clock, userId, shown, memory, inbox, rooms, direct, handlers } = deps;
  const startedAt = clock.now();

  return (batch) => {
    for (const roomId of batch.left) {
      rooms.left(roomId);
      shown.delete(roomId);
      direct.doubt(roomId);
      deps.log.warn({ room: roomId }, 'the bot is no longer in this Matrix room');
    }
    for (const one of batch.invitations)
      inbox.add(one.roomId, 'an invitation', () => deps.invitations.answer(one));
    for (const { roomId, gap, lost, events } of batch.rooms) {
      // A room is shown from the middle when the bot comes in, and nothing of it was missed.
      const entering = !shown.has(roomId);
      shown.add(roomId);
      rooms.joined(roomId);
      if (entering) inbox.add(roomId, 'a joined room', () => entered(roomId));
      // Changes of state in a gap are shown, but not who came and went.
      if (gap) direct.doubt(roomId);
      const receivedAt = clock.now();
      for (const event of events) {
        note(roomId, event);
        if (event.sender === userId) continue;
        // Who is let in finds the room encrypted, or not.
        if (entering && event.type === 'm.room.encryption') continue;
        // One after the other is what one person does; nobody else's reaction can be taken back by it.
        const age = event.age ?? receivedAt - event.sentAt;
        // Our clock may have been set back since the start.
        const isOld = age > OLD_COMMAND_MS + Math.max(0, receivedAt - startedAt);
        inbox.add(
          event.sender,
          event.type,
          () => handle(roomId, event, isOld),
          () => readAgain(roomId),
        );
      }
      if (lost && !entering) inbox.after('a gap', async () => handlers.onGap?.());
    }
    // Much that ends a sync is nothing to us: receipts, and people who type.
    const happened = batch.rooms.length + batch.invitations.length + batch.left.length;
    if (happened > 0) inbox.after('the place in the sync', () => memory.write('sync', batch.next));
  };

  async function entered(roomId: string): Promise<void> {
    await deps.invitations.entered(roomId);
    // Not for the first time: nobody has seen what was done below its posts meanwhile.
    if (await memory.hasMessages(roomId)) await readAgain(roomId);
  }

  async function readAgain(roomId: string): Promise<void> {
    await deps.history.doubt(roomId);
    handlers.onGap?.();
  }

  /** What must be known at once, before anything else is sent. */
  function note(roomId: string, event: RoomEvent): void {
    if (event.type === 'm.room.encryption' && event.stateKey === '') {
      rooms.markEncrypted(roomId);
      direct.doubt(roomId);
    }
    if (event.type === 'm.room.member') direct.doubt(roomId);
  }

  async function handle(roomId: string, event: RoomEvent, isOld: boolean): Promise<void> {
    if (event.type === 'm.reaction') return reacted(roomId, event);
    if (event.type === 'm.room.redaction') return redacted(roomId, event, true);
    if (event.type === 'm.room.message') return wrote(roomId, event, isOld);
    if (event.type === 'm.room.encryption' && event.stateKey === '') return encrypted(roomId, event);
    if (event.type === 'm.room.tombstone' && event.stateKey === '') return replaced(roomId, event);
  }

  async function reacted(roomId: string, event: RoomEvent): Promise<void> {
    const reaction = event.redacted ? null : readReaction(event.content);
    if (!reaction) return;
    const { messageId, key: emoji } = reaction;
    // Somebody may be quicker than the homeserver's answer to our own request.
    if (!(await memory.message({ eventId: messageId }))) await deps.messages.settled(roomId);
    const message = await memory.message({ eventId: messageId });
    if (message?.roomId !== roomId) return;
    const { eventId, sender } = event;
    const user = { id: sender, name: sender };
    await handlers.onReaction({ channelId: roomId, messageId, user, emoji, eventId, change: 'added' });
    // Afterwards: whoever is stopped in between gets the event again.
    await memory.keepReactions([{ eventId, roomId, messageId, userId: sender, emoji }]);
  }

  async function redacted(roomId: string, event: RoomEvent, mayWait: boolean): Promise<void> {
    if (event.redacts === null) return;
    const message = await memory.message({ eventId: event.redacts });
    if (message?.roomId === roomId && !message.gone) {
      await memory.gone(event.redacts);
      // The desk finds out which one when it reads the posts.
      handlers.onGap?.();
      return;
    }
    const reaction = await memory.reaction(event.redacts);
    if (!reaction && mayWait) {
      // A moderator may be quicker than whoever deals with the reaction, in another lane.
      inbox.after(event.type, () => redacted(roomId, event, false));
      return;
    }
    if (!reaction || reaction.removed || reaction.roomId !== roomId) return;
    if (!(await memory.hasTwin(reaction)))
      await handlers.onReaction({
        channelId: roomId,
        messageId: reaction.messageId,
        user: { id: reaction.userId, name: reaction.userId },
        emoji: reaction.emoji,
        eventId: reaction.eventId,
        // A moderator's redaction takes no vote back.
        change: event.sender === reaction.userId ? 'taken_back' : 'cleared',
      });
    await memory.removeReaction(reaction.eventId);
  }

  async function wrote(roomId: string, event: RoomEvent, isOld: boolean): Promise<void> {
    const message = readText(event.content);
    const command = message ? parseCommand(message.text) : null;
    if (!message || !command || isOld) return;
    const { sender } = event;
    const alone = direct.isDirect(roomId);
    const [name, channelName, mayManageChannel] = await Promise.all([
      rooms.personIn(roomId, sender),
      alone ? '' : rooms.nameOf(roomId),
      alone ? false : rooms.mayManage(roomId, sender),
    ]);
    // Once, and not at least once: somebody who gets no answer asks again.
    if (!(await memory.takeOnce(event.eventId))) return;
    const place = message.thread === null ? {} : { thread: message.thread, answers: event.eventId };
    await handlers.onCommand({
      ...command,
      user: { id: sender, name },
      channelId: alone ? null : roomId,
      channelName,
      mayManageChannel,
      replyPrivately: (card: Card) => deps.messages.tell(sender, card),
      reply: (card: Card) => deps.messages.answer(roomId, card, place),
    });
  }

  async function encrypted(roomId: string, event: RoomEvent): Promise<void> {
    if (!(await memory.takeOnce(event.eventId))) return;
    await deps.messages
      .tell(event.sender, { text: deps.translate('bot-matrix-encrypted') })
      .catch((error: unknown) => {
        if (!(error instanceof VisavisError)) throw error;
        deps.log.info(
          { room: roomId, error: error.message },
          'nobody could be told that a room is encrypted',
        );
      });
  }

  async function replaced(roomId: string, event: RoomEvent): Promise<void> {
    const replacement = textOf(event.content, 'replacement_room');
    if (!replacement?.startsWith('!') || !(await memory.takeOnce(event.eventId))) return;
    await deps.onReplaced({ roomId, replacement, by: event.sender });
  }
}
