import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { migrations } from '../../migrations/index.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import { openStore } from '../../src/core/store/store.ts';

/**
 * Databases with the newest schema, made once for a whole test run and copied for each test: running every migration
 * some hundred times would take most of the time of the tests. The migrations have tests of their own.
 */
export interface Templates {
  /** A file to copy. */
  readonly sqlite: string;
  /** The name of the database on the private MariaDB, and the statements that make one like it. */
  readonly mariadb: { readonly name: string; readonly statements: readonly string[] } | null;
}

/** @param server address of the private MariaDB, or null where there is none */
export async function makeTemplates(folder: string, server: string | null): Promise<Templates> {
  const sqlite = join(folder, 'template.sqlite');
  await migrated({ kind: 'sqlite', path: sqlite });
  if (!server) return { sqlite, mariadb: null };
  const name = 'visavis_template';
  const connection = await createConnection(server);
  await connection.query(`create database ${name} character set utf8mb4`);
  await migrated({ kind: 'mariadb', url: `${server}${name}` });
  await connection.query(`use ${name}`);
  const [tables] = await connection.query('show tables');
  const statements: string[] = [];
  const filled: string[] = [];
  for (const row of tables as Record<string, string>[]) {
    const table = Object.values(row)[0] ?? '';
    const [made] = await connection.query(`show create table ${table}`);
    statements.push((made as { 'Create Table': string }[])[0]?.['Create Table'] ?? '');
    const [rows] = await connection.query(`select 1 from ${table} limit 1`);
    if ((rows as unknown[]).length > 0) filled.push(`insert into ${table} select * from ${name}.${table}`);
  }
  await connection.end();
  return { sqlite, mariadb: { name, statements: [...statements, ...filled] } };
}

/** Fills an empty database like the template. */
export async function fillMariaDb(url: string, statements: readonly string[]): Promise<void> {
  const connection = await createConnection({ uri: url, multipleStatements: true });
  await connection.query(
    ['set foreign_key_checks = 0', ...statements, 'set foreign_key_checks = 1'].join(';\n'),
  );
  await connection.end();
}

export function fillSqlite(path: string, template: string): void {
  copyFileSync(template, path);
}

async function migrated(address: Parameters<typeof openStore>[0]): Promise<void> {
  const store = openStore(address, { connections: 1 });
  await migrate(store, migrations);
  await store.close();
}
