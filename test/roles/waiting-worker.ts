import { detectStep } from '../../src/core/faces/detection.ts';
import { systemClock } from '../../src/core/platform/clock.ts';
import { silentLog } from '../../src/core/platform/log.ts';
import { redisNudges } from '../../src/core/platform/nudges.ts';
import { connectRedis } from '../../src/core/platform/redis.ts';
import { createTurns } from '../../src/core/platform/turns.ts';
import { createWorker } from '../../src/core/platform/worker.ts';
import { openStore } from '../../src/core/store/store.ts';
import { createLimiter } from '../../src/core/wiki/limiter.ts';
import { createPictures } from '../../src/core/wiki/pictures.ts';

/** What the worker is told: its database, its Redis, and the host (with its port) of the pictures. */
export interface WaitingWorker {
  readonly database: string;
  readonly redis: string;
  readonly secret: string;
  readonly pictures: string;
}

/**
 * A worker in a process of its own with the product's loop, claims, downloads and database, which waits for the network
 * as a real one does. Only the detector is a stand-in that takes no time, because on one machine all workers would share
 * its processors. It says `ready`, and ends when it is asked to.
 */
const told = JSON.parse(process.argv[2] ?? '') as WaitingWorker;
const clock = systemClock;
const store = openStore({ kind: 'mariadb', url: told.database });
const redis = connectRedis({ url: told.redis, secret: told.secret, log: silentLog });
const nudges = redisNudges(redis);
const pictures = createPictures({
  hosts: [told.pictures],
  userAgent: 'Visavis test',
  clock,
  limiter: createLimiter(),
});
const face = {
  box: [0.1, 0.1, 0.3, 0.3],
  score: 0.9,
  landmarks: [],
  quality: 0.5,
  embedding: null,
} as const;
const detector = {
  model: 'stand-in',
  detect: async () => ({ width: 100, height: 100, model: 'stand-in', faces: [face] }),
  draw: () => Promise.reject(new Error('nothing is drawn here')),
  close: async () => {},
};
const workerId = `waiting ${process.pid}`;
const base = { store, clock, nudges, log: silentLog, workerId };
const wiki = { filesByPageId: () => Promise.reject(new Error('nothing is looked at closer here')) };
const detection = { ...base, pictures, detector, wiki, turns: createTurns() };
const worker = createWorker(base, [
  { name: 'detect', counts: true, run: (signal) => detectStep(detection, signal) },
]);
await store.db.selectFrom('settings').select('name').limit(1).execute();
worker.start();
process.stdout.write('ready\n');
process.once('SIGTERM', async () => {
  await worker.stop();
  await nudges.close();
  redis.close();
  await store.close();
  // As `visavis worker` does: a download that was let go keeps nobody.
  process.exit(0);
});
