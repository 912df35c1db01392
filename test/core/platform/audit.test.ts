import { describe, expect, it } from 'vitest';
import { audit, firstBrokenAuditRow } from '../../../src/core/platform/audit.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { engines, useTwoStores } from '../../support/stores.ts';

describe.each(engines())('the audit log on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  const add = (which: Store, subject: string, accountId: number | null = null) =>
    which.transaction((trx) =>
      audit(which, trx, { at: 1000, accountId, action: 'tested', subject, detail: { note: 'é ✅' } }),
    );
  const rows = () => store.db.selectFrom('audit').selectAll().orderBy('id').execute();

  it('is whole when it is empty', async () => {
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });

  it('stays whole when two stores write many entries at once', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => add(i % 2 ? store : other, `entry ${i}`, i)));
    expect(await rows()).toHaveLength(40);
    expect(await firstBrokenAuditRow(store)).toBeNull();
    expect(await firstBrokenAuditRow(other)).toBeNull();
  });

  it('is not thought broken while entries are written', async () => {
    const found: (number | null)[] = [];
    const writing = Promise.all(Array.from({ length: 30 }, (_, i) => add(other, `during ${i}`)));
    for (let i = 0; i < 15; i++) found.push(await firstBrokenAuditRow(store));
    await writing;
    expect(found.filter((row) => row !== null)).toEqual([]);
  });

  it('keeps nothing of an entry whose act failed', async () => {
    const before = await rows();
    await expect(
      store.transaction(async (trx) => {
        await audit(store, trx, { at: 1, accountId: null, action: 'tested', subject: 'undone' });
        throw new Error('the act failed');
      }),
    ).rejects.toThrow('the act failed');
    expect(await rows()).toEqual(before);
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });

  it.each([
    ['at', 999],
    ['account_id', 12345],
    ['action', 'did something else'],
    ['subject', 'somebody else'],
    ['detail', '{}'],
    ['hash', 'f'.repeat(64)],
  ] as const)('shows that %s of a row was changed', async (column, value) => {
    const all = await rows();
    const row = all[10];
    if (!row) throw new Error('no row');
    const set = (values: Record<string, unknown>) =>
      store.db.updateTable('audit').set(values).where('id', '=', row.id).execute();
    await set({ [column]: value });
    expect(await firstBrokenAuditRow(store)).toBe(row.id);
    await set({ [column]: row[column] });
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });

  it('shows that a row in the middle was taken out', async () => {
    const all = await rows();
    const [row, next] = [all[5], all[6]];
    if (!row || !next) throw new Error('no row');
    await store.db.deleteFrom('audit').where('id', '=', row.id).execute();
    expect(await firstBrokenAuditRow(store)).toBe(next.id);
    await store.db.insertInto('audit').values(row).execute();
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });

  it('shows that the newest rows were taken out', async () => {
    const all = await rows();
    const [last, before] = [all.at(-1), all.at(-2)];
    if (!last || !before) throw new Error('no row');
    await store.db.deleteFrom('audit').where('id', '=', last.id).execute();
    expect(await firstBrokenAuditRow(store)).toBe(before.id);
    await store.db.insertInto('audit').values(last).execute();
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });

  it('shows that everything was taken out', async () => {
    const all = await rows();
    await store.db.deleteFrom('audit').execute();
    expect(await firstBrokenAuditRow(store)).not.toBeNull();
    for (const row of all) await store.db.insertInto('audit').values(row).execute();
    expect(await firstBrokenAuditRow(store)).toBeNull();
  });
});
