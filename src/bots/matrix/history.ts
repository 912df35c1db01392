import { z } from 'zod';
import { type Batch, type RoomEvent, readEvent, readReaction } from './incoming.ts';
import type { KnownReaction, Memory, SentMessage } from './memory.ts';
import { isPassing, MatrixStopped } from './wire.ts';

/**
 * What people did below the bot's messages while it was away. Everything up to the place in the sync was handled, and
 * is in the memory; so only what a sync leaves out is read, and a restart costs nothing for posts that nobody touched.
 */
export interface History {
  /**
   * Puts what the gaps of a sync left out, reactions and redactions, before what it shows. A gap that cannot be read
   * stays `lost`, and its room is in doubt.
   * @param since the place that was synced from
   */
  filled(batch: Batch, since: string): Promise<Batch>;
  /** The memory may lack something of this room, which is then read from the room itself. */
  doubt(roomId: string): Promise<void>;
  /** Resolves when the memory has all reactions below a message, and knows whether it is gone. */
  known(message: SentMessage): Promise<void>;
}

export interface HistoryDeps {
  readonly memory: Memory;
  /** The bot's own. */
  readonly userId: string;
  /** Were its events heard of before? A room that the bot has just come to has no gap. */
  readonly isShown: (roomId: string) => boolean;
  readonly get: (path: string, query: Record<string, unknown>) => Promise<unknown>;
}

/** `GET /rooms/{roomId}/messages`; without `end` there is no more. */
const Page = z.object({ chunk: z.array(z.unknown()), end: z.string().optional() });
/** The most that a homeserver gives at once. */
const PAGE = 100;
/** A gap of more pages is not worked through: what people did below open posts is read instead. */
const MOST_PAGES = 100;
/** So often a gap is asked for that the homeserver does not tell; then it is as if it could not be read. */
const MOST_FAILURES = 4;
/** Clocks of homeservers differ. */
const MARGIN_MS = 24 * 60 * 60_000;
const DOUBTED = 'doubted rooms';

/** A room that is read from its end backwards, as far as it was needed. */
interface Reading {
  /** Where to go on; null: at the end. */
  from: string | null;
  over: boolean;
  /** Everything younger was read. */
  reachedAt: number;
  turn: Promise<void>;
}

const fromTheEnd = (): Reading => ({
  from: null,
  over: false,
  reachedAt: Number.POSITIVE_INFINITY,
  turn: Promise.resolve(),
});

export async function createHistory({ memory, userId, isShown, get }: HistoryDeps): Promise<History> {
  const stored = z.array(z.string()).parse(JSON.parse((await memory.read(DOUBTED)) ?? '[]'));
  const doubts = new Map(stored.map((roomId) => [roomId, fromTheEnd()]));
  let failures = 0;
  let storing: Promise<void> = Promise.resolve();
  const filter = JSON.stringify({ types: ['m.reaction', 'm.room.redaction'], not_senders: [userId] });

  const history: History = {
    async filled(batch, since) {
      const rooms: Batch['rooms'][number][] = [];
      for (const room of batch.rooms) {
        const { roomId, before, lost, events } = room;
        const hasGap = lost && isShown(roomId);
        const missed = hasGap && before !== null ? await missing(roomId, before, since) : null;
        if (hasGap && missed === null) await history.doubt(roomId);
        rooms.push(missed === null ? room : { ...room, lost: false, events: [...missed, ...events] });
      }
      return { ...batch, rooms };
    },

    async doubt(roomId) {
      doubts.set(roomId, fromTheEnd());
      await store();
    },

    async known({ roomId, sentAt }) {
      const reading = doubts.get(roomId);
      if (!reading) return;
      const turn = reading.turn.then(() => readBack(roomId, reading, sentAt - MARGIN_MS));
      // Whoever comes next tries again where this one failed.
      reading.turn = turn.catch(() => {});
      await turn;
    },
  };
  return history;

  /** The oldest first; null: it cannot be read, or is too long. */
  async function missing(roomId: string, before: string, since: string): Promise<RoomEvent[] | null> {
    const events: RoomEvent[] = [];
    let from: string | null = before;
    try {
      for (let pages = 0; from !== null && pages < MOST_PAGES; pages++) {
        const page = await readPage(roomId, { from, to: since });
        events.push(...page.events);
        from = page.next;
      }
    } catch (error) {
      // The same sync is asked for again.
      if (error instanceof MatrixStopped || (isPassing(error) && ++failures < MOST_FAILURES)) throw error;
      failures = 0;
      return null;
    }
    failures = 0;
    return from === null ? events.reverse() : null;
  }

  async function readBack(roomId: string, reading: Reading, until: number): Promise<void> {
    let { from, over, reachedAt } = reading;
    const events: RoomEvent[] = [];
    while (!over && reachedAt > until) {
      const page = await readPage(roomId, from === null ? {} : { from });
      events.push(...page.events);
      from = page.next;
      over = page.next === null;
      if (page.events.length > 0) reachedAt = Math.max(...page.events.map((event) => event.sentAt));
    }
    // All at once, because the order in which the memory is told is the order in which they stand.
    await keep(roomId, events.reverse());
    Object.assign(reading, { from, over, reachedAt });
    if (!over || doubts.get(roomId) !== reading) return;
    doubts.delete(roomId);
    await store();
  }

  /** Missing ones change nothing, so nobody is told of what was taken back in a room in doubt. */
  async function keep(roomId: string, events: readonly RoomEvent[]): Promise<void> {
    const ours = new Map<string, boolean>();
    const found: KnownReaction[] = [];
    for (const event of events) {
      const reaction = event.type === 'm.reaction' && !event.redacted ? readReaction(event.content) : null;
      const messageId = reaction?.messageId ?? event.redacts;
      if (messageId === null) continue;
      if (!ours.has(messageId))
        ours.set(messageId, (await memory.message({ eventId: messageId }))?.roomId === roomId);
      if (reaction) {
        const { eventId, sender } = event;
        if (ours.get(messageId))
          found.push({ eventId, roomId, messageId, userId: sender, emoji: reaction.key });
      } else if (ours.get(messageId)) await memory.gone(messageId);
      else if ((await memory.reaction(messageId))?.roomId === roomId) await memory.removeReaction(messageId);
    }
    await memory.keepReactions(found);
  }

  /** People's reactions and redactions, the newest first. */
  async function readPage(roomId: string, { from, to }: { from?: string; to?: string }) {
    const query = {
      dir: 'b',
      limit: PAGE,
      filter,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    };
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages`;
    const { chunk, end } = Page.parse(await get(path, query));
    const events = chunk.map(readEvent).filter((event) => event !== null);
    return { events, next: end === undefined || end === from ? null : end };
  }

  /** One after the other, so that the last one is what stands. */
  function store(): Promise<void> {
    storing = storing.catch(() => {}).then(() => memory.write(DOUBTED, JSON.stringify([...doubts.keys()])));
    return storing;
  }
}
