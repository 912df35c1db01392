import type { APIMessage, APIReaction } from 'discord.js';
import type { Clock } from '../../core/platform/clock.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import type { ChatUser } from '../chat.ts';
import type { Calls } from './calls.ts';
import { DISCORD } from './errors.ts';
import { nameOf } from './packets.ts';

export interface History {
  /** All standing reactions of people on a message, or null when it is gone. */
  reactionsOf(channelId: string, messageId: string): Promise<{ user: ChatUser; emoji: string }[] | null>;
  /** Events were lost: what was read before says nothing any more. */
  forget(): void;
}

export interface HistoryDeps {
  readonly calls: Calls;
  readonly clock: Clock;
  readonly userId: string;
  onRead(message: APIMessage): void;
}

/** Events tell what came after a page was read, so that its messages can be used a while later, once each. */
const FRESH_MS = 60_000;
const PAGE = 100;

interface Page {
  readonly readAt: number;
  readonly messages: Map<string, APIMessage>;
}

/**
 * Reads reactions from the posts. Whoever asks for one open post mostly asks for the next one too: one request
 * brings a hundred messages, and one for each emoji that people used brings who it was.
 *
 * @param deps.userId of the bot itself
 * @param deps.onRead is told of every message that was read
 */
export function createHistory({ calls, clock, userId, onRead }: HistoryDeps): History {
  /** The page that was last read in a channel. */
  let pages = new Map<string, Page>();

  return {
    async reactionsOf(channelId, messageId) {
      const message = await find(channelId, messageId);
      if (!message) return null;
      const standing: { user: ChatUser; emoji: string }[] = [];
      for (const reaction of message.reactions ?? []) {
        const { name, id } = reaction.emoji;
        if (id || !name || !fromPeople(reaction)) continue;
        for (const user of await everybody(channelId, messageId, name)) {
          if (user.id === userId || user.bot) continue;
          standing.push({ user: { id: user.id, name: nameOf(user, user.id) }, emoji: name });
        }
      }
      return standing;
    },
    forget() {
      pages = new Map();
    },
  };

  async function find(channelId: string, messageId: string): Promise<APIMessage | null> {
    const known = take(channelId, messageId);
    if (known) return known;
    // A page that is on its way when all are forgotten is forgotten with them.
    const here = pages;
    const after = String(BigInt(messageId) - 1n);
    const messages = await calls.messages(channelId, after);
    for (const message of messages) onRead(message);
    here.set(channelId, { readAt: clock.now(), messages: new Map(messages.map((one) => [one.id, one])) });
    // Without the right to read the history the page is empty, which must not look like a deleted message.
    return take(channelId, messageId) ?? (await calls.message(channelId, messageId));
  }

  function take(channelId: string, messageId: string): APIMessage | null {
    const page = pages.get(channelId);
    if (!page) return null;
    if (clock.now() - page.readAt > FRESH_MS) {
      pages.delete(channelId);
      return null;
    }
    const message = page.messages.get(messageId) ?? null;
    page.messages.delete(messageId);
    if (page.messages.size === 0) pages.delete(channelId);
    return message;
  }

  async function everybody(channelId: string, messageId: string, emoji: string) {
    const users: Awaited<ReturnType<Calls['reacted']>> = [];
    for (;;) {
      const more = await reactedOrNobody(channelId, messageId, emoji, users.at(-1)?.id);
      users.push(...more);
      if (more.length < PAGE) return users;
    }
  }

  async function reactedOrNobody(channelId: string, messageId: string, emoji: string, after?: string) {
    try {
      return await calls.reacted(channelId, messageId, emoji, after);
    } catch (error) {
      // The last reaction of this kind was taken away in between.
      if (error instanceof VisavisError && error.details.discord === DISCORD.unknownEmoji) return [];
      throw error;
    }
  }
}

/** Did anybody but the bot react so? Servers that do not say whether the bot did are asked. */
function fromPeople(reaction: APIReaction): boolean {
  return reaction.count > (reaction.me ? 1 : 0);
}
