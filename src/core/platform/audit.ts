import { createHash } from 'node:crypto';
import type { Millis } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';

export interface AuditEntry {
  readonly at: Millis;
  /** Opaque member key; null: the product itself. */
  readonly accountId: number | null;
  /** A short verb phrase in a fixed vocabulary: `project created`, `statement added`. */
  readonly action: string;
  readonly subject: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** Transactions in which somebody does as an administrator of the site what the own role would not allow. */
const asAdministrator = new WeakSet<Trx>();

/** From now on every entry of this transaction says that the act was done as an administrator. */
export function actAsAdministrator(trx: Trx): void {
  asAdministrator.add(trx);
}

/** Whether the right in this transaction comes from administrating the site, and not from a role. */
export function actsAsAdministrator(trx: Trx): boolean {
  return asAdministrator.has(trx);
}

/**
 * Adds an entry to the log, in the transaction of the act itself. Each row's hash covers the row before, so
 * that a row which was changed or taken out later shows.
 */
export async function audit(store: Store, trx: Trx, entry: AuditEntry): Promise<void> {
  // One writer at a time: two rows with the same predecessor would break the chain.
  await trx
    .insertInto('settings')
    .values({ name: 'audit head', value: '' })
    .$call((query) =>
      store.kind === 'mariadb'
        ? query.onDuplicateKeyUpdate({ name: 'audit head' })
        : query.onConflict((conflict) => conflict.column('name').doNothing()),
    )
    .execute();
  const head = await forUpdate(
    store,
    trx.selectFrom('settings').select('value').where('name', '=', 'audit head'),
  ).executeTakeFirstOrThrow();
  const row = {
    at: entry.at,
    account_id: entry.accountId,
    action: entry.action,
    subject: entry.subject,
    detail: JSON.stringify({ ...entry.detail, ...(actsAsAdministrator(trx) ? { as: 'administrator' } : {}) }),
  };
  const hash = hashOf(head.value, row);
  await trx
    .insertInto('audit')
    .values({ ...row, hash })
    .execute();
  await trx.updateTable('settings').set({ value: hash }).where('name', '=', 'audit head').execute();
}

/** Rows at one time, so that a long log does not have to fit into memory. */
const CHUNK = 2000;

/** The id of the first row that does not fit the one before it; null when the chain is whole. */
export async function firstBrokenAuditRow(store: Store): Promise<number | null> {
  return store.transaction(async (trx) => {
    // Held, so that no entry comes between reading the head and reading the rows.
    const head = await forUpdate(
      store,
      trx.selectFrom('settings').select('value').where('name', '=', 'audit head'),
    ).executeTakeFirst();
    let previous = '';
    let last = 0;
    for (;;) {
      const rows = await trx
        .selectFrom('audit')
        .selectAll()
        .where('id', '>', last)
        .orderBy('id')
        .limit(CHUNK)
        .execute();
      for (const row of rows) {
        if (row.hash !== hashOf(previous, row)) return row.id;
        previous = row.hash;
        last = row.id;
      }
      if (rows.length < CHUNK) break;
    }
    return (head?.value ?? '') === previous ? null : last;
  });
}

function hashOf(
  previous: string,
  row: { at: number; account_id: number | null; action: string; subject: string; detail: string },
): string {
  const text = JSON.stringify([previous, row.at, row.account_id, row.action, row.subject, row.detail]);
  return createHash('sha256').update(text).digest('hex');
}
