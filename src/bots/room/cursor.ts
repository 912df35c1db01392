import { isDuplicate, type Store } from '../../core/store/store.ts';

const NAME = 'room.last_event';

/** The last event that was handed over; 0 before the first. */
export async function readCursor(store: Store): Promise<number> {
  const row = await store.db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', NAME)
    .executeTakeFirst();
  return row ? Number(row.value) : 0;
}

export async function writeCursor(store: Store, eventId: number): Promise<void> {
  const value = String(eventId);
  try {
    await store.db.insertInto('settings').values({ name: NAME, value }).execute();
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    await store.db.updateTable('settings').set({ value }).where('name', '=', NAME).execute();
  }
}
