import type { DatabaseConnection, Dialect, Driver } from 'kysely';

/** Connections of this process to the database. */
export interface ConnectionUse {
  readonly used: number;
  /** Pieces of work that wait for one; with SQLite's only connection they are not seen. */
  readonly waited: number;
  readonly allowed: number;
}

/** The same dialect, and how many of its connections are in use now. */
export function countConnections(
  dialect: Dialect,
  allowed: number,
): { readonly dialect: Dialect; use(): ConnectionUse } {
  let used = 0;
  let waited = 0;
  const counted = (driver: Driver): Driver =>
    new Proxy(driver, {
      get(target, name) {
        if (name === 'acquireConnection') {
          return async () => {
            waited++;
            try {
              const connection = await target.acquireConnection();
              used++;
              return connection;
            } finally {
              waited--;
            }
          };
        }
        if (name === 'releaseConnection') {
          return (connection: DatabaseConnection) => {
            used--;
            return target.releaseConnection(connection);
          };
        }
        const value = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  return {
    use: () => ({ used, waited, allowed }),
    dialect: {
      createAdapter: () => dialect.createAdapter(),
      createDriver: () => counted(dialect.createDriver()),
      createIntrospector: (db) => dialect.createIntrospector(db),
      createQueryCompiler: () => dialect.createQueryCompiler(),
    },
  };
}
