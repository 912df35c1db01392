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
    detail: JSON.stringify(entry.detail ?? {}),
  };
  const hash = hashOf(head.value, row);
  await trx
    .insertInto('audit')
    .values({ ...row, hash })
    .execute();
  await trx.updateTable('settings').set({ value: hash }).where('name', '=', 'audit head').execute();
}

/** The id of the first row that does not fit the one before it; null when the chain is whole. */
export async function firstBrokenAuditRow(store: Store): Promise<number | null> {
  const { head, rows } = await store.transaction(async (trx) => ({
    // Held, so that no entry comes between reading the head and reading the rows.
    head: await forUpdate(
      store,
      trx.selectFrom('settings').select('value').where('name', '=', 'audit head'),
    ).executeTakeFirst(),
    rows: await trx.selectFrom('audit').selectAll().orderBy('id').execute(),
  }));
  let previous = '';
  for (const row of rows) {
    if (row.hash !== hashOf(previous, row)) return row.id;
    previous = row.hash;
  }
  return (head?.value ?? '') === previous ? null : (rows.at(-1)?.id ?? 0);
}

function hashOf(
  previous: string,
  row: { at: number; account_id: number | null; action: string; subject: string; detail: string },
): string {
  const text = JSON.stringify([previous, row.at, row.account_id, row.action, row.subject, row.detail]);
  return createHash('sha256').update(text).digest('hex');
}
