import type { Assurance } from '../store/schema.ts';
import { type Db, forUpdate, type Store, type Trx } from '../store/store.ts';
import { dayOf, fromBytes, fromTimestamp, toBytes, toTimestamp } from './central-id.ts';
import type { OptIn } from './effective.ts';

/** One origin of a user, as it is kept. */
export interface Entry extends OptIn {
  readonly addedAt: number;
  readonly note: string;
  /** null: it came from elsewhere and nobody has approved it here. */
  readonly assurance: Assurance | null;
  /** Last day on which it was sent, YYYYMMDD. */
  readonly sentOn: number | null;
}

/** In the order in which they were added. */
export async function readEntries(db: Db, user: number): Promise<Entry[]> {
  const rows = await db
    .selectFrom('csp_sources as s')
    .leftJoin('csp_source_details as d', (join) =>
      join.onRef('d.csp_user', '=', 's.csp_user').onRef('d.csp_domain', '=', 's.csp_domain'),
    )
    .select([
      's.csp_domain',
      's.csp_timestamp',
      'd.paused',
      'd.note',
      'd.assurance',
      'd.expires_at',
      'd.sent_on',
    ])
    .where('s.csp_user', '=', user)
    .orderBy('s.csp_timestamp')
    .orderBy('s.csp_domain')
    .execute();
  return rows.map((row) => ({
    value: fromBytes(row.csp_domain),
    addedAt: fromTimestamp(fromBytes(row.csp_timestamp)),
    expiresAt: row.expires_at,
    paused: row.paused === 1,
    note: row.note ?? '',
    assurance: row.assurance,
    sentOn: row.sent_on,
  }));
}

/** @throws the database's error when it is there already (`isDuplicate`) */
export async function insertEntry(
  trx: Trx,
  given: {
    user: number;
    value: string;
    note: string;
    assurance: Assurance;
    now: number;
    expiresAt: number;
  },
): Promise<void> {
  await trx
    .insertInto('csp_sources')
    .values({
      csp_user: given.user,
      csp_domain: toBytes(given.value),
      csp_timestamp: toBytes(toTimestamp(given.now)),
    })
    .execute();
  await insertDetails(trx, given);
}

export async function insertDetails(
  trx: Trx,
  given: { user: number; value: string; note: string; assurance: Assurance; now: number; expiresAt: number },
): Promise<void> {
  await trx
    .insertInto('csp_source_details')
    .values({
      csp_user: given.user,
      csp_domain: toBytes(given.value),
      note: given.note,
      assurance: given.assurance,
      approved_at: given.now,
      expires_at: given.expiresAt,
      sent_on: null,
    })
    .execute();
}

export async function updateDetails(
  trx: Trx,
  user: number,
  value: string,
  change: { paused?: 0 | 1; assurance?: Assurance; approved_at?: number; expires_at?: number },
): Promise<void> {
  await trx
    .updateTable('csp_source_details')
    .set(change)
    .where('csp_user', '=', user)
    .where('csp_domain', '=', toBytes(value))
    .execute();
}

/** @returns whether it was there */
export async function deleteEntry(trx: Trx, user: number, value: string): Promise<boolean> {
  const domain = toBytes(value);
  await trx
    .deleteFrom('csp_source_details')
    .where('csp_user', '=', user)
    .where('csp_domain', '=', domain)
    .execute();
  const { numDeletedRows } = await trx
    .deleteFrom('csp_sources')
    .where('csp_user', '=', user)
    .where('csp_domain', '=', domain)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Notes the day on which these were sent, once a day. */
export async function noteSent(
  store: Store,
  user: number,
  entries: readonly Entry[],
  now: number,
): Promise<void> {
  const day = dayOf(now);
  const late = entries.filter((entry) => entry.sentOn !== day).map((entry) => toBytes(entry.value));
  if (late.length === 0) return;
  await store.db
    .updateTable('csp_source_details')
    .set({ sent_on: day })
    .where('csp_user', '=', user)
    .where('csp_domain', 'in', late)
    .execute();
}

/**
 * A change that wikis with a copy should hear of. Numbers must become visible in their order, or a reader would pass
 * over one: writers hold the same row as the audit log's until they commit.
 */
export async function noteChange(store: Store, trx: Trx, user: number | null, now: number): Promise<void> {
  await forUpdate(
    store,
    trx.selectFrom('settings').select('name').where('name', '=', 'audit head'),
  ).execute();
  await trx.insertInto('csp_changes').values({ csp_user: user, at: now }).execute();
}
