import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, type LogEvent, type Transaction } from 'kysely';
import { whatIsDone } from '../platform/doing.ts';
import { VisavisError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import { refusal } from '../platform/refusals.ts';
import { type ConnectionUse, countConnections } from './connections.ts';
import { mariaDbDialect } from './mariadb.ts';
import { AGAIN_AFTER_MS, aFew, inWords } from './patient.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';
import { failureKind, isAway, isConflict } from './troubles.ts';

export { isDuplicate } from './troubles.ts';

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
   * other transactions, or when the connection broke before the end. `work` may run more than once, so it changes
   * nothing but the database.
   * @throws VisavisError `database`: no connection, or it broke while the change was being kept, so that nobody knows
   *   whether it was (`details.unknown`)
   */
  transaction<T>(work: (trx: Trx) => Promise<T>): Promise<T>;
  /** Connections of this process: how many are in use, waited for, and allowed. */
  connections(): ConnectionUse;
  close(): Promise<void>;
}

export interface StoreOptions {
  /** MariaDB's connections of this process. */
  readonly connections?: number;
  /** MariaDB breaks off a statement that takes longer, except while the schema is changed; null: never. */
  readonly statementSeconds?: number | null;
  /** How long MariaDB lets a statement wait for rows that somebody else keeps (10). */
  readonly lockWaitSeconds?: number;
  readonly metrics?: Metrics;
  readonly log?: Log;
  /** A query that takes longer is logged, with the name of the step and without its values. */
  readonly slowQueryMs?: number;
}

export function openStore(address: DatabaseAddress, options: StoreOptions = {}): Store {
  const { connections = 3, statementSeconds = null, lockWaitSeconds = 10, log } = options;
  const { dialect, use } =
    address.kind === 'mariadb'
      ? countConnections(
          mariaDbDialect(address.url, { connections, statementSeconds, lockWaitSeconds, log }),
          connections,
        )
      : countConnections(sqliteDialect(address.path), 1);
  const db = new Kysely<Schema>({ dialect, log: (event) => watch(event, options) });
  return {
    kind: address.kind,
    db,
    transaction: (work) => inTransaction(db, work, log),
    connections: use,
    close: () => db.destroy(),
  };
}

/** Nobody needs to know longer queries to find where they come from, and some have a thousand ids. */
const SHOWN_SQL = 300;

function watch(event: LogEvent, { metrics, log, slowQueryMs = 1_000 }: StoreOptions): void {
  const ms = event.queryDurationMillis;
  metrics?.service('database', ms / 1000, event.level === 'error' ? failureKind(event.error) : null);
  if (ms < slowQueryMs) return;
  const query = event.query.sql.slice(0, SHOWN_SQL);
  log?.warn({ step: whatIsDone(), ms: Math.round(ms), query }, 'slow query');
}

const ATTEMPTS = 6;

async function inTransaction<T>(db: Db, work: (trx: Trx) => Promise<T>, log?: Log): Promise<T> {
  let lost = 0;
  for (let attempt = 1; ; attempt++) {
    let committing = false;
    try {
      return await db.transaction().execute(async (trx) => {
        const result = await work(trx);
        committing = true;
        return result;
      });
    } catch (error) {
      const away = isOutage(error);
      if (away && committing) throw mayBeKept(error);
      const pause = away ? AGAIN_AFTER_MS[lost++] : aFew(attempt);
      if (pause === undefined || attempt >= ATTEMPTS || !(away || isConflict(error))) throw inWords(error);
      log?.debug({ step: whatIsDone(), attempt, why: failureKind(error) }, 'a transaction is tried again');
      await sleep(pause);
    }
  }
}

/** The database's own; what else `work` may run into has nothing to do with the transaction. */
function isOutage(error: unknown): boolean {
  return error instanceof VisavisError ? error.code === 'database' && isAway(error.cause) : isAway(error);
}

function mayBeKept(cause: unknown): VisavisError {
  return refusal('commit-unknown', [], { cause, details: { unknown: true } });
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
