/**
 * How much quicker four workers are than one, over one MariaDB and one Redis, when what they wait for is the network:
 *
 *   node test/bench/scale.ts [FILES] [MILLISECONDS]
 *
 * The workers are processes of their own with the product's loop, claims, downloads and database; each download takes
 * so many milliseconds, the detector none. Prints one line of JSON and asserts nothing but that no file was lost or
 * looked at twice.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { migrations } from '../../migrations/index.ts';
import { migrate } from '../../src/core/store/migrate.ts';
import { openStore } from '../../src/core/store/store.ts';
import { runScale } from '../roles/scale.ts';
import { startMariaDb } from '../services.ts';
import { startRedis } from '../support/redis.ts';

const files = Number(process.argv[2] ?? 480);
const networkMs = Number(process.argv[3] ?? 400);

const folder = mkdtempSync(join(tmpdir(), 'visavis-scale-'));
const stops: (() => Promise<void>)[] = [];
try {
  const server = await startMariaDb(folder, stops);
  if (!server) throw new Error('MariaDB is not installed');
  const redis = await startRedis();
  stops.push(() => redis.stop());
  const connection = await createConnection(server);
  await connection.query('create database visavis_scale character set utf8mb4');
  await connection.end();
  const database = `${server}visavis_scale`;
  const store = openStore({ kind: 'mariadb', url: database });
  stops.push(() => store.close());
  await migrate(store, migrations);
  const seconds = new Map<number, number>();
  for (const workers of [1, 4]) {
    const result = await runScale(
      { store, database, redis: redis.url, env: {} },
      { workers, files, networkMs },
    );
    if ([...result.downloads, ...result.faces].some((times) => times !== 1))
      throw new Error('a file was lost, or looked at twice');
    seconds.set(workers, result.seconds);
  }
  const [one = 0, four = 1] = [seconds.get(1), seconds.get(4)];
  /** A worker asks for three pictures at a time. */
  const bare = (files * networkMs) / 3000;
  process.stdout.write(`${JSON.stringify({ files, networkMs, one, four, bare, factor: one / four })}\n`);
} finally {
  for (const stop of stops.reverse()) await stop();
  rmSync(folder, { recursive: true, force: true });
}
