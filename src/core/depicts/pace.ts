import type { Millis } from '../store/schema.ts';
import { forUpdate, isDuplicate, type Store } from '../store/store.ts';

/** The moment at which an account may edit, reserved for whoever holds it. */
export interface Turn {
  readonly at: Millis;
  readonly next: Millis;
}

/**
 * Reserves the account's next turn. Two runs, or two processes, that edit for one account get different ones, so
 * that together they keep to the pace.
 * @param interval between two edits, in milliseconds
 */
export async function takeTurn(
  store: Store,
  args: { accountId: number; now: Millis; interval: Millis },
): Promise<Turn> {
  const { accountId, now, interval } = args;
  const reserve = () =>
    store.transaction(async (trx) => {
      const row = await forUpdate(
        store,
        trx.selectFrom('account_pace').select('next_edit_at').where('account_id', '=', accountId),
      ).executeTakeFirst();
      // A time far in the future is another machine's wrong clock, not a queue.
      const queued = row && row.next_edit_at - now < LONGEST_QUEUE_MS ? row.next_edit_at : now;
      const at = Math.max(now, queued);
      const turn = { at, next: Math.round(at + interval) };
      if (row) {
        await trx
          .updateTable('account_pace')
          .set({ next_edit_at: turn.next })
          .where('account_id', '=', accountId)
          .execute();
      } else {
        await trx
          .insertInto('account_pace')
          .values({ account_id: accountId, next_edit_at: turn.next })
          .execute();
      }
      return turn;
    });
  return reserve().catch((error: unknown) => {
    // Two took the account's first turn at once.
    if (!isDuplicate(error)) throw error;
    return reserve();
  });
}

/** A turn in which nothing was edited goes to the next one who asks, unless somebody has queued behind it. */
export async function returnTurn(store: Store, accountId: number, turn: Turn): Promise<void> {
  await store.db
    .updateTable('account_pace')
    .set({ next_edit_at: turn.at })
    .where('account_id', '=', accountId)
    .where('next_edit_at', '=', turn.next)
    .execute();
}

const LONGEST_QUEUE_MS = 30 * 60_000;
