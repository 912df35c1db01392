import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { missingRoles, processesSeen } from '../../../src/core/administration/processes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addChannel, addProject } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const MINUTE = 60_000;

describe.each(engines())('processes on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let clock: ReturnType<typeof fakeClock>;
  /** When the process that asks has come up. */
  let since: number;
  beforeEach(async () => {
    ({ store, dispose } = await freshStore(kind));
    clock = fakeClock();
    since = clock.now();
  });
  afterEach(() => dispose());

  const saw = (id: string, roles: string, seen_at = clock.now()) =>
    store.db
      .insertInto('workers')
      .values({ id, roles, host: 'h', version: '1.0.0', started_at: since, seen_at })
      .execute();
  const missing = (chats = false) => missingRoles({ store, clock }, { chats, since });

  it('are listed with what they are, the last seen first; five minutes without a heartbeat is away', async () => {
    const began = clock.now();
    await saw('old', 'worker');
    clock.advance(5 * MINUTE + 1);
    await saw('all in one', 'web bots worker');
    const one = { version: '1.0.0', host: 'h', startedAt: began };
    expect(await processesSeen({ store, clock })).toEqual([
      { ...one, id: 'all in one', roles: ['web', 'bots', 'worker'], seenAt: clock.now(), away: false },
      { ...one, id: 'old', roles: ['worker'], seenAt: began, away: true },
    ]);
  });

  it('are missed after five minutes, and not before', async () => {
    expect(await missing(true)).toEqual([]);
    clock.advance(5 * MINUTE);
    expect(await missing(true)).toEqual([]);
    clock.advance(1);
    expect(await missing(true)).toEqual(['worker', 'bots']);
    await saw('w', 'worker');
    expect(await missing(true)).toEqual(['bots']);
    await saw('b', 'bots');
    expect(await missing(true)).toEqual([]);
    clock.advance(5 * MINUTE + 1);
    await saw('web', 'web');
    expect(await missing(true)).toEqual(['worker', 'bots']);
    await saw('all in one', 'web bots worker');
    expect(await missing(true)).toEqual([]);
  });

  it('of bots are missed only where there is a chat for them', async () => {
    clock.advance(5 * MINUTE + 1);
    await saw('w', 'worker');
    expect(await missing()).toEqual([]);
    const { id } = await addProject(store);
    await addChannel(store, id);
    expect(await missing()).toEqual(['bots']);
  });
});
