import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { VisavisError } from '../../core/platform/errors.ts';
import { normaliseEmoji } from '../../core/review/reactions.ts';
import type { Card, CardPicture, ChatUser } from '../chat.ts';
import type { Client } from './client.ts';
import { type Content, editContent, messageContent, type Place, reactionContent } from './content.ts';
import type { DirectRooms } from './direct.ts';
import type { History } from './history.ts';
import { type RoomEvent, readEvent, readReaction } from './incoming.ts';
import type { Memory, Uploaded } from './memory.ts';
import { type Outbox, PRIORITY, type Priority } from './outbox.ts';
import type { Rooms } from './rooms.ts';
import { isRefusal } from './wire.ts';

export interface MessagesDeps {
  readonly client: Client;
  readonly userId: string;
  readonly memory: Memory;
  readonly outbox: Outbox;
  readonly rooms: Rooms;
  readonly direct: DirectRooms;
  readonly history: History;
  readonly read: <T>(work: () => Promise<T>) => Promise<T>;
  /** A message may have been there for a while before we knew its id: reactions to it may have been missed. */
  onLate(): void;
}

/** The bot's messages in rooms: what the port asks for, as requests. */
export interface Messages {
  post(roomId: string, card: Card, key: string): Promise<string>;
  /** An answer in a room; not repeated by a key. */
  answer(roomId: string, card: Card, place: Place): Promise<string>;
  edit(roomId: string, messageId: string, card: Card): Promise<void>;
  remove(roomId: string, messageId: string): Promise<void>;
  seed(roomId: string, messageId: string, emoji: readonly string[]): Promise<void>;
  unseed(roomId: string, messageId: string, emoji: readonly string[]): Promise<void>;
  reactions(
    roomId: string,
    messageId: string,
  ): Promise<{ user: ChatUser; emoji: string; eventId: string }[] | null>;
  tell(userId: string, card: Card): Promise<void>;
  /** Resolves when no message is on its way in this room, so that the ids of all that are there are known. */
  settled(roomId: string): Promise<void>;
}

const EventId = z.object({ event_id: z.string() });
const Page = z.object({ chunk: z.array(z.unknown()), next_batch: z.string().optional() });
/** The homeserver's own default is 5. */
const PAGE = 100;

