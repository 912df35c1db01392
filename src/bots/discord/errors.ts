import { DiscordAPIError, HTTPError } from 'discord.js';
import { type ErrorCode, VisavisError } from '../../core/platform/errors.ts';

/** Discord's codes that we act upon (documentation: "JSON error codes"; seen: `test/bots/discord/recorded`). */
export const DISCORD = {
  unknownChannel: 10003,
  unknownMessage: 10008,
  unknownUser: 10013,
  unknownEmoji: 10014,
  unknownWebhook: 10015,
  unknownInteraction: 10062,
  tooManyReactions: 30010,
  alreadyAcknowledged: 40060,
  missingAccess: 50001,
  cannotTell: 50007,
  missingPermissions: 50013,
  invalidWebhookToken: 50027,
  threadArchived: 50083,
  reactionBlocked: 90001,
} as const;

/** What a refusal is about: all else of the same kind would be refused too. */
export type Scope = 'message' | 'channel' | 'user' | 'platform' | 'request';

const REFUSALS: Readonly<Record<number, readonly [ErrorCode, Scope, string]>> = {
  [DISCORD.unknownMessage]: ['not_found', 'message', 'The message is gone from Discord.'],
  [DISCORD.unknownChannel]: [
    'not_found',
    'channel',
    'The Discord channel is gone; bind another one with /visavis setup.',
  ],
  [DISCORD.missingAccess]: [
    'forbidden',
    'channel',
    'The bot cannot see the Discord channel; invite it again, or give it the right to view the channel.',
  ],
  [DISCORD.missingPermissions]: [
    'forbidden',
    'channel',
    'The bot lacks a right in the Discord channel: it needs to view it, read its history, send messages and files, embed links and add reactions.',
  ],
  [DISCORD.cannotTell]: [
    'forbidden',
    'user',
    'This Discord user takes no private messages from the bot; the commands answer privately in the channel.',
  ],
  [DISCORD.unknownUser]: ['not_found', 'user', 'There is no such Discord user.'],
};

/** The number that Discord gave its refusal; null when it gave none. */
export function discordCode(error: unknown): number | null {
  return error instanceof DiscordAPIError && typeof error.code === 'number' ? error.code : null;
}

/** Is the bot's token refused? */
export function isTokenRefused(error: unknown): boolean {
  // The token of an interaction that is over is refused with the same status.
  return (
    error instanceof DiscordAPIError && error.status === 401 && error.code !== DISCORD.invalidWebhookToken
  );
}

/**
 * What goes wrong with Discord, in our words. `details.scope` says what else would be refused as well, and
 * `details.discord` has Discord's own number. No message names an address, because addresses hold tokens.
 */
export function toVisavisError(error: unknown): VisavisError {
  if (error instanceof VisavisError) return error;
  if (isTokenRefused(error)) return tokenRefused(error);
  const code = discordCode(error);
  const known = code === null ? undefined : REFUSALS[code];
  if (known) {
    const [ours, scope, words] = known;
    return new VisavisError(ours, words, { cause: error, details: { scope, discord: code } });
  }
  if (error instanceof DiscordAPIError) {
    return new VisavisError('internal', `Discord refused: ${error.message} (${code ?? error.status})`, {
      cause: error,
      details: { scope: 'request' satisfies Scope, discord: code },
    });
  }
  const what = error instanceof HTTPError ? `it answers ${error.status}` : 'it does not answer';
  return new VisavisError('internal', `Discord cannot be reached: ${what}. It is tried again.`, {
    cause: error,
    details: { scope: 'platform' satisfies Scope },
  });
}

export function tokenRefused(cause?: unknown): VisavisError {
  return new VisavisError(
    'configuration',
    'Discord refuses the token of the bot. Set VISAVIS_DISCORD_TOKEN to the one of the developer portal and start again.',
    { cause, details: { scope: 'platform' satisfies Scope } },
  );
}
