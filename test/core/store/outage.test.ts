import { type Kysely, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrations } from '../../../migrations/index.ts';
import { doing } from '../../../src/core/platform/doing.ts';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { migrate } from '../../../src/core/store/migrate.ts';
import { openStore, type Store, type StoreOptions, type Trx } from '../../../src/core/store/store.ts';
import { type OwnMariaDb, startMariaDb } from '../../support/mariadb.ts';
import { freshStore } from '../../support/stores.ts';

/** As many as a tool has on a small ToolsDB, and then fewer. */
const ALLOWED = 4;

describe.runIf(inject('mariadb'))('a MariaDB', { timeout: 120_000 }, () => {
  let server: OwnMariaDb;
  let url: string;
  const stores: Store[] = [];
  beforeAll(async () => {
    server = await startMariaDb();
    await server.admin(
      `create user tool@'127.0.0.1' identified by 'word' with max_user_connections ${ALLOWED}; grant all on visavis.* to tool@'127.0.0.1'`,
    );
    url = server.url.replace('root@', 'tool:word@');
    const store = open();
    await migrate(store, migrations);
  }, 120_000);
  afterEach(async () => {
    await Promise.allSettled(stores.splice(0).map((store) => store.close()));
  });
  afterAll(() => server?.stop());

  const open = (options: StoreOptions = {}) => {
    const store = openStore({ kind: 'mariadb', url }, { connections: 3, ...options });
    stores.push(store);
    return store;
  };
  const note = (db: Store['db'] | Trx, name: string, value = 'x') =>
    db.insertInto('settings').values({ name, value }).execute();
  const noted = async (store: Store, like: string) => {
    const rows = await store.db.selectFrom('settings').select('name').where('name', 'like', like).execute();
    return rows.length;
  };
  const noteOf = async (store: Store, name: string) =>
    (await store.db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst())
      ?.value;
  /** Of a store with one connection. */
  const idOf = async (store: Store) => {
    const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute(store.db);
    return rows[0]?.id ?? 0;
  };
  /** Resolves when the connection waits for a row that another one keeps. */
  const waits = (id: number) =>
    expect
      .poll(
        async () =>
          (await server.admin(
            `select trx_id from information_schema.innodb_trx where trx_state = 'LOCK WAIT' and trx_mysql_thread_id = ${id}`,
          )) as object[],
        { timeout: 30_000 },
      )
      .toHaveLength(1);
  const deadlocks = async () => {
    const rows = (await server.admin(`show global status like 'Innodb_deadlocks'`)) as { Value: string }[];
    return Number(rows[0]?.Value);
  };
  const connectionId = async (trx: Trx) => {
    const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute(trx);
    return rows[0]?.id;
  };

  it('that lets in no more connections is waited for, and nobody is sent away', async () => {
    const warned: string[] = [];
    const log = { ...silentLog, warn: (_fields: object, text: string) => void warned.push(text) };
    const processes = [open({ log }), open({ log }), open({ log })];
    const work = (store: Store, n: number) =>
      store.transaction(async (trx) => {
        await note(trx, `many ${n}`);
        await sql`select sleep(0.05)`.execute(trx);
      });
    // Whoever has a connection keeps it for the next one, so the third process is let in when another ends.
    const [first, second, third] = processes.map((store, i) =>
      Promise.all(Array.from({ length: 12 }, (_, n) => work(store, i * 100 + n))),
    );
    await Promise.race([first, second, third]);
    expect(warned).toContain('the database lets in no more connections; waiting for one');
    const done = [first, second, third].map((all, i) => all?.then(() => processes[i]?.close()));
    await Promise.all(done);
    expect(await noted(open(), 'many %')).toBe(36);
  });

  it('that was killed is back in use as soon as it is there, by those who waited too', async () => {
    const store = open();
    await note(store.db, 'kill 0');
    await server.kill();
    const told = await Promise.all(
      Array.from({ length: 10 }, (_, n) => note(store.db, `kill lost ${n}`).catch((error: unknown) => error)),
    );
    for (const error of told) {
      expect(error).toBeInstanceOf(VisavisError);
      expect(error).toMatchObject({ code: 'database', details: { retryAfter: 30 } });
    }
    await expect(store.transaction((trx) => note(trx, 'kill lost'))).rejects.toMatchObject({
      code: 'database',
    });
    await server.revive();
    await Promise.all(
      Array.from({ length: 10 }, (_, n) => store.transaction((trx) => note(trx, `kill back ${n}`))),
    );
    expect(await noted(store, 'kill back %')).toBe(10);
    expect(await noted(store, 'kill lost%')).toBe(0);
    expect(store.connections().used).toBe(0);
  });

  it('that ends a connection in the middle of a transaction sees it again from its beginning', async () => {
    const store = open();
    let times = 0;
    await store.transaction(async (trx) => {
      times++;
      await note(trx, 'middle');
      if (times < 3) await server.admin(`kill ${await connectionId(trx)}`);
      await note(trx, 'middle, later');
    });
    expect(times).toBe(3);
    expect(await noted(store, 'middle%')).toBe(2);
  });

  it('that ends it at the last moment leaves no doubt that there is a doubt', async () => {
    const store = open();
    const work = store.transaction(async (trx) => {
      await note(trx, 'last moment');
      await server.admin(`kill ${await connectionId(trx)}`);
    });
    await expect(work).rejects.toMatchObject({ code: 'database', details: { unknown: true } });
    expect(await noted(store, 'last moment')).toBe(0);
  });

  it('that ends a connection beside transactions is asked again for what only reads', async () => {
    const store = open({ connections: 1 });
    await note(store.db, 'asked again');
    const id = await idOf(store);
    await server.admin(`kill ${id}`);
    const rows = await store.db
      .selectFrom('settings')
      .select('name')
      .where('name', '=', 'asked again')
      .execute();
    expect(rows).toEqual([{ name: 'asked again' }]);
    expect(store.connections().used).toBe(0);
  });

  it('that ends it in the middle of a single write says so, and writes nothing twice', async () => {
    const store = open({ connections: 1 });
    const other = open({ connections: 1 });
    await note(store.db, 'single write', '0');
    const id = await idOf(store);
    const add = store.db.updateTable('settings').where('name', '=', 'single write');
    await other.transaction(async (trx) => {
      await trx.updateTable('settings').set({ value: '10' }).where('name', '=', 'single write').execute();
      const failed = add
        .set({ value: sql<string>`value + 1` })
        .execute()
        .catch((error: unknown) => error);
      await waits(id);
      await server.admin(`kill ${id}`);
      expect(await failed).toMatchObject({ code: 'database', details: { retryAfter: 30 } });
    });
    await add.set({ value: sql<string>`value + 1` }).execute();
    expect(await noteOf(store, 'single write')).toBe('11');
  });

  it('that breaks a dead-lock has the single statement sent again', async () => {
    const [one, two] = [open({ connections: 1 }), open({ connections: 1 })];
    const names = ['dead a', 'dead b'];
    for (const name of names) await note(one.db, name, '0');
    let times = 0;
    let single: Promise<unknown> = Promise.resolve();
    const id = await idOf(two);
    const before = await deadlocks();
    await one.transaction(async (trx) => {
      times++;
      // Many rows are changed already, so it is the other one that the server undoes.
      for (let i = 0; i < 20; i++) await note(trx, `dead weight ${i}`);
      await trx.updateTable('settings').set({ value: 'one' }).where('name', '=', 'dead b').execute();
      // It takes the rows in their order: a, then it waits for b.
      single = two.db.updateTable('settings').set({ value: 'two' }).where('name', 'in', names).execute();
      await waits(id);
      await trx.updateTable('settings').set({ value: 'one' }).where('name', '=', 'dead a').execute();
    });
    await single;
    expect([await noteOf(one, 'dead a'), await noteOf(one, 'dead b')]).toEqual(['two', 'two']);
    expect(times).toBe(1);
    expect(await deadlocks()).toBe(before + 1);
  });

  it('whose rows somebody keeps for long is waited for, and then gives up in words', async () => {
    const [one, two] = [open({ connections: 1, lockWaitSeconds: 1 }), open({ connections: 1 })];
    await note(two.db, 'kept', '0');
    let times = 0;
    await two.transaction(async (trx) => {
      await trx.updateTable('settings').set({ value: '1' }).where('name', '=', 'kept').execute();
      const change = (db: Store['db'] | Trx) =>
        db.updateTable('settings').set({ value: '2' }).where('name', '=', 'kept').execute();
      const transaction = one.transaction((inner) => {
        times++;
        return change(inner);
      });
      const words = { code: 'database', message: expect.stringContaining('busy') };
      await expect(transaction).rejects.toMatchObject(words);
      await expect(change(one.db)).rejects.toMatchObject(words);
    });
    expect(times).toBeGreaterThan(1);
    expect(await noteOf(one, 'kept')).toBe('1');
  });

  it('breaks off a statement that takes longer than it may, and says so', async () => {
    const store = open({ statementSeconds: 1, connections: 1 });
    const slow = sql`select sleep(20)`;
    const words = { code: 'database', message: expect.stringContaining('VISAVIS_STATEMENT_SECONDS') };
    await expect(slow.execute(store.db)).rejects.toMatchObject(words);
    await expect(store.transaction((trx) => slow.execute(trx))).rejects.toMatchObject(words);
    expect(store.connections().used).toBe(0);
    // Changing the schema takes as long as it takes.
    const patient = { up: async (db: Kysely<unknown>) => void (await sql`select sleep(1.5)`.execute(db)) };
    expect((await migrate(store, { ...migrations, '9999_slow': patient })).ran).toEqual(['9999_slow']);
    await store.db
      .deleteFrom('kysely_migration' as never)
      .where('name' as never, '=', '9999_slow' as never)
      .execute();
    await expect(slow.execute(store.db)).rejects.toMatchObject(words);
  });

  it('takes nobody else’s failure for its own', async () => {
    const store = open();
    let times = 0;
    const failing = store.transaction(async () => {
      times++;
      const cause = Object.assign(new Error('reset'), { code: 'ECONNRESET' });
      throw new VisavisError('wiki', 'the wiki is away', { cause });
    });
    await expect(failing).rejects.toMatchObject({ code: 'wiki' });
    expect(times).toBe(1);
  });

  it('lets those who are in each other’s way each have their turn', async () => {
    const [one, two] = [open(), open()];
    for (const name of ['way a', 'way b']) await note(one.db, name, '0');
    const add = (trx: Trx, name: string) =>
      trx.updateTable('settings').set({ value: sql<string>`value + 1` }).where('name', '=', name).execute();
    const both = (store: Store, names: readonly string[]) =>
      store.transaction(async (trx) => {
        for (const name of names) await add(trx, name);
      });
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        n % 2 ? both(one, ['way a', 'way b']) : both(two, ['way b', 'way a']),
      ),
    );
    const rows = await one.db.selectFrom('settings').select('value').where('name', 'like', 'way %').execute();
    expect(rows.map((row) => Number(row.value))).toEqual([20, 20]);
  });
});

describe('slow queries', () => {
  it('are logged with what asked them, and never with values', async () => {
    const fresh = await freshStore('sqlite');
    const slow: object[] = [];
    const log = { ...silentLog, warn: (fields: object) => void slow.push(fields) };
    const store = openStore(fresh.address, { log, slowQueryMs: 0 });
    await doing('crawl', () =>
      store.db.selectFrom('settings').select('value').where('name', '=', 'a secret').execute(),
    );
    expect(slow).toEqual([
      { step: 'crawl', ms: expect.any(Number), query: expect.stringContaining('from "settings"') },
    ]);
    expect(JSON.stringify(slow)).not.toContain('a secret');
    await store.close();
    await fresh.dispose();
  });
});
