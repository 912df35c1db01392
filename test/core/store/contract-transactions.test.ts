import { describe, expect, it } from 'vitest';
import { forUpdate, type Store } from '../../../src/core/store/store.ts';
import { engines, useTwoStores } from '../../support/stores.ts';

describe.each(engines())('transactions of the store on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  let count = 0;
  const key = () => `key-${++count}`;

  it('forgets everything of a transaction that fails', async () => {
    const name = key();
    await expect(
      store.transaction(async (trx) => {
        await trx.insertInto('settings').values({ name, value: 'x' }).execute();
        throw new Error('stop');
      }),
    ).rejects.toThrow('stop');
    expect(await store.db.selectFrom('settings').selectAll().where('name', '=', name).execute()).toEqual([]);
  });

  it('keeps queries beside a transaction out of it', async () => {
    const [inside, beside] = [key(), key()];
    const failing = store.transaction(async (trx) => {
      await trx.insertInto('settings').values({ name: inside, value: 'x' }).execute();
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('stop');
    });
    const other = store.db.insertInto('settings').values({ name: beside, value: 'y' }).execute();
    await expect(failing).rejects.toThrow('stop');
    await other;
    const rows = await store.db
      .selectFrom('settings')
      .select('name')
      .where('name', 'in', [inside, beside])
      .execute();
    expect(rows).toEqual([{ name: beside }]);
  });

  it('loses no step of two stores that count one number up 100 times', async () => {
    const name = key();
    await store.db.insertInto('leases').values({ name, owner: null, expires_at: 0, fence: 0 }).execute();
    const count = (which: Store) =>
      which.transaction(async (trx) => {
        const row = await forUpdate(
          which,
          trx.selectFrom('leases').select('fence').where('name', '=', name),
        ).executeTakeFirstOrThrow();
        await trx
          .updateTable('leases')
          .set({ fence: row.fence + 1 })
          .where('name', '=', name)
          .execute();
      });
    await Promise.all(Array.from({ length: 100 }, (_, i) => count(i % 2 ? store : other)));
    const row = await store.db
      .selectFrom('leases')
      .select('fence')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    expect(row.fence).toBe(100);
  });
});
