import { Kysely, type Transaction } from 'kysely';
import { VisavisError } from '../platform/errors.ts';
import type { Metrics } from '../platform/metrics.ts';
import { type ConnectionUse, countConnections } from './connections.ts';
import { mariaDbDialect } from './mariadb.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

export type Db = Kysely<Schema>;
export type Trx = Transaction<Schema>;

export type DatabaseAddress =
  | { readonly kind: 'mariadb'; readonly url: string }
  | { readonly kind: 'sqlite'; readonly path: string };

/** The database: one set of queries for both engines. What differs between them is in this folder alone. */
export interface Store {
  readonly kind: DatabaseAddress['kind'];
  /** Reads and single writes. Inside `transaction` use its argument: SQLite has one connection. */
  readonly db: Db;
  /**
   * Runs `work` in one transaction; repeats it from the start when the database broke it off because of
   * other transactions. `work` may run more than once, so it changes nothing but the database.
   */
  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  /** Connections of this process: how many are in use, waited for, and allowed. */
  connections(): ConnectionUse;
  close(): Promise<void>;
}

export function openStore(
  address: DatabaseAddress,
  options: { connections?: number; metrics?: Metrics } = {},
): Store {
  const { connections = 3, metrics } = options;
  const { dialect, use } =
    address.kind === 'mariadb'
      ? countConnections(mariaDbDialect(address.url, connections), connections)
      : countConnections(sqliteDialect(address.path), 1);
  const db = new Kysely<Schema>({
    dialect,
    ...(metrics && {
      log: (event) => {
        const kind = event.level === 'error' ? failureKind(event.error) : null;
        metrics.service('database', event.queryDurationMillis / 1000, kind);
      },
    }),
  });
  return {
    kind: address.kind,
    db,
    async transaction(work) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await db.transaction().execute(work);
        } catch (error) {
          if (attempt >= 6 || !isPassingConflict(error)) throw error;
        }
      }
    },
    connections: use,
    close: () => db.destroy(),
  };
}

/** What a query failed for, in one word out of few. */
function failureKind(error: unknown): string {
  const { errno, errcode, code } = error as { errno?: number; errcode?: number; code?: string };
  if (isDuplicate(error)) return 'duplicate';
  if (errno === 1213 || errno === 1020) return 'deadlock';
  if (errno === 1205 || errcode === 5 || errcode === 517) return 'lock_timeout';
  if (errno === 1040 || errno === 1203) return 'too_many_connections';
  return code !== undefined && /^(ECONN|ETIMEDOUT|EPIPE|EHOST|ENOTFOUND|PROTOCOL_)/.test(code)
    ? 'away'
    : 'other';
}

/** A dead-lock, a lock wait that ran out, or a busy SQLite file: nothing was changed, try again. */
function isPassingConflict(error: unknown): boolean {
  const { errno, errcode } = error as { errno?: number; errcode?: number };
  return errno === 1213 || errno === 1205 || errno === 1020 || errcode === 5 || errcode === 517;
}

/** Locks the rows that are read until the transaction ends. SQLite's transactions lock everything anyway. */
export function forUpdate<Q extends { forUpdate(): Q }>(store: Store, query: Q): Q {
  return store.kind === 'mariadb' ? query.forUpdate() : query;
}

/** As `forUpdate`, passing over rows that somebody else holds. */
export function forUpdateSkipLocked<Q extends { forUpdate(): Q; skipLocked(): Q }>(
  store: Store,
  query: Q,
): Q {
  return store.kind === 'mariadb' ? query.forUpdate().skipLocked() : query;
}

/** The unique key was there already. */
export function isDuplicate(error: unknown): boolean {
  const { errno, errcode } = error as { errno?: number; errcode?: number };
  return errno === 1062 || errcode === 2067 || errcode === 1555;
}

/** Reads `mysql://…`, `mariadb://…`, `sqlite:PATH` or a path that ends in .sqlite, .sqlite3 or .db. */
export function parseDatabaseUrl(value: string): DatabaseAddress {
  if (/^(mysql|mariadb):\/\/[^/]+\/[^/]+/.test(value) && URL.canParse(value)) {
    return { kind: 'mariadb', url: value.replace(/^mariadb:/, 'mysql:') };
  }
  const path = value.startsWith('sqlite:') ? value.slice('sqlite:'.length) : value;
  if (path === ':memory:' || /\.(sqlite3?|db)$/.test(path)) return { kind: 'sqlite', path };
  throw new VisavisError(
    'configuration',
    'DATABASE_URL is neither mysql://user:password@host/database nor a path that ends in .sqlite',
  );
}
