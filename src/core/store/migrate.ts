import { sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { VisavisError } from '../platform/errors.ts';
import type { Store } from './store.ts';

export interface MigrateResult {
  /** Names of the steps that ran now. */
  readonly ran: readonly string[];
  readonly newest: string | null;
}

/**
 * Brings the schema up to this code. One process does it while others wait (MariaDB: a named lock; SQLite: the
 * write lock). A schema that has steps this code does not know is refused, and left as it is.
 */
export async function migrate(
  store: Store,
  migrations: Readonly<Record<string, Migration>>,
): Promise<MigrateResult> {
  await assertNotNewer(store, migrations);
  const migrator = new Migrator({
    db: store.db,
    provider: { getMigrations: async () => ({ ...migrations }) },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error) {
    const failed = results?.find((result) => result.status === 'Error');
    throw new VisavisError(
      'database',
      `the database could not be brought up to date${failed ? ` (step ${failed.migrationName})` : ''}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  return {
    ran: (results ?? [])
      .filter((result) => result.status === 'Success')
      .map((result) => result.migrationName),
    newest: Object.keys(migrations).sort().at(-1) ?? null,
  };
}

/** Throws `schema_too_new` when the database was migrated by a newer version of the product. */
export async function assertNotNewer(
  store: Store,
  migrations: Readonly<Record<string, Migration>>,
): Promise<void> {
  for (const name of await appliedSteps(store)) {
    if (!(name in migrations)) {
      throw new VisavisError(
        'schema_too_new',
        `the database has a newer schema (step ${name}) than this version of Visavis; update the program, or restore a backup of the database`,
      );
    }
  }
}

/** Steps that this code has and the database has not. */
export async function pendingSteps(
  store: Store,
  migrations: Readonly<Record<string, Migration>>,
): Promise<string[]> {
  const applied = new Set(await appliedSteps(store));
  return Object.keys(migrations)
    .filter((name) => !applied.has(name))
    .sort();
}

async function appliedSteps(store: Store): Promise<string[]> {
  const tables = await store.db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === 'kysely_migration')) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
    store.db,
  );
  return rows.map((row) => row.name);
}
