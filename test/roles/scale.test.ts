import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Store } from '../../src/core/store/store.ts';
import { dataDir, preparedPhotos } from '../detect/prepared.ts';
import { freePort } from '../support/free-port.ts';
import { guardChildren } from '../support/loopback-only.ts';
import { freshStore } from '../support/stores.ts';
import { healthAt, type Running, startRole } from './processes.ts';
import { runScale } from './scale.ts';

const FILES = 120;

/** How much quicker many are is measured by test/bench/scale.ts; here is looked at what they do. */
describe.runIf(inject('mariadb') && inject('redis'))('four workers and two web sites', () => {
  let folder: string;
  let store: Store;
  let database: string;
  let dispose: () => Promise<void>;
  const redis = inject('redis') ?? '';
  const sites: { readonly running: Running; readonly port: number }[] = [];
  beforeAll(async () => {
    await preparedPhotos();
    folder = mkdtempSync(join(tmpdir(), 'visavis-scale-'));
    for (const name of ['models', 'practice']) symlinkSync(join(dataDir, name), join(folder, name));
    const fresh = await freshStore('mariadb');
    if (fresh.address.kind !== 'mariadb') throw new Error('not MariaDB');
    store = fresh.store;
    dispose = fresh.dispose;
    database = fresh.address.url;
  }, 180_000);
  afterAll(async () => {
    await Promise.all(sites.map(({ running }) => running.end('SIGKILL')));
    await dispose?.();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  it('do all that there is, and nothing twice, while both sites serve', async () => {
    const ports = [await freePort(), await freePort()];
    const wiki = String(await freePort());
    for (const port of ports) {
      const running = startRole('web', {
        DATABASE_URL: database,
        REDIS_URL: redis,
        VISAVIS_DATA_DIR: folder,
        PORT: String(port),
        VISAVIS_PUBLIC_URL: `http://localhost:${ports[0]}`,
        VISAVIS_POCKET_WIKI_PORT: wiki,
      });
      sites.push({ running, port });
    }
    await Promise.all(sites.map(({ running }) => running.says('ready http')));
    const work = runScale(
      { store, database, redis, env: guardChildren() },
      { workers: 4, files: FILES, networkMs: 20 },
    );
    let served = 0;
    let over = false;
    const visits = (async () => {
      while (!over) {
        for (const { port } of sites) {
          expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
          served++;
        }
      }
    })();
    const { downloads, faces } = await work.finally(() => {
      over = true;
    });
    await visits;
    expect(downloads).toEqual(Array(FILES).fill(1));
    expect(faces).toEqual(Array(FILES).fill(1));
    expect(served).toBeGreaterThan(1);
    for (const { port } of sites)
      expect(await healthAt(port)).toMatchObject({ status: 200, degraded: false });
    // One of them goes; the other has everything it needs.
    const [first, second] = sites;
    expect(await first?.running.end('SIGTERM')).toBe(0);
    expect((await fetch(`http://127.0.0.1:${second?.port}/`)).status).toBe(200);
    expect(await second?.running.end('SIGTERM')).toBe(0);
  }, 300_000);

  it('with one data folder and two addresses are refused, with what to do', async () => {
    const env = {
      DATABASE_URL: database,
      VISAVIS_DATA_DIR: folder,
      VISAVIS_POCKET_WIKI_PORT: String(await freePort()),
    };
    const first = startRole('web', { ...env, PORT: String(await freePort()) });
    sites.push({ running: first, port: 0 });
    await first.says('ready http');
    const second = startRole('web', { ...env, PORT: String(await freePort()) });
    await expect(second.says('ready http')).rejects.toThrow('VISAVIS_DATA_DIR of its own');
  }, 120_000);
});
