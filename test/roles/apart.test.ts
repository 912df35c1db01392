import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openStore, type Store } from '../../src/core/store/store.ts';
import { dataDir, preparedPhotos } from '../detect/prepared.ts';
import { freePort } from '../support/free-port.ts';
import { type OwnMariaDb, startMariaDb } from '../support/mariadb.ts';
import { type OwnRedis, startRedis } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { healthAt, type Running, startRole } from './processes.ts';

/** Fewer than the three processes would take together. */
const CONNECTIONS = 6;

/** Real processes in practice mode, one after the other thing going wrong: the test is one story. */
describe.runIf(inject('mariadb') && inject('redis'))('web site and workers as processes of their own', () => {
  let database: OwnMariaDb;
  let redis: OwnRedis;
  let folder: string;
  let ports: { web: number; wiki: number; worker: number };
  let store: Store;
  const running: Running[] = [];

  beforeAll(async () => {
    await preparedPhotos();
    folder = mkdtempSync(join(tmpdir(), 'visavis-roles-'));
    for (const name of ['models', 'practice']) symlinkSync(join(dataDir, name), join(folder, name));
    [database, redis] = await Promise.all([startMariaDb(), startRedis()]);
    await database.admin(
      `create user tool@'127.0.0.1' identified by 'word' with max_user_connections ${CONNECTIONS}; grant all on visavis.* to tool@'127.0.0.1'`,
    );
    ports = { web: await freePort(), wiki: await freePort(), worker: await freePort() };
    store = openStore({ kind: 'mariadb', url: database.url }, { connections: 1 });
  }, 300_000);
  afterAll(async () => {
    await Promise.all(running.map((one) => one.end('SIGKILL')));
    await store?.close();
    await Promise.all([database?.stop(), redis?.stop()]);
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const start = (role: 'web' | 'worker', more: Record<string, string> = {}) => {
    const one = startRole(role, {
      DATABASE_URL: database.url.replace('root@', 'tool:word@'),
      REDIS_URL: redis.url,
      VISAVIS_DATA_DIR: folder,
      PORT: String(ports.web),
      VISAVIS_POCKET_WIKI_PORT: String(ports.wiki),
      VISAVIS_DETECTOR_THREADS: '1',
      VISAVIS_LOG: 'warn',
      ...more,
    });
    running.push(one);
    return one;
  };
  const count = async (state: 'waiting' | 'detected') => {
    const rows = await store.db.selectFrom('files').select('id').where('state', '=', state).execute();
    return rows.length;
  };

  it('start together, lose database and Redis, end and die, and all the work is done once', async () => {
    // All three at once on an empty database: one migrates, and they meet in one pocket wiki.
    const web = start('web');
    const one = start('worker', { VISAVIS_HEALTH_PORT: String(ports.worker) });
    const two = start('worker');
    await Promise.all([web.says('ready http'), one.says('ready (worker)'), two.says('ready (worker)')]);
    expect(await healthAt(ports.web)).toMatchObject({ status: 200, degraded: false });
    await until('the first files are looked at', async () => (await count('detected')) > 0);

    // A worker that is asked to end does so, and leaves nothing that others would wait for.
    expect(await two.end('SIGTERM')).toBe(0);
    const itsOwn = `% ${two.pid} %`;
    const leases = store.db.selectFrom('leases').select('name').where('owner', 'like', itsOwn);
    expect(await leases.execute()).toEqual([]);
    const files = store.db.selectFrom('files').select('title').where('lease_owner', 'like', itsOwn);
    expect(await files.execute()).toEqual([]);

    // A database that says nothing is told as one that is away, and nobody waits for it.
    database.freeze();
    await until('the silence is told', async () => (await healthAt(ports.web)).status === 503);
    database.wake();
    await until('it is back', async () => (await healthAt(ports.web)).status === 200);

    // Both services at once, without warning.
    await Promise.all([database.kill(), redis.kill()]);
    for (const port of [ports.web, ports.worker]) {
      await until('the outage is told', async () => {
        const { status, parts } = await healthAt(port);
        return status === 503 && parts.database === 'away' && parts.redis === 'away';
      });
      expect((await fetch(`http://127.0.0.1:${port}/live`)).status).toBe(200);
    }
    expect((await fetch(`http://127.0.0.1:${ports.web}/`)).status).toBe(503);
    const three = start('worker');
    await three.says('the database does not answer');
    await database.revive();
    await until('it serves without Redis', async () => {
      const { status, degraded, parts } = await healthAt(ports.web);
      return status === 200 && degraded && parts.redis === 'away';
    });
    await redis.revive();
    for (const port of [ports.web, ports.worker]) {
      await until('all is well again', async () => {
        const { status, parts } = await healthAt(port);
        return status === 200 && parts.database === 'ok' && parts.redis === 'ok';
      });
    }
    expect((await fetch(`http://127.0.0.1:${ports.web}/`)).status).toBe(200);

    await three.says('ready (worker)');
    await until('every file is looked at', async () => (await count('waiting')) === 0);
    expect(await count('detected')).toBeGreaterThan(5);
    const { rows: twice } =
      await sql`select file_id, x, y from faces group by file_id, x, y having count(*) > 1`.execute(store.db);
    expect(twice).toEqual([]);
    const { rows: steps } = await sql<{ n: number }>`select count(*) as n from projects`.execute(store.db);
    expect(steps).toEqual([{ n: 1 }]);
    expect(await web.end('SIGTERM')).toBe(0);
  }, 600_000);
});
