import { type Dialect, type Kysely, MysqlAdapter, MysqlDialect, sql } from 'kysely';
import { createPool, type Pool, type PoolConnection } from 'mysql2';
import { VisavisError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { patientDriver } from './patient.ts';

/** MariaDB, unlike MySQL, answers INSERT … RETURNING and DELETE … RETURNING. */
class MariaDbAdapter extends MysqlAdapter {
  private readonly statementSeconds: number;

  constructor(statementSeconds: number | null) {
    super();
    this.statementSeconds = statementSeconds ?? 0;
  }

  override get supportsReturning(): boolean {
    return true;
  }

  /**
   * A name of the server's is shared by all its databases, and on ToolsDB by all tools: ours says which database.
   * @throws VisavisError `database` when somebody else has migrated for ten minutes
   */
  override async acquireMigrationLock(db: Kysely<unknown>): Promise<void> {
    // Waiting for the others, and changing a large table, take as long as they take.
    await sql`set session max_statement_time = 0`.execute(db);
    const { rows } = await sql<{ got: number | null }>`select get_lock(${LOCK}, 600) as got`.execute(db);
    if (rows[0]?.got !== 1)
      throw new VisavisError('database', 'another process has been changing the schema for ten minutes');
  }

  override async releaseMigrationLock(db: Kysely<unknown>): Promise<void> {
    await sql`select release_lock(${LOCK})`.execute(db);
    await sql.raw(`set session max_statement_time = ${this.statementSeconds}`).execute(db);
  }
}

const LOCK = sql`concat('visavis migrate ', sha1(database()))`;

export interface MariaDbOptions {
  /** At most so many at once: ToolsDB allows 20 over all processes. */
  readonly connections: number;
  /** The server breaks off a statement that takes longer, except while the schema is changed; null: never. */
  readonly statementSeconds: number | null;
  /** Who waits longer for a lock begins anew, as after a dead-lock. */
  readonly lockWaitSeconds: number;
  readonly log?: Log | undefined;
}

/** @param url mysql://user:password@host:port/database */
export function mariaDbDialect(url: string, options: MariaDbOptions): Dialect {
  const { connections, log } = options;
  const dialect = new MysqlDialect({
    pool: async () =>
      prepared(
        createPool({
          uri: url,
          connectionLimit: connections,
          charset: 'utf8mb4_bin',
          timezone: 'Z',
          supportBigNumbers: true,
          decimalNumbers: true,
          connectTimeout: 10_000,
          // A machine that fell off the net says nothing: its connection has to be found dead.
          enableKeepAlive: true,
          keepAliveInitialDelay: 10_000,
          // A lost row count would turn "nothing matched" into "nothing changed" in compare-and-set updates.
          flags: ['FOUND_ROWS'],
        }),
        options,
      ),
  });
  return {
    createAdapter: () => new MariaDbAdapter(options.statementSeconds),
    createDriver: () => patientDriver(dialect.createDriver(), { connections, log }),
    createIntrospector: (db: Kysely<unknown>) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}

/**
 * Work is claimed with locking reads; the weaker level keeps gap locks, and dead-locks, out of the way.
 *
 * Not Kysely's `onCreateConnection`: a connection that breaks in it would never be given back to the pool. These go
 * before the first query, on the same connection; one that fails makes it useless.
 */
function prepared(pool: Pool, { statementSeconds, lockWaitSeconds }: MariaDbOptions): Pool {
  pool.on('connection', (connection: PoolConnection) => {
    for (const statement of [
      'set session transaction isolation level read committed',
      `set session innodb_lock_wait_timeout = ${lockWaitSeconds}`,
      `set session max_statement_time = ${statementSeconds ?? 0}`,
    ]) {
      connection.query(statement, (error) => {
        if (error) connection.destroy();
      });
    }
  });
  return pool;
}
