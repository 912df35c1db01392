import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
} from 'kysely';

/**
 * Node's own SQLite under Kysely. One connection, which Kysely guards with a mutex; several processes may
 * share the file.
 *
 * @param path a file (its folder is made when missing) or `:memory:`
 */
export function sqliteDialect(path: string): Dialect {
  const dialect = new SqliteDialect({ database: async () => open(path) });
  return {
    createAdapter: () => new TransactionalDdlAdapter(),
    createIntrospector: (db) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver: () => patient(dialect.createDriver()),
  };
}

/** SQLite rolls table changes back like any other; so a migration is whole or not there, and only one runs. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/**
 * Two changes to Kysely's driver.
 *
 * A deferred transaction that reads and then writes fails at once when another process wrote in between;
 * taking the write lock at the beginning does not (measured: 53 errors in 100 transactions, then none).
 *
 * SQLite's own waiting for a lock would stop this whole process, which may be the very one that holds it. So
 * it does not wait at all, and we ask again a little later.
 */
function patient(driver: Driver): Driver {
  const patientConnections = new WeakMap<DatabaseConnection, DatabaseConnection>();
  return new Proxy(driver, {
    get(target, name) {
      if (name === 'beginTransaction') {
        return async (connection: DatabaseConnection) => {
          await connection.executeQuery(CompiledQuery.raw('begin immediate'));
        };
      }
      if (name === 'acquireConnection') {
        return async () => {
          const connection = await target.acquireConnection();
          const known = patientConnections.get(connection) ?? patientConnection(connection);
          patientConnections.set(connection, known);
          return known;
        };
      }
      const value = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const LOCK_WAIT_MS = 30_000;
const SQLITE_BUSY = 5;

function patientConnection(connection: DatabaseConnection): DatabaseConnection {
  return {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      for (let waited = 0; ; ) {
        try {
          return await connection.executeQuery<R>(query);
        } catch (error) {
          if ((error as { errcode?: number }).errcode !== SQLITE_BUSY || waited >= LOCK_WAIT_MS) throw error;
          const pause = 1 + Math.random() * 10;
          waited += pause;
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
    },
    streamQuery: (query, chunkSize) => connection.streamQuery(query, chunkSize),
  };
}

/** As many as the product has queries, twice over; what varies (a list of ids in a query) makes more. */
const STATEMENTS = 500;

function open(path: string): SqliteDatabase {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: 0 });
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = normal');
  database.exec('pragma foreign_keys = on');
  // Deleting deletes: what is taken out is overwritten with zeros.
  database.exec('pragma secure_delete = on');
  const kept = new Map<string, Statement>();
  return {
    close: () => database.close(),
    prepare(text) {
      const known = kept.get(text);
      if (known) {
        // The oldest in the map is the one that was not asked for the longest.
        kept.delete(text);
        kept.set(text, known);
        return known;
      }
      const statement = prepare(database, text);
      // A change of tables changes what others mean; it is rare, so all of them are prepared anew.
      if (/^\s*(create|alter|drop)\b/i.test(text)) kept.clear();
      else kept.set(text, statement);
      const [oldest] = kept.keys();
      if (kept.size > STATEMENTS && oldest !== undefined) kept.delete(oldest);
      return statement;
    },
  };
}

type Statement = ReturnType<SqliteDatabase['prepare']>;

function prepare(database: DatabaseSync, text: string): Statement {
  const statement = database.prepare(text);
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
    // One that is read bit by bit must not be begun anew in the middle.
    iterate: (parameters) =>
      database.prepare(text).iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
  };
}
