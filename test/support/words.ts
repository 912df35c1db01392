import type { Schema } from '../../src/core/store/schema.ts';
import type { Store } from '../../src/core/store/store.ts';

/** Tables and columns of a database with one of the words anywhere in them, as `table.column`. */
export async function placesOf(store: Store, words: readonly string[]): Promise<string[]> {
  const places = new Set<string>();
  for (const table of await store.db.introspection.getTables()) {
    const rows = await store.db
      .selectFrom(table.name as keyof Schema)
      .selectAll()
      .execute();
    for (const row of rows) {
      for (const [column, value] of Object.entries(row)) {
        const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
        if (words.some((word) => text.includes(word))) places.add(`${table.name}.${column}`);
      }
    }
  }
  return [...places].sort();
}
