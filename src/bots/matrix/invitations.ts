import type { Log } from '../../core/platform/log.ts';
import type { Client } from './client.ts';
import type { DirectRooms } from './direct.ts';
import type { Invitation } from './incoming.ts';
import { type Outbox, PRIORITY } from './outbox.ts';
import type { Rooms } from './rooms.ts';
import { MatrixRefusal } from './wire.ts';

export interface InvitationDeps {
  readonly client: Client;
  readonly outbox: Outbox;
  readonly rooms: Rooms;
  readonly direct: DirectRooms;
  readonly log: Log;
  /** Only linked owners and administrators may have the bot in their rooms. */
  readonly mayInvite: (userId: string) => Promise<boolean>;
  readonly tell: (userId: string, words: string) => Promise<void>;
  readonly translate: (key: string) => string;
}

export interface Invitations {
  /** Joins, or declines with a reason. */
  answer(invitation: Invitation): Promise<void>;
  /** The bot is in a room now: it stays unless the room is encrypted. */
  entered(roomId: string): Promise<void>;
}

/** The SDK's own way joins every room, and ends the process when an invitation was withdrawn. */
export function createInvitations(deps: InvitationDeps): Invitations {
  const { client, outbox, rooms, direct, log, translate } = deps;
  const invitedBy = new Map<string, string>();

  return {
    async answer({ roomId, from, direct: isDirect, encrypted }) {
      if (!(await deps.mayInvite(from))) return leave(roomId, translate('bot-matrix-not-invited'));
      if (encrypted) return leave(roomId, translate('bot-matrix-encrypted'));
      invitedBy.set(roomId, from);
      const joined = await withdrawn(() => outbox.send(PRIORITY.answer, () => client.joinRoom(roomId)));
      if (!joined) return;
      rooms.joined(roomId);
      log.info({ room: roomId, invitedBy: from }, 'joined a Matrix room');
      if (isDirect) await direct.add(from, roomId);
    },

    async entered(roomId) {
      const host = invitedBy.get(roomId);
      invitedBy.delete(roomId);
      if (!(await rooms.isEncrypted(roomId))) return;
      await leave(roomId, translate('bot-matrix-encrypted'));
      if (host !== undefined) await deps.tell(host, translate('bot-matrix-encrypted'));
    },
  };

  /** The room's people see the reason beside the bot's name; nothing is written into the room. */
  async function leave(roomId: string, reason: string): Promise<void> {
    await withdrawn(() => outbox.send(PRIORITY.post, () => client.leaveRoom(roomId, reason)));
    rooms.left(roomId);
    log.info({ room: roomId, reason }, 'left a Matrix room');
  }

  /** Invitations are withdrawn and rooms closed at any time. @returns whether it was done */
  async function withdrawn(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof MatrixRefusal) || error.statusCode >= 500) throw error;
      log.info({ error: error.message }, 'an invitation was withdrawn');
      return false;
    }
  }
}
