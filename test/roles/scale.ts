import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { silentLog } from '../../src/core/platform/log.ts';
import { redisNudges } from '../../src/core/platform/nudges.ts';
import { connectRedis } from '../../src/core/platform/redis.ts';
import type { Store } from '../../src/core/store/store.ts';
import { addProject } from '../support/people.ts';
import { addFile } from '../support/pictures.ts';
import { ended, startWaitingWorker } from './waiting-process.ts';
import type { WaitingWorker } from './waiting-worker.ts';

const SECRET = 'the same secret for all of these processes';

export interface Scale {
  readonly workers: number;
  /** Half of them in each of two projects. */
  readonly files: number;
  /** How long the server of the pictures takes for each. */
  readonly networkMs: number;
}

export interface ScaleResult {
  /** From the nudge to the last file. */
  readonly seconds: number;
  /** How often each picture was asked for. */
  readonly downloads: readonly number[];
  /** How many faces were kept of each. */
  readonly faces: readonly number[];
}

export interface Place {
  /** Migrated. */
  readonly store: Store;
  /** Addresses of the same database, and of a Redis. */
  readonly database: string;
  readonly redis: string;
  /** What the workers have in their environment. */
  readonly env: Readonly<Record<string, string>>;
}

/** So many workers find the faces of files that all are there at the same moment. */
export async function runScale(place: Place, { workers, files, networkMs }: Scale): Promise<ScaleResult> {
  const { store } = place;
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.set(path, (asked.get(path) ?? 0) + 1);
    setTimeout(() => response.end('a picture'), networkMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const told: WaitingWorker = {
    database: place.database,
    redis: place.redis,
    secret: SECRET,
    pictures: host,
  };
  const redis = connectRedis({ url: place.redis, secret: SECRET, log: silentLog });
  const nudges = redisNudges(redis);
  const processes: ChildProcess[] = [];
  try {
    processes.push(
      ...(await Promise.all(Array.from({ length: workers }, () => startWaitingWorker(told, place.env)))),
    );
    const ids = await addFiles(store, files, `http://${host}`);
    const began = performance.now();
    await store.db.updateTable('files').set({ state: 'waiting' }).where('id', 'in', ids).execute();
    nudges.nudge('work');
    const waiting = store.db.selectFrom('files').select('id').where('state', '=', 'waiting').limit(1);
    while ((await waiting.execute()).length > 0) await pause(25);
    const seconds = (performance.now() - began) / 1000;
    const found = await store.db.selectFrom('faces').select('file_id').where('file_id', 'in', ids).execute();
    const byFile = Map.groupBy(found, (row) => row.file_id);
    return {
      seconds,
      downloads: ids.map((_, i) => asked.get(`/${i}`) ?? 0),
      faces: ids.map((id) => byFile.get(id)?.length ?? 0),
    };
  } finally {
    await Promise.all(processes.map((one) => ended(one)));
    await nudges.close();
    redis.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Files that are not waiting yet, half of them in each of two projects. */
async function addFiles(store: Store, count: number, origin: string): Promise<number[]> {
  const projects = [(await addProject(store)).id, (await addProject(store)).id];
  const ids: number[] = [];
  for (let i = 0; i < count; i++) {
    const thumb_url = `${origin}/${i}`;
    ids.push(await addFile(store, projects[i % 2] ?? null, { thumb_url }));
  }
  // Without matching nobody looks at faces any closer.
  await store.db.updateTable('projects').set({ matching: 0 }).where('id', 'in', projects).execute();
  return ids;
}
