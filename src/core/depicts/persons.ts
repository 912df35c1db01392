import type { Store, Trx } from '../store/store.ts';
import { MAX_BATCH } from '../wiki/batch.ts';
import type { Wiki } from '../wiki/wiki.ts';

/** The items of a run's persons, as they are now: looked up once for each run. */
export interface Persons {
  /** Looks up those that are not known yet, 50 in one request. */
  lookUp(items: readonly string[]): Promise<void>;
  /** The item to write about: the one that it was merged into, or itself; null when it was deleted. */
  current(item: string): string | null;
  /** The wiki refused the item: it was deleted since it was looked up. */
  markDeleted(item: string): void;
}

export function createPersons(wiki: Pick<Wiki, 'items'>): Persons {
  const known = new Map<string, string | null>();
  return {
    async lookUp(items) {
      const unknown = [...new Set(items)].filter((item) => !known.has(item));
      for (let from = 0; from < unknown.length; from += MAX_BATCH) {
        const found = await wiki.items(unknown.slice(from, from + MAX_BATCH), 'en');
        for (const [item, now] of found) known.set(item, now?.id ?? null);
      }
    },
    current: (item) => {
      const now = known.get(item);
      return now === undefined ? item : now;
    },
    markDeleted: (item) => void known.set(item, null),
  };
}

/** Remembers a merge, so that agreement about the old item is known to be about the new one. */
export async function rememberMerge(
  store: Store,
  trx: Trx,
  merge: { item: string; target: string; now: number },
): Promise<void> {
  const row = { item: merge.item, target: merge.target, seen_at: merge.now };
  // What was merged into the old item before is now merged into the new one.
  await trx
    .updateTable('item_redirects')
    .set({ target: merge.target })
    .where('target', '=', merge.item)
    .execute();
  await trx
    .insertInto('item_redirects')
    .values(row)
    .$call((query) =>
      store.kind === 'mariadb'
        ? query.onDuplicateKeyUpdate({ target: row.target, seen_at: row.seen_at })
        : query.onConflict((conflict) =>
            conflict.column('item').doUpdateSet({ target: row.target, seen_at: row.seen_at }),
          ),
    )
    .execute();
}

/** The other items that stand for the same person, as far as merges have been seen. */
export async function otherNames(store: Store, item: string): Promise<string[]> {
  const redirect = await store.db
    .selectFrom('item_redirects')
    .select('target')
    .where('item', '=', item)
    .executeTakeFirst();
  const target = redirect?.target ?? item;
  const merged = await store.db
    .selectFrom('item_redirects')
    .select('item')
    .where('target', '=', target)
    .execute();
  return [target, ...merged.map((row) => row.item)].filter((name) => name !== item);
}