/** Every message goes out by the outbox, and none into an encrypted room. */
export function createMessages(deps: MessagesDeps): Messages {
  const { client, userId, memory, outbox, rooms, direct, history, read } = deps;
  const underWay = new Map<string, Set<Promise<unknown>>>();

  return {
    async post(roomId, card, key) {
      const txnId = memory.txnId(`post ${roomId} ${key}`);
      const known = await memory.message({ txnId });
      if (known?.eventId) return known.eventId;
      assertIn(roomId);
      if (!known) await memory.planMessage({ txnId, roomId });
      const picture = card.picture
        ? await upload(txnId, card.picture, known?.picture ?? null, PRIORITY.post)
        : null;
      return send(txnId, roomId, messageContent(card, picture), PRIORITY.post, known !== null);
    },

    async answer(roomId, card, place) {
      assertIn(roomId);
      const txnId = memory.txnId(randomUUID());
      await memory.planMessage({ txnId, roomId });
      const picture = card.picture ? await upload(txnId, card.picture, null, PRIORITY.answer) : null;
      return send(txnId, roomId, messageContent(card, picture, place), PRIORITY.answer, false);
    },

    async edit(roomId, messageId, card) {
      assertIn(roomId);
      const known = await memory.message({ eventId: messageId });
      if (known?.gone) throw new VisavisError('not_found', 'This message was deleted.');
      let picture = known?.picture ?? null;
      if (card.picture && known) picture = await upload(known.txnId, card.picture, picture, PRIORITY.edit);
      const txnId = memory.txnId(randomUUID());
      await put(roomId, 'm.room.message', txnId, editContent(card, picture, messageId), PRIORITY.edit);
    },

    async remove(roomId, messageId) {
      if ((await memory.message({ eventId: messageId }))?.gone) return;
      assertIn(roomId);
      // An edit holds the text and names the picture, and stays when its message is redacted.
      const edits = await relations(roomId, messageId, 'm.replace/m.room.message').catch((error: unknown) => {
        if (isRefusal(error, 404)) return [];
        throw error;
      });
      for (const edit of edits) if (edit.sender === userId) await redact(roomId, edit.eventId);
      await redact(roomId, messageId);
      await memory.gone(messageId);
    },

    async seed(roomId, messageId, emoji) {
      assertIn(roomId);
      for (const one of emoji) {
        const txnId = memory.txnId(`seed ${messageId} ${one}`);
        try {
          await put(roomId, 'm.reaction', txnId, reactionContent(messageId, one), PRIORITY.seed);
        } catch (error) {
          if (!isRefusal(error, 400, 'M_DUPLICATE_ANNOTATION')) throw error;
        }
      }
    },

    async unseed(roomId, messageId, emoji) {
      assertIn(roomId);
      const keys = new Set(emoji.map(normaliseEmoji));
      for (const event of await relations(roomId, messageId, 'm.annotation/m.reaction')) {
        if (event.redacted || event.sender !== userId) continue;
        const reaction = readReaction(event.content);
        if (reaction && keys.has(normaliseEmoji(reaction.key))) await redact(roomId, event.eventId);
      }
    },

    async reactions(roomId, messageId) {
      if (!rooms.isIn(roomId)) return null;
      const message = await memory.message({ eventId: messageId });
      if (message?.roomId !== roomId) return null;
      await history.known(message);
      if ((await memory.message({ eventId: messageId }))?.gone) return null;
      return (await memory.reactionsTo(messageId)).map(({ userId: id, emoji, eventId }) => ({
        user: { id, name: id },
        emoji,
        eventId,
      }));
    },

    async tell(person, card) {
      const roomId = await direct.roomFor(person);
      try {
        await tellIn(roomId, card);
      } catch (error) {
        if (!isRefusal(error, 403)) throw error;
        // The room changed under our hands; the next one is checked, or new.
        direct.doubt(roomId);
        await tellIn(await direct.roomFor(person), card);
      }
    },

    async settled(roomId) {
      await Promise.allSettled(underWay.get(roomId) ?? []);
    },
  };

  async function tellIn(roomId: string, card: Card): Promise<void> {
    const txnId = memory.txnId(randomUUID());
    await put(roomId, 'm.room.message', txnId, messageContent(card, null), PRIORITY.answer);
  }

  async function send(
    txnId: string,
    roomId: string,
    content: Content,
    priority: Priority,
    triedBefore: boolean,
  ): Promise<string> {
    let late = triedBefore;
    const eventId = await outbox.send(priority, async (tries) => {
      late ||= tries > 0;
      await rooms.assertClear(roomId);
      return noted(roomId, async () => {
        const sent = await request(roomId, 'm.room.message', txnId, content);
        // Before we know that it is ours: whoever is stopped in between does all of it again.
        if (late) await readReactions(roomId, sent);
        await memory.sent(txnId, sent);
        return sent;
      });
    });
    if (late) deps.onLate();
    return eventId;
  }

  async function put(
    roomId: string,
    type: string,
    txnId: string,
    content: Content,
    priority: Priority,
  ): Promise<void> {
    await outbox.send(priority, async () => {
      await rooms.assertClear(roomId);
      await request(roomId, type, txnId, content);
    });
  }

  /** @returns the event's id; the same one when this transaction was done before */
  async function request(roomId: string, type: string, txnId: string, content: Content): Promise<string> {
    const path = ['rooms', roomId, 'send', type, txnId].map(encodeURIComponent).join('/');
    return EventId.parse(await client.doRequest('PUT', `/_matrix/client/v3/${path}`, null, content)).event_id;
  }

  async function noted(roomId: string, work: () => Promise<string>): Promise<string> {
    const here = underWay.get(roomId) ?? new Set();
    const working = work();
    underWay.set(roomId, here.add(working));
    try {
      return await working;
    } finally {
      here.delete(working);
      if (here.size === 0) underWay.delete(roomId);
    }
  }

  async function redact(roomId: string, eventId: string): Promise<void> {
    const txnId = memory.txnId(`redact ${eventId}`);
    const path = ['rooms', roomId, 'redact', eventId, txnId].map(encodeURIComponent).join('/');
    try {
      await outbox.send(PRIORITY.edit, () => client.doRequest('PUT', `/_matrix/client/v3/${path}`, null, {}));
    } catch (error) {
      if (!isRefusal(error, 404)) throw error;
    }
  }

  async function upload(
    txnId: string,
    picture: CardPicture,
    known: Uploaded | null,
    priority: Priority,
  ): Promise<Uploaded> {
    const bytes = Buffer.from(picture.bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    if (known?.sha256 === sha256) return known;
    const name = picture.type === 'image/png' ? 'picture.png' : 'picture.jpg';
    const url = await outbox.send(priority, () => client.uploadContent(bytes, picture.type, name));
    const uploaded: Uploaded = {
      url,
      mimetype: picture.type,
      w: picture.width,
      h: picture.height,
      size: bytes.length,
      sha256,
    };
    await memory.keepPicture(txnId, uploaded);
    return uploaded;
  }

  /** Everything that points at a message in one way, the newest first. */
  async function relations(roomId: string, messageId: string, kind: string): Promise<RoomEvent[]> {
    const path = `/_matrix/client/v1/rooms/${encodeURIComponent(roomId)}/relations/${encodeURIComponent(messageId)}/${kind}`;
    const events: RoomEvent[] = [];
    let from: string | undefined;
    do {
      const query = { limit: PAGE, ...(from === undefined ? {} : { from }) };
      const page = Page.parse(await read(() => client.doRequest('GET', path, query)));
      events.push(...page.chunk.map(readEvent).filter((event) => event !== null));
      from = page.next_batch;
    } while (from !== undefined);
    return events;
  }

  /** Reactions that came while nobody knew that the message is ours. */
  async function readReactions(roomId: string, messageId: string): Promise<void> {
    const annotations = await relations(roomId, messageId, 'm.annotation/m.reaction');
    await memory.keepReactions(
      annotations.toReversed().flatMap((event) => {
        const reaction = event.redacted || event.sender === userId ? null : readReaction(event.content);
        return reaction?.messageId === messageId
          ? [{ eventId: event.eventId, roomId, messageId, userId: event.sender, emoji: reaction.key }]
          : [];
      }),
    );
  }

  function assertIn(roomId: string): void {
    if (!rooms.isIn(roomId))
      throw new VisavisError(
        'forbidden',
        'The bot is not in this room. Invite it again, or unbind the room.',
      );
  }
}
