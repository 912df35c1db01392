import { createHash } from 'node:crypto';
import type { APIMessage } from 'discord.js';
import type { Calls } from './calls.ts';
import { shownPicture } from './render.ts';

export interface Sent {
  /** Id of the message that was posted under this nonce already, or null. */
  find(channelId: string, nonce: string): Promise<string | null>;
  remember(channelId: string, nonce: string, messageId: string): void;
  /** A request failed and nobody knows whether Discord took it: the channel is read before the next post. */
  doubt(channelId: string): void;
}

const KEPT = 500;

/**
 * A key that always gives the same nonce, of 24 letters and digits (Discord takes 25). It also names the picture's
 * file, by which the message is known again when Discord has forgotten the nonce, after some minutes.
 */
export function nonceOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 24);
}

/**
 * What the bot has posted. Discord itself refuses to post the same nonce twice only for some minutes, so the newest
 * messages of a channel are read once, before the first post there.
 *
 * @param userId of the bot itself
 */
export function createSent({ calls, userId }: { calls: Calls; userId: string }): Sent {
  const channels = new Map<string, Map<string, string>>();

  return {
    async find(channelId, nonce) {
      const known = channels.get(channelId) ?? (await read(channelId));
      return known.get(nonce) ?? null;
    },
    remember(channelId, nonce, messageId) {
      const known = channels.get(channelId);
      if (!known) return;
      known.set(nonce, messageId);
      const [oldest] = known.keys();
      if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
    },
    doubt(channelId) {
      channels.delete(channelId);
    },
  };

  async function read(channelId: string): Promise<Map<string, string>> {
    const known = new Map<string, string>();
    for (const message of (await calls.messages(channelId)).reverse()) {
      if (message.author.id !== userId) continue;
      for (const nonce of noncesOf(message)) known.set(nonce, message.id);
    }
    channels.set(channelId, known);
    return known;
  }
}

function noncesOf(message: APIMessage): string[] {
  const picture = shownPicture(message.embeds)?.replace(/\.[a-z]+$/, '');
  return [message.nonce, picture].filter((one) => one !== undefined).map(String);
}
