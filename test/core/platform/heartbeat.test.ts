import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHeartbeat, type Heartbeat } from '../../../src/core/platform/heartbeat.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { type HeldClock, heldClock, memoryStore } from '../../support/desk.ts';

const EVERY_MS = 30_000;

let store: Store;
let clock: HeldClock;
let hearts: Heartbeat[];

beforeEach(async () => {
  store = await memoryStore();
  clock = heldClock(1_000_000);
  hearts = [];
});
afterEach(async () => {
  await Promise.all(hearts.map((heart) => heart.stop()));
  await store.close();
});

const own = { workerId: 'one', roles: 'web bots', host: 'here', version: '1.2.3' };

async function beat(given: Partial<typeof own> = {}): Promise<Heartbeat> {
  const heart = createHeartbeat({ store, clock, log: silentLog, ...own, ...given });
  hearts.push(heart);
  heart.start();
  await clock.sleeping(EVERY_MS, hearts.length);
  return heart;
}

const seen = () => store.db.selectFrom('workers').selectAll().orderBy('id').execute();

describe('the heartbeat', () => {
  it('is written, kept up to date, and removed at the end', async () => {
    const heart = await beat();
    const started = clock.now();
    const row = { id: 'one', roles: 'web bots', host: 'here', version: '1.2.3', started_at: started };
    expect(await seen()).toEqual([{ ...row, seen_at: started }]);
    clock.advance(EVERY_MS);
    await clock.sleeping(EVERY_MS);
    expect(await seen()).toEqual([{ ...row, seen_at: started + EVERY_MS }]);
    await heart.stop();
    expect(await seen()).toEqual([]);
  });

  it('comes back when somebody has cleaned it away', async () => {
    await beat();
    await store.db.deleteFrom('workers').execute();
    clock.advance(EVERY_MS);
    await clock.sleeping(EVERY_MS);
    expect(await seen()).toHaveLength(1);
  });

  it('that begins forgets those that were killed more than a day ago, and no others', async () => {
    clock.advance(48 * 3_600_000);
    const row = { roles: 'worker', host: 'there', started_at: 0 };
    await store.db
      .insertInto('workers')
      .values([
        { ...row, id: 'killed', seen_at: clock.now() - 24 * 3_600_000 - 1 },
        { ...row, id: 'quiet', seen_at: clock.now() - 3_600_000 },
      ])
      .execute();
    await beat();
    expect((await seen()).map((one) => one.id)).toEqual(['one', 'quiet']);
  });

  it('goes on when it could not be written', async () => {
    const away = await memoryStore();
    await away.close();
    const warned: string[] = [];
    const log = { ...silentLog, warn: (_fields: object, text: string) => void warned.push(text) };
    const heart = createHeartbeat({ store: away, clock, log, ...own });
    hearts.push(heart);
    heart.start();
    await clock.sleeping(EVERY_MS);
    clock.advance(EVERY_MS);
    await clock.sleeping(EVERY_MS);
    expect(warned).toEqual(['heartbeat failed', 'heartbeat failed']);
  });

  it('of a process that never began is fine', async () => {
    await createHeartbeat({ store, clock, log: silentLog, ...own }).stop();
  });
});
