import { type Kysely, MysqlAdapter, sql } from 'kysely';

/*
 * What migrations are made of. SQLite takes a step that was cut off back as a whole. MariaDB does not: each of its
 * statements is whole or not there, and stays. So each statement here may be run again and then does nothing, and a
 * step that was cut off is simply run once more, from its beginning. What a step does to rows has to bear that too.
 */

/**
 * Tables for both databases from one description. A column is written as `type`, `type?` (may be null) or
 * `type=default`; the types are:
 * - `id`: primary key that counts up and never gives a number out twice
 * - `ref TABLE`: the id of a row there
 * - `time`: UTC milliseconds; `int`; `flag` (0 or 1); `real` (double)
 * - `word(N)`: text of at most N characters, compared byte by byte ("É" is not "e"), can be indexed
 * - `text`, `bytes`: up to 16 MiB; `hash`: at most 64 bytes, can be indexed
 * - `uint` (0 to 4,294,967,295), `varbinary(N)`, `binary(N)`: as MediaWiki's own tables have them
 */
export interface TableKeys {
  readonly primary?: readonly string[];
  readonly unique?: readonly (readonly string[])[];
  readonly index?: readonly (readonly string[])[];
}

export async function createTable(
  db: Kysely<unknown>,
  name: string,
  columns: Readonly<Record<string, string>>,
  keys: TableKeys = {},
): Promise<void> {
  const mariaDb = isMariaDb(db);
  const lines: string[] = [];
  for (const [column, description] of Object.entries(columns))
    lines.push(columnLine(column, description, mariaDb));
  if (keys.primary) lines.push(`primary key (${keys.primary.join(', ')})`);
  for (const [column, description] of Object.entries(columns)) {
    const table = /^ref (\w+)/.exec(description)?.[1];
    if (table) lines.push(`foreign key (${column}) references ${table} (id)`);
  }
  const end = mariaDb ? ' engine=InnoDB default charset=utf8mb4 collate=utf8mb4_nopad_bin' : '';
  await sql.raw(`create table ${ifNew(db)}${name} (\n  ${lines.join(',\n  ')}\n)${end}`).execute(db);
  // Index names are global in SQLite; MariaDB allows 64 characters.
  const indexName = (list: readonly string[]) => `${name}_by_${list.join('_')}`.slice(0, 64);
  for (const list of keys.unique ?? []) await makeIndex(db, 'unique index', indexName(list), name, list);
  for (const list of keys.index ?? []) await createIndex(db, indexName(list), name, list);
}

/** Adds a column to a table. `column` is in the database's own words: `cared_at bigint null`. */
export async function addColumn(db: Kysely<unknown>, table: string, column: string): Promise<void> {
  await sql.raw(`alter table ${table} add column ${ifNew(db)}${column}`).execute(db);
}

export async function createIndex(
  db: Kysely<unknown>,
  name: string,
  table: string,
  columns: readonly string[],
): Promise<void> {
  await makeIndex(db, 'index', name, table, columns);
}

/** Takes out an index that a wider one replaces. */
export async function dropIndex(db: Kysely<unknown>, name: string, table: string): Promise<void> {
  await sql.raw(`drop index if exists ${name}${isMariaDb(db) ? ` on ${table}` : ''}`).execute(db);
}

async function makeIndex(
  db: Kysely<unknown>,
  kind: 'index' | 'unique index',
  name: string,
  table: string,
  columns: readonly string[],
): Promise<void> {
  await sql.raw(`create ${kind} ${ifNew(db)}${name} on ${table} (${columns.join(', ')})`).execute(db);
}

/** SQLite needs none, and does not know it for columns. */
function ifNew(db: Kysely<unknown>): string {
  return isMariaDb(db) ? 'if not exists ' : '';
}

export function isMariaDb(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof MysqlAdapter;
}

function columnLine(column: string, description: string, mariaDb: boolean): string {
  const match =
    /^(id|ref \w+|time|u?int|flag|real|(?:word|(?:var)?binary)\((\d+)\)|text|bytes|hash)(\?|=.+)?$/.exec(
      description,
    );
  if (!match) throw new Error(`unknown column type "${description}" of ${column}`);
  const [, type = '', length, mark] = match;
  if (type === 'id') {
    return `${column} ${mariaDb ? 'bigint not null auto_increment primary key' : 'integer primary key autoincrement'}`;
  }
  const kind = /^\w+/.exec(type)?.[0] ?? type;
  const types: Record<string, string> = mariaDb
    ? {
        ref: 'bigint',
        time: 'bigint',
        int: 'integer',
        uint: 'int unsigned',
        varbinary: `varbinary(${length})`,
        binary: `binary(${length})`,
        flag: 'tinyint',
        real: 'double',
        word: `varchar(${length})`,
        text: 'mediumtext',
        bytes: 'mediumblob',
        hash: 'varbinary(64)',
      }
    : {
        ref: 'integer',
        time: 'integer',
        int: 'integer',
        uint: 'integer',
        varbinary: 'blob',
        binary: 'blob',
        flag: 'integer',
        real: 'real',
        word: 'text',
        text: 'text',
        bytes: 'blob',
        hash: 'blob',
      };
  const fallback = mark?.startsWith('=') ? ` default ${mark.slice(1)}` : '';
  return `${column} ${types[kind]} ${mark === '?' ? 'null' : 'not null'}${fallback}`;
}
