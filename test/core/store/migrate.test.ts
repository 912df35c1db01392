import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { migrations } from '../../../migrations/index.ts';
import { migrate, pendingSteps } from '../../../src/core/store/migrate.ts';
import { openStore } from '../../../src/core/store/store.ts';
import { emptyDatabase, engines } from '../../support/stores.ts';

describe.each(engines())('migrations on %s', (kind) => {
  it('bring an empty database to the newest schema, and then have nothing left to do', async () => {
    const database = await emptyDatabase(kind);
    const store = openStore(database.address);
    expect(await pendingSteps(store, migrations)).toEqual(Object.keys(migrations));
    expect((await migrate(store, migrations)).ran).toEqual(Object.keys(migrations));
    expect((await migrate(store, migrations)).ran).toEqual([]);
    expect(await pendingSteps(store, migrations)).toEqual([]);
    await store.close();
    await database.drop();
  });

  it('run once when several processes start together', async () => {
    const database = await emptyDatabase(kind);
    const stores = [1, 2, 3, 4].map(() => openStore(database.address));
    const results = await Promise.all(stores.map((store) => migrate(store, migrations)));
    expect(results.flatMap((result) => result.ran)).toEqual(Object.keys(migrations));
    for (const store of stores) await store.close();
    await database.drop();
  });

  it('refuse a database that a newer version has changed, and leave it as it is', async () => {
    const database = await emptyDatabase(kind);
    const store = openStore(database.address);
    await migrate(store, migrations);
    await migrate(store, {
      ...migrations,
      '9999_from_the_future': {
        up: async (db) => void (await sql`create table future (id integer)`.execute(db)),
      },
    });
    await expect(migrate(store, migrations)).rejects.toMatchObject({
      code: 'schema_too_new',
      message: expect.stringContaining('9999_from_the_future'),
    });
    await sql`select * from future`.execute(store.db);
    await store.close();
    await database.drop();
  });
});
