import { VisavisError } from '../../core/platform/errors.ts';
import type { Chat, ChatHealth, Followed } from '../chat.ts';
import { spellInWords } from '../command.ts';
import { type MatrixDeps, openSession, type Session } from './session.ts';
import { isTokenRefused, MatrixRefusal, MatrixStopped, MatrixUnreachable } from './wire.ts';

export interface MatrixChat extends Chat {
  health(): ChatHealth;
  follow(roomId: string, userId: string): Promise<Followed>;
}

const REFUSED =
  'The homeserver does not accept VISAVIS_MATRIX_TOKEN any more. Make a new token for the bot’s account and start again.';

/**
 * Matrix as a chat: translates between a homeserver's events and the port, and decides nothing. Rooms must not be
 * encrypted. What `mayManageChannel` means is in `rooms.ts`.
 */
export function createMatrixChat(deps: MatrixDeps): MatrixChat {
  let session: Session | null = null;
  let refused = false;
  let away: string | null = null;

  const refuse = () => {
    if (!refused) deps.log.error({ platform: 'matrix' }, REFUSED);
    refused = true;
  };
  /** Runs what the port asks for, with errors that the desk and people understand. */
  const using = async <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    try {
      if (!session || refused) throw new MatrixStopped();
      return await work(session);
    } catch (error) {
      // What was under way when the token was refused has only heard that everything ends.
      throw refused ? new VisavisError('configuration', REFUSED, { cause: error }) : described(error);
    }
  };

  return {
    platform: 'matrix',
    keepsPlace: true,
    spell: spellInWords,

    async start(handlers) {
      // No request will ever succeed, and each would be another one in the homeserver's log.
      if (refused) throw new VisavisError('configuration', REFUSED);
      try {
        session = await openSession(deps, handlers, refuse);
        away = null;
      } catch (error) {
        const said = described(error);
        away = said instanceof Error ? said.message : String(said);
        throw said;
      }
    },
    async stop() {
      await session?.stop();
      session = null;
    },

    post: (channelId, card, key) => using(({ messages }) => messages.post(channelId, card, key)),
    edit: (channelId, messageId, card) => using(({ messages }) => messages.edit(channelId, messageId, card)),
    remove: (channelId, messageId) => using(({ messages }) => messages.remove(channelId, messageId)),
    seed: (channelId, messageId, emoji) =>
      using(({ messages }) => messages.seed(channelId, messageId, emoji)),
    unseed: (channelId, messageId, emoji) =>
      using(({ messages }) => messages.unseed(channelId, messageId, emoji)),
    reactions: (channelId, messageId) => using(({ messages }) => messages.reactions(channelId, messageId)),
    tell: (userId, card) => using(({ messages }) => messages.tell(userId, card)),
    follow: (roomId, userId) => using((open) => open.follow(roomId, userId)),

    health() {
      if (refused) return { state: 'ended', reason: REFUSED };
      if (session) return session.health();
      return away === null ? { state: 'starting', reason: null } : { state: 'away', reason: away };
    },
  };
}

function described(error: unknown): unknown {
  if (isTokenRefused(error)) return new VisavisError('configuration', REFUSED, { cause: error });
  if (error instanceof MatrixStopped || error instanceof MatrixUnreachable)
    return new VisavisError('internal', `${error.message}.`, { cause: error });
  if (!(error instanceof MatrixRefusal)) return error;
  const { statusCode, message, errcode } = error;
  const details = { details: { statusCode, errcode }, cause: error };
  if (statusCode === 403)
    return new VisavisError(
      'forbidden',
      `${message}. Give the bot the right to write in this room, or unbind it.`,
      details,
    );
  if (statusCode === 404) return new VisavisError('not_found', `${message}.`, details);
  if (statusCode === 413) return new VisavisError('too_large', `${message}.`, details);
  return new VisavisError('internal', `${message}.`, details);
}
