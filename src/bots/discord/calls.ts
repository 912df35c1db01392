import { type APIMessage, type RawFile, type REST, Routes } from 'discord.js';
import type { VisavisError } from '../../core/platform/errors.ts';
import { DISCORD, discordCode, isTokenRefused, tokenRefused, toVisavisError } from './errors.ts';
import type { Outbox, Rank } from './outbox.ts';

/** Requests about channels, in their turn; failures come as VisavisError. */
export interface Calls {
  send(channelId: string, rank: Rank, body: object, files: RawFile[]): Promise<APIMessage>;
  edit(channelId: string, messageId: string, rank: Rank, body: object, files: RawFile[]): Promise<void>;
  remove(channelId: string, messageId: string, rank: Rank): Promise<void>;
  /** One of the bot's own reactions. */
  react(channelId: string, messageId: string, emoji: string, rank: Rank): Promise<void>;
  /** It goes again. */
  unreact(channelId: string, messageId: string, emoji: string, rank: Rank): Promise<void>;
  /** Somebody else's reaction goes. */
  takeAway(channelId: string, messageId: string, userId: string, emoji: string, rank: Rank): Promise<void>;
  /** null: the message is gone. */
  message(channelId: string, messageId: string): Promise<APIMessage | null>;
  /** Up to 100 messages, the newest ones or the first after a message. */
  messages(channelId: string, after?: string): Promise<APIMessage[]>;
  /** Up to 100 people who reacted so, by their ids. */
  reacted(
    channelId: string,
    messageId: string,
    emoji: string,
    after?: string,
  ): Promise<{ id: string; username: string; global_name?: string | null; bot?: boolean }[]>;
  /** The private channel with a user. */
  privateChannel(userId: string): Promise<string>;
}

/** @param onTokenRefused is told once Discord does not know the token any more */
export function createCalls(
  rest: REST,
  outbox: Outbox,
  onTokenRefused: (error: VisavisError) => void,
): Calls {
  return {
    send: (channelId, rank, body, files) =>
      inTurn(
        channelId,
        rank,
        async () => (await rest.post(Routes.channelMessages(channelId), { body, files })) as APIMessage,
      ),
    edit: (channelId, messageId, rank, body, files) =>
      inTurn(channelId, rank, async () => {
        await rest.patch(Routes.channelMessage(channelId, messageId), { body, files });
      }),
    remove: (channelId, messageId, rank) =>
      inTurn(channelId, rank, async () => {
        await rest.delete(Routes.channelMessage(channelId, messageId));
      }),
    react: (channelId, messageId, emoji, rank) =>
      inTurn(channelId, rank, async () => {
        await rest.put(Routes.channelMessageOwnReaction(channelId, messageId, encodeURIComponent(emoji)));
      }),
    unreact: (channelId, messageId, emoji, rank) =>
      inTurn(channelId, rank, async () => {
        await rest.delete(Routes.channelMessageOwnReaction(channelId, messageId, encodeURIComponent(emoji)));
      }),
    takeAway: (channelId, messageId, userId, emoji, rank) =>
      inTurn(channelId, rank, async () => {
        const name = encodeURIComponent(emoji);
        await rest.delete(Routes.channelMessageUserReaction(channelId, messageId, name, userId));
      }),
    message: (channelId, messageId) =>
      translated(async () => {
        try {
          return (await rest.get(Routes.channelMessage(channelId, messageId))) as APIMessage;
        } catch (error) {
          if (discordCode(error) === DISCORD.unknownMessage) return null;
          throw error;
        }
      }),
    messages: (channelId, after) =>
      translated(async () => {
        const query = new URLSearchParams({ limit: '100', ...(after === undefined ? {} : { after }) });
        return (await rest.get(Routes.channelMessages(channelId), { query })) as APIMessage[];
      }),
    reacted: (channelId, messageId, emoji, after) =>
      translated(async () => {
        const query = new URLSearchParams({
          limit: '100',
          type: '0',
          ...(after === undefined ? {} : { after }),
        });
        const route = Routes.channelMessageReaction(channelId, messageId, encodeURIComponent(emoji));
        return (await rest.get(route, { query })) as { id: string; username: string }[];
      }),
    privateChannel: (userId) =>
      translated(async () => {
        const channel = await rest.post(Routes.userChannels(), { body: { recipient_id: userId } });
        return (channel as { id: string }).id;
      }),
  };

  function inTurn<T>(channelId: string, rank: Rank, job: () => Promise<T>): Promise<T> {
    return outbox.run(channelId, rank, () => translated(() => unarchiving(channelId, job)));
  }

  /** A thread that nobody wrote in for long is archived, and takes no edits and reactions until it is opened. */
  async function unarchiving<T>(channelId: string, job: () => Promise<T>): Promise<T> {
    try {
      return await job();
    } catch (error) {
      if (discordCode(error) !== DISCORD.threadArchived) throw error;
      await rest.patch(Routes.channel(channelId), { body: { archived: false } });
      return job();
    }
  }

  async function translated<T>(job: () => Promise<T>): Promise<T> {
    try {
      return await onceMore(job);
    } catch (error) {
      if (isTokenRefused(error)) onTokenRefused(tokenRefused(error));
      throw toVisavisError(error);
    }
  }
}

/**
 * discord.js tries again after a time-out and after 5xx, but not when the line breaks. Whatever we ask for can be
 * asked again: messages have a nonce.
 */
export async function onceMore<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'UND_ERR_SOCKET')) throw error;
    return job();
  }
}
