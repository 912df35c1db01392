import type { Migration } from 'kysely/migration';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrations } from '../../../migrations/index.ts';
import { migrate } from '../../../src/core/store/migrate.ts';
import { openStore } from '../../../src/core/store/store.ts';
import { type CuttingProxy, cuttingProxy } from '../../support/cutting-proxy.ts';
import { addOldVotes } from '../../support/old-votes.ts';
import { emptyDatabase, type TestDatabase } from '../../support/stores.ts';

/** After each statement in the long tests; else after those that change rows, and a few of the others. */
const EVERY = process.env.VISAVIS_LONG_TESTS ? 1 : 40;

/** MariaDB keeps what a step has done when its process dies in the middle; SQLite takes it back by itself. */
describe.runIf(inject('mariadb'))('a migration that is cut off', { timeout: 600_000 }, () => {
  /** The one things happen to, and the one that is left in peace. */
  let [cut, calm]: [TestDatabase, TestDatabase] = [never(), never()];
  let proxy: CuttingProxy;
  beforeAll(async () => {
    [cut, calm] = [await emptyDatabase('mariadb'), await emptyDatabase('mariadb')];
    proxy = await cuttingProxy(urlOf(cut));
  });
  afterEach(() => {
    proxy.cutAfter = () => false;
  });
  afterAll(async () => {
    await proxy?.close();
    await cut?.drop();
    await calm?.drop();
  });

  const steps = (wanted: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(migrations).filter(([name]) => wanted(name)));
  const migrateAt = async (url: string, which = migrations) => {
    const store = openStore({ kind: 'mariadb', url }, { connections: 1 });
    try {
      return await migrate(store, which);
    } finally {
      await store.close();
    }
  };
  /** Breaks the connection after statements that change something, once each. @returns how many there are */
  const cutEverywhere = async (which: typeof migrations) => {
    const before = new Set<string>();
    let wasCut = false;
    proxy.cutAfter = (statement) => {
      if (!/^(create|alter|insert|update|delete)/i.test(statement) || before.has(statement)) return false;
      before.add(statement);
      wasCut = before.size % EVERY === 0 || /^(insert into (?!`?kysely)|update|delete)/i.test(statement);
      return wasCut;
    };
    for (;;) {
      wasCut = false;
      try {
        await migrateAt(proxy.url, which);
        return before.size;
      } catch (error) {
        if (!wasCut) throw error;
      }
    }
  };

  it('after any of its statements goes on at the next start, to the same tables with the same rows', async () => {
    const old = steps((name) => name < '0006');
    expect(await cutEverywhere(old)).toBeGreaterThan(80);
    await migrateAt(urlOf(calm), old);
    await peopleAndVotes(urlOf(cut));
    await copyRows(cut, calm);
    expect(await cutEverywhere(migrations)).toBeGreaterThan(80);
    await migrateAt(urlOf(calm));
    expect(await tablesOf(cut)).toEqual(await tablesOf(calm));
    const rows = await rowsOf(cut);
    expect(rows).toEqual(await rowsOf(calm));
    expect(rows.ballots).toHaveLength(2);
  });

  it('can be run once more, however far it came', async () => {
    const database = await emptyDatabase('mariadb');
    const twice = ({ up }: Migration): Migration => ({
      up: async (db) => {
        await up(db);
        await up(db);
      },
    });
    const steps = Object.entries(migrations).map(([name, step]) => [name, twice(step)] as const);
    await migrateAt(urlOf(database), Object.fromEntries(steps));
    expect(await tablesOf(database)).toEqual(await tablesOf(calm));
    await database.drop();
  });

  it('is gone on with by whoever waits for it', async () => {
    const database = await emptyDatabase('mariadb');
    const dying = await cuttingProxy(urlOf(database));
    let waiting: Promise<unknown> = Promise.resolve();
    dying.cutAfter = (statement) => {
      if (!statement.startsWith('create table if not exists ballots')) return false;
      waiting = migrateAt(urlOf(database));
      return true;
    };
    await expect(migrateAt(dying.url)).rejects.toMatchObject({ code: 'database' });
    await waiting;
    expect((await migrateAt(urlOf(database))).ran).toEqual([]);
    await dying.close();
    await database.drop();
  });
});

function never(): never {
  return undefined as never;
}

function urlOf({ address }: TestDatabase): string {
  if (address.kind !== 'mariadb') throw new Error('not MariaDB');
  return address.url;
}

async function peopleAndVotes(url: string): Promise<void> {
  const store = openStore({ kind: 'mariadb', url }, { connections: 1 });
  await addOldVotes(store);
  await store.db
    .updateTable('faces')
    .set({ source: 'person' as never })
    .execute();
  await store.close();
}

async function ask(url: string, statement: string): Promise<Record<string, unknown>[]> {
  const connection = await createConnection({ uri: url, multipleStatements: true });
  try {
    return (await connection.query<RowDataPacket[]>(statement))[0];
  } finally {
    await connection.end();
  }
}

async function tableNames(url: string): Promise<string[]> {
  const names = (await ask(url, 'show tables')).map((row) => String(Object.values(row)[0]));
  return names.filter((name) => !name.startsWith('kysely_'));
}

async function copyRows(from: TestDatabase, to: TestDatabase): Promise<void> {
  const source = new URL(urlOf(from)).pathname.slice(1);
  for (const name of await tableNames(urlOf(from)))
    await ask(
      urlOf(to),
      `set foreign_key_checks = 0; delete from ${name}; insert into ${name} select * from ${source}.${name}`,
    );
}

/** How each table was made, without how far its ids have counted. */
async function tablesOf(database: TestDatabase): Promise<Record<string, string>> {
  const tables: Record<string, string> = {};
  for (const name of await tableNames(urlOf(database))) {
    const [row] = await ask(urlOf(database), `show create table ${name}`);
    tables[name] = String(row?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, '');
  }
  return tables;
}

async function rowsOf(database: TestDatabase): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const name of await tableNames(urlOf(database)))
    rows[name] = (await ask(urlOf(database), `select * from ${name}`)).map(lineOf).sort();
  return rows;
}

/** A project's number of changes says only whether there is something to be compared anew. */
function lineOf(row: Record<string, unknown>): string {
  const { change_number: number, matched_change: matched, ...rest } = row;
  return JSON.stringify(number === undefined ? rest : { ...rest, isMatched: number === matched });
}
