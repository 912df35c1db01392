import type { Followed } from '../chat.ts';
import type { Client } from './client.ts';
import { type Outbox, PRIORITY } from './outbox.ts';
import type { Rooms } from './rooms.ts';
import { MatrixRefusal } from './wire.ts';

export interface FollowDeps {
  readonly client: Client;
  readonly rooms: Rooms;
  readonly outbox: Outbox;
}

/**
 * Joins the room that replaces another one, for somebody who may manage it. What that is can be seen from inside alone,
 * so the bot leaves again where it does not stay.
 */
export async function followRoom(
  { client, rooms, outbox }: FollowDeps,
  roomId: string,
  userId: string,
): Promise<Followed> {
  const wasIn = rooms.isIn(roomId);
  if (!wasIn) {
    try {
      await outbox.send(PRIORITY.answer, () => client.joinRoom(roomId));
    } catch (error) {
      if (error instanceof MatrixRefusal && error.statusCode < 500 && error.statusCode !== 401)
        return { ok: false, why: 'not-let-in' };
      throw error;
    }
    rooms.joined(roomId);
  }
  if (await rooms.isEncrypted(roomId)) return notStay('encrypted');
  if (!(await rooms.mayManage(roomId, userId))) return notStay('no-right');
  return { ok: true, name: await rooms.nameOf(roomId) };

  async function notStay(why: 'encrypted' | 'no-right'): Promise<Followed> {
    if (!wasIn) {
      await outbox.send(PRIORITY.post, () => client.leaveRoom(roomId));
      rooms.left(roomId);
    }
    return { ok: false, why };
  }
}
