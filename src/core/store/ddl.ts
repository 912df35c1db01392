import { type Kysely, MysqlAdapter, sql } from 'kysely';

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
  await sql.raw(`create table ${name} (\n  ${lines.join(',\n  ')}\n)${end}`).execute(db);
  for (const list of keys.unique ?? []) await createIndex(db, name, list, true);
  for (const list of keys.index ?? []) await createIndex(db, name, list, false);
}

async function createIndex(db: Kysely<unknown>, table: string, columns: readonly string[], unique: boolean) {
  // Index names are global in SQLite; MariaDB allows 64 characters.
  const name = `${table}_by_${columns.join('_')}`.slice(0, 64);
  await sql
    .raw(`create ${unique ? 'unique ' : ''}index ${name} on ${table} (${columns.join(', ')})`)
    .execute(db);
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
