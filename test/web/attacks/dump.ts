import { sql } from 'kysely';
import type { Store } from '../../../src/core/store/store.ts';

type Row = Record<string, unknown>;
/** All rows of all tables. */
export type Dump = ReadonlyMap<string, readonly Row[]>;

/** Browsers' sessions move with every visit, and are nobody's work. */
const SESSIONS = 'sessions';
/** So does the day on which a data source last stood in a header. */
const MOVING = ['sent_on'];

export async function dump(store: Store): Promise<Dump> {
  const found = new Map<string, readonly Row[]>();
  for (const table of await tables(store)) {
    const { rows } = await sql<Row>`select * from ${sql.table(table)}`.execute(store.db);
    found.set(table, rows);
  }
  return found;
}

/** Puts every row back as it was, and the sessions that are over. */
export async function restore(store: Store, to: Dump): Promise<void> {
  const now = await dump(store);
  const differ = [...to].filter(([table, rows]) => {
    const is = now.get(table) ?? [];
    return table === SESSIONS ? is.length !== rows.length : textOf(is) !== textOf(rows);
  });
  if (differ.length === 0) return;
  await store.transaction(async (trx) => {
    if (store.kind === 'sqlite') await sql`pragma defer_foreign_keys = on`.execute(trx);
    else await sql`set foreign_key_checks = 0`.execute(trx);
    for (const [table, rows] of differ) {
      await sql`delete from ${sql.table(table)}`.execute(trx);
      const [first] = rows;
      if (!first) continue;
      const names = sql.join(Object.keys(first).map((name) => sql.ref(name)));
      const values = sql.join(rows.map((row) => sql`(${sql.join(Object.values(row))})`));
      await sql`insert into ${sql.table(table)} (${names}) values ${values}`.execute(trx);
    }
    if (store.kind === 'mariadb') await sql`set foreign_key_checks = 1`.execute(trx);
  });
}

/** What is different, a line for each row that came or went; sessions do not count. */
export function changesBetween(before: Dump, after: Dump): string[] {
  const changes: string[] = [];
  for (const [table, rows] of after) {
    if (table === SESSIONS) continue;
    const was = new Set((before.get(table) ?? []).map(asText));
    const is = new Set(rows.map(asText));
    for (const row of was) if (!is.has(row)) changes.push(`${table} - ${row}`);
    for (const row of is) if (!was.has(row)) changes.push(`${table} + ${row}`);
  }
  return changes;
}

const textOf = (rows: readonly Row[]) => rows.map(asText).join('\n');

function asText(row: Row): string {
  return JSON.stringify(row, (name, value: unknown) => {
    if (MOVING.includes(name)) return undefined;
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
  });
}

const known = new WeakMap<Store, Promise<string[]>>();

async function tables(store: Store): Promise<string[]> {
  const found = known.get(store) ?? readTables(store);
  known.set(store, found);
  return found;
}

async function readTables(store: Store): Promise<string[]> {
  const all = await store.db.introspection.getTables();
  return all
    .filter((table) => !table.isView && !table.name.startsWith('kysely_'))
    .map((table) => table.name)
    .sort();
}
