import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, inject } from 'vitest';
import { type DatabaseAddress, openStore, type Store } from '../../src/core/store/store.ts';
import { fillMariaDb, fillSqlite } from './templates.ts';

export interface TestDatabase {
  readonly address: DatabaseAddress;
  drop(): Promise<void>;
}

/** Which engines can be tested here: SQLite always, MariaDB where it is installed. */
export function engines(): DatabaseAddress['kind'][] {
  return inject('mariadb') ? ['sqlite', 'mariadb'] : ['sqlite'];
}

/** An empty database of its own. */
export async function emptyDatabase(kind: DatabaseAddress['kind']): Promise<TestDatabase> {
  if (kind === 'sqlite') {
    const folder = mkdtempSync(join(tmpdir(), 'visavis-sqlite-'));
    return {
      address: { kind, path: join(folder, 'visavis.sqlite') },
      drop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  }
  const server = inject('mariadb');
  if (!server) throw new Error('MariaDB is not installed');
  const name = `visavis_${randomBytes(6).toString('hex')}`;
  const admin = async (statement: string) => {
    const connection = await createConnection(server);
    await connection.query(statement);
    await connection.end();
  };
  await admin(`create database ${name} character set utf8mb4`);
  return { address: { kind, url: `${server}${name}` }, drop: () => admin(`drop database ${name}`) };
}

/** A migrated store of its own, and how to get rid of it. */
export async function freshStore(
  kind: DatabaseAddress['kind'] = 'sqlite',
  connections = 8,
): Promise<{ store: Store; address: DatabaseAddress; dispose(): Promise<void> }> {
  const database = await emptyDatabase(kind);
  const templates = inject('templates');
  if (database.address.kind === 'sqlite') fillSqlite(database.address.path, templates.sqlite);
  else await fillMariaDb(database.address.url, templates.mariadb?.statements ?? []);
  const store = openStore(database.address, { connections });
  return {
    store,
    address: database.address,
    dispose: async () => {
      await store.close();
      await database.drop();
    },
  };
}

/** As freshStore, and a second store on the same database, as another process would have one. */
export async function twoStores(
  kind: DatabaseAddress['kind'] = 'sqlite',
  connections = 8,
): Promise<{ store: Store; other: Store; dispose(): Promise<void> }> {
  const fresh = await freshStore(kind, connections);
  const other = openStore(fresh.address, { connections });
  return {
    store: fresh.store,
    other,
    dispose: async () => {
      await other.close();
      await fresh.dispose();
    },
  };
}

/** A fresh store for the tests of the block that calls it, made before the first and gone after the last of them. */
export function useStore(kind: DatabaseAddress['kind'], take: (store: Store) => void): void {
  let dispose: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const fresh = await freshStore(kind);
    ({ dispose } = fresh);
    take(fresh.store);
  });
  afterAll(() => dispose?.());
}

/** As useStore, with a second store on the same database. */
export function useTwoStores(
  kind: DatabaseAddress['kind'],
  take: (store: Store, other: Store) => void,
): void {
  let dispose: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const both = await twoStores(kind);
    ({ dispose } = both);
    take(both.store, both.other);
  });
  afterAll(() => dispose?.());
}
