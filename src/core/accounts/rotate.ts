import type { AccountTokensTable } from '../store/schema.ts';
import { forUpdate, type Store } from '../store/store.ts';
import type { Fernet } from './fernet.ts';
import { readToken } from './token-rows.ts';

export interface RotationCounts {
  /** Encrypted anew, with the first key. */
  readonly rotated: number;
  /** Legacy plain text that is encrypted now. */
  readonly encrypted: number;
  /** Under the first key already. */
  readonly current: number;
  /** No key opens them; left as they are. */
  readonly unreadable: number;
}

export interface TokenStatus {
  readonly rows: number;
  /** Rows by the place of their key in VISAVIS_TOKEN_KEY; the first encrypts. */
  readonly underKey: readonly number[];
  readonly legacy: number;
  readonly unreadable: number;
  readonly broken: number;
}

interface Deps {
  readonly store: Store;
  readonly fernet: Fernet;
}

const BATCH = 100;

/**
 * Encrypts all stored tokens with the first key. Rows are done one by one and those under the first key are left,
 * so a rotation that was broken off goes on when it is started again, and the product may run meanwhile.
 *
 * @param onBatch told after each batch, with the counts so far
 */
export async function rotateTokens(
  deps: Deps,
  onBatch: (counts: RotationCounts) => void = () => {},
): Promise<RotationCounts> {
  const counts = { rotated: 0, encrypted: 0, current: 0, unreadable: 0 };
  for await (const ids of batches(deps.store)) {
    for (const id of ids) {
      const outcome = await rotateRow(deps, id);
      if (outcome !== 'gone') counts[outcome] += 1;
    }
    onBatch({ ...counts });
  }
  return counts;
}

export async function tokenStatus(deps: Deps, keys: number): Promise<TokenStatus> {
  const underKey = Array.from({ length: keys }, () => 0);
  const status = { rows: 0, legacy: 0, unreadable: 0, broken: 0 };
  for await (const ids of batches(deps.store)) {
    const rows = await deps.store.db
      .selectFrom('account_tokens')
      .selectAll()
      .where('account_id', 'in', ids)
      .execute();
    for (const row of rows) {
      status.rows += 1;
      if (row.broken_at !== null) status.broken += 1;
      const key = row.scheme === 'plain' ? null : oldestKey(deps.fernet, tokensOf(row));
      if (row.scheme === 'plain') status.legacy += 1;
      else if (key === null) status.unreadable += 1;
      else underKey[key] = (underKey[key] ?? 0) + 1;
    }
  }
  return { ...status, underKey };
}

async function* batches(store: Store): AsyncGenerator<number[]> {
  let after = 0;
  for (;;) {
    const rows = await store.db
      .selectFrom('account_tokens')
      .select('account_id')
      .where('account_id', '>', after)
      .orderBy('account_id')
      .limit(BATCH)
      .execute();
    const last = rows.at(-1);
    if (!last) return;
    yield rows.map((row) => row.account_id);
    after = last.account_id;
  }
}

/** Under a lock on the row, so that a refresh at the same moment is neither lost nor undone. */
function rotateRow({ store, fernet }: Deps, accountId: number): Promise<keyof RotationCounts | 'gone'> {
  return store.transaction(async (trx) => {
    const row = await forUpdate(
      store,
      trx.selectFrom('account_tokens').selectAll().where('account_id', '=', accountId),
    ).executeTakeFirst();
    if (!row) return 'gone';
    if (row.scheme !== 'plain') {
      const key = oldestKey(fernet, tokensOf(row));
      if (key === null) return 'unreadable';
      if (key === 0) return 'current';
    }
    const again = (bytes: Uint8Array) => Buffer.from(fernet.encrypt(readToken(fernet, row.scheme, bytes)));
    await trx
      .updateTable('account_tokens')
      .set({
        access_token: again(row.access_token),
        refresh_token: row.refresh_token && again(row.refresh_token),
        scheme: 'fernet',
      })
      .where('account_id', '=', accountId)
      .execute();
    return row.scheme === 'plain' ? 'encrypted' : 'rotated';
  });
}

function tokensOf({
  access_token,
  refresh_token,
}: Pick<AccountTokensTable, 'access_token' | 'refresh_token'>): string[] {
  return [access_token, ...(refresh_token ? [refresh_token] : [])].map((bytes) =>
    Buffer.from(bytes).toString(),
  );
}

/** The key that keeps the row readable; null when one of its tokens has none. */
function oldestKey(fernet: Fernet, tokens: readonly string[]): number | null {
  const keys = tokens.map((token) => fernet.keyIndex(token));
  return keys.reduce((oldest, key) => (oldest === null || key === null ? null : Math.max(oldest, key)), 0);
}
