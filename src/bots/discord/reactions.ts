import { type Client, GatewayDispatchEvents } from 'discord.js';
import { describeError } from '../../core/platform/errors.ts';
import type { Log } from '../../core/platform/log.ts';
import type { ReactionEvent } from '../chat.ts';
import { nameOf, OneEmoji, Place, Reaction } from './packets.ts';

/**
 * Hands over every reaction of people, by its ids alone. The gateway's own packets are read, because discord.js
 * tells nothing about channels that it does not know (threads that were archived, say).
 *
 * The bot's own reactions and those of other bots are left out; what the rest means is not decided here. A custom
 * emoji is written as it is in Discord's addresses, `name:id`.
 */
export function listenToReactions(
  client: Client,
  log: Log,
  onReaction: (event: ReactionEvent) => Promise<void>,
): void {
  const { MessageReactionAdd, MessageReactionRemove, MessageReactionRemoveAll, MessageReactionRemoveEmoji } =
    GatewayDispatchEvents;

  const hand = (event: ReactionEvent) => {
    onReaction(event).catch((error: unknown) =>
      log.error({ platform: 'discord', error: describeError(error) }, 'a reaction could not be handled'),
    );
  };
  const one = (packet: unknown, change: 'added' | 'taken_back') => {
    const read = Reaction.safeParse(packet);
    if (!read.success) return;
    const { channel_id: channelId, message_id: messageId, user_id: id, emoji, member } = read.data;
    if (id === client.user?.id || member?.user?.bot || !emoji.name) return;
    const written = emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name;
    hand({ channelId, messageId, user: { id, name: nameOf(member?.user, id) }, emoji: written, change });
  };
  const cleared = (packet: unknown, emoji: string) => {
    const read = Place.safeParse(packet);
    if (!read.success) return;
    const { channel_id: channelId, message_id: messageId } = read.data;
    hand({ channelId, messageId, user: { id: '', name: '' }, emoji, change: 'cleared' });
  };

  client.ws.on(MessageReactionAdd, (packet: unknown) => one(packet, 'added'));
  client.ws.on(MessageReactionRemove, (packet: unknown) => one(packet, 'taken_back'));
  client.ws.on(MessageReactionRemoveAll, (packet: unknown) => cleared(packet, ''));
  client.ws.on(MessageReactionRemoveEmoji, (packet: unknown) => {
    const read = OneEmoji.safeParse(packet);
    if (read.success && !read.data.emoji.id && read.data.emoji.name) cleared(packet, read.data.emoji.name);
  });
}
