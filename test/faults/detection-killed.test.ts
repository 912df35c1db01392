import type { ChildProcess } from 'node:child_process';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { detectStep } from '../../src/core/faces/detection.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import type { Store } from '../../src/core/store/store.ts';
import { ended, startWaitingWorker } from '../roles/waiting-process.ts';
import { guardChildren } from '../support/loopback-only.ts';
import { notedNudges } from '../support/nudges.ts';
import { addProject } from '../support/people.ts';
import { addFile } from '../support/pictures.ts';
import { freshStore } from '../support/stores.ts';
import { until } from '../support/until.ts';

/** As many as a worker has under way, and some that nobody has begun. */
const UNDER_WAY = 3;
const FILES = 5;
const LEASE_MS = 5 * 60_000;

describe.runIf(inject('mariadb') && inject('redis'))('a worker in the middle of three downloads', () => {
  let store: Store;
  let files: number[];
  let worker: ChildProcess;
  let server: Server;
  let origin: string;
  let projectId: number;
  /** Downloads that wait for their answers. */
  let open: ServerResponse[];
  beforeEach(async () => {
    const fresh = await freshStore('mariadb');
    const { address } = fresh;
    if (address.kind !== 'mariadb') throw new Error('not MariaDB');
    store = fresh.store;
    open = [];
    server = createServer((_request, response) => void open.push(response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    projectId = (await addProject(store)).id;
    files = [];
    for (let i = 0; i < FILES; i++) files.push(await newFile());
    const told = {
      database: address.url,
      redis: inject('redis') ?? '',
      secret: address.url,
      pictures: new URL(origin).host,
    };
    worker = await startWaitingWorker(told, guardChildren());
    await until('it has begun', async () => open.length === UNDER_WAY);
    return async () => {
      await ended(worker, 'SIGKILL');
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await fresh.dispose();
    };
  });
  afterEach(async () => {
    const faces = await store.db.selectFrom('faces').select('file_id').orderBy('file_id').execute();
    expect(faces.map((face) => face.file_id)).toEqual(files);
  });

  const newFile = async () => {
    const id = await addFile(store, projectId, { state: 'waiting', thumb_url: `${origin}/picture` });
    await store.db.updateTable('projects').set({ matching: 0 }).execute();
    return id;
  };
  const states = async () => {
    const rows = await store.db
      .selectFrom('files')
      .select(['state', 'attempts', 'lease_owner'])
      .orderBy('id')
      .execute();
    return rows.map(
      ({ state, attempts, lease_owner }) => `${state} ${attempts} ${lease_owner ? 'held' : 'free'}`,
    );
  };
  /** Another worker, whose clock is ahead. */
  const another = (ahead: number) =>
    detectStep({
      store,
      clock: { now: () => Date.now() + ahead, sleep: async () => {} },
      pictures: { download: async () => new Uint8Array(1) },
      detector: {
        model: 'another',
        detect: async () => ({
          width: 10,
          height: 10,
          model: 'another',
          faces: [{ box: [0, 0, 0.5, 0.5], score: 1, landmarks: [], quality: 1, embedding: null }],
        }),
        draw: () => Promise.reject(new Error('nothing is drawn here')),
        close: async () => {},
      },
      wiki: { filesByPageId: () => Promise.reject(new Error('nothing is looked at closer here')) },
      nudges: notedNudges(),
      log: silentLog,
      workerId: 'another',
    });

  it('that is killed loses them to others when its leases run out, not before', async () => {
    await ended(worker, 'SIGKILL');
    expect(await another(0)).toBe(true);
    const held = Array(UNDER_WAY).fill('waiting 1 held');
    expect(await states()).toEqual([...held, 'detected 1 free', 'detected 1 free']);
    expect(await another(LEASE_MS)).toBe(true);
    const taken = Array(UNDER_WAY).fill('detected 2 free');
    expect(await states()).toEqual([...taken, 'detected 1 free', 'detected 1 free']);
  });

  it('that is asked to end gives them back at once, as if it had never begun', async () => {
    expect(await ended(worker, 'SIGTERM')).toBe(0);
    expect(await states()).toEqual(Array(FILES).fill('waiting 0 free'));
    expect(await another(0)).toBe(true);
    expect(await states()).toEqual(Array(FILES).fill('detected 1 free'));
  });

  it('that sleeps beyond its leases keeps nothing of what others have done meanwhile', async () => {
    worker.kill('SIGSTOP');
    expect(await another(LEASE_MS)).toBe(true);
    expect((await states()).every((state) => state.startsWith('detected'))).toBe(true);
    for (const response of open.splice(0)) response.end('a picture');
    worker.kill('SIGCONT');
    // It is well, and goes on with what is left.
    files.push(await newFile());
    await until('it has begun the next one', async () => open.length === 1);
    open[0]?.end('a picture');
    await until('it is done with that', async () => (await states()).at(-1) === 'detected 1 free');
  });
});
