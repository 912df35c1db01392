import { CompiledQuery, type Dialect, type Kysely, MysqlAdapter, MysqlDialect } from 'kysely';
import { createPool } from 'mysql2';

/** MariaDB, unlike MySQL, answers INSERT … RETURNING and DELETE … RETURNING. */
class MariaDbAdapter extends MysqlAdapter {
  override get supportsReturning(): boolean {
    return true;
  }
}

/**
 * @param url mysql://user:password@host:port/database
 * @param connections at most so many at once: ToolsDB allows 20 over all processes
 */
export function mariaDbDialect(url: string, connections: number): Dialect {
  const dialect = new MysqlDialect({
    pool: async () =>
      createPool({
        uri: url,
        connectionLimit: connections,
        charset: 'utf8mb4_bin',
        timezone: 'Z',
        supportBigNumbers: true,
        decimalNumbers: true,
        connectTimeout: 10_000,
        // A lost row count would turn "nothing matched" into "nothing changed" in compare-and-set updates.
        flags: ['FOUND_ROWS'],
      }),
    // Work is claimed with locking reads; the weaker level keeps gap locks, and dead-locks, out of the way.
    onCreateConnection: async (connection) => {
      await connection.executeQuery(
        CompiledQuery.raw('set session transaction isolation level read committed'),
      );
    },
  });
  return {
    createAdapter: () => new MariaDbAdapter(),
    createDriver: () => dialect.createDriver(),
    createIntrospector: (db: Kysely<unknown>) => dialect.createIntrospector(db),
    createQueryCompiler: () => dialect.createQueryCompiler(),
  };
}
