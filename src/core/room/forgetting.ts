import type { Trx } from '../store/store.ts';
import { writeBody } from './body.ts';

/** Whose messages they are when nobody may know it any more. */
const FORGOTTEN = 'forgotten';

/**
 * Takes away what somebody said and was told in the practice room, the name they had there, and their reactions;
 * votes are kept elsewhere. Part of deleting an account, in its transaction.
 */
export async function forgetRoomUser(trx: Trx, userId: string, now: number): Promise<void> {
  const gone = { body: writeBody({}), picture: null, deleted_at: now };
  await trx
    .updateTable('room_messages')
    .set({ ...gone, user_id: FORGOTTEN, user_name: '' })
    .where('user_id', '=', userId)
    .execute();
  await trx
    .updateTable('room_messages')
    .set({ ...gone, only_for: FORGOTTEN })
    .where('only_for', '=', userId)
    .execute();
  await trx.deleteFrom('room_events').where('user_id', '=', userId).execute();
  await trx.deleteFrom('room_reactions').where('user_id', '=', userId).execute();
}
