import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { describeError } from './errors.ts';
import type { Log } from './log.ts';

export interface HeartbeatDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Of this process: another one each time it starts. */
  readonly workerId: string;
  /** `web`, `bots`, `worker`, with blanks between them. */
  readonly roles: string;
  /** The machine's name. */
  readonly host: string;
  /** Of the product. */
  readonly version: string;
}

export interface Heartbeat {
  start(): void;
  /** Says goodbye. */
  stop(): Promise<void>;
}

const EVERY_MS = 30_000;
/** The row of a process that was killed goes after a day. */
const FORGET_MS = 24 * 60 * 60_000;

/** Tells in the database that this process is alive, also while the site is read-only. */
export function createHeartbeat(deps: HeartbeatDeps): Heartbeat {
  const ending = new AbortController();
  let beating: Promise<void> = Promise.resolve();
  return {
    start() {
      beating = beat(deps, ending.signal);
    },
    async stop() {
      ending.abort();
      await beating;
    },
  };
}

async function beat(
  { store, clock, log, workerId, roles, host, version }: HeartbeatDeps,
  ending: AbortSignal,
): Promise<void> {
  const started = clock.now();
  while (!ending.aborted) {
    try {
      const now = clock.now();
      const known = await store.db
        .updateTable('workers')
        .set({ seen_at: now })
        .where('id', '=', workerId)
        .executeTakeFirst();
      if (known.numUpdatedRows === 0n) {
        await store.db
          .insertInto('workers')
          .values({ id: workerId, roles, host, version, started_at: started, seen_at: now })
          .execute();
        await store.db
          .deleteFrom('workers')
          .where('seen_at', '<', now - FORGET_MS)
          .execute();
      }
    } catch (error) {
      log.warn({ error: describeError(error) }, 'heartbeat failed');
    }
    await clock.sleep(EVERY_MS, ending);
  }
  await store.db
    .deleteFrom('workers')
    .where('id', '=', workerId)
    .execute()
    .catch(() => {});
}
