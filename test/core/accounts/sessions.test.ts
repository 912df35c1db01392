import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSessions, SESSION_LIFETIME_MS, type Sessions } from '../../../src/core/accounts/sessions.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { freshStore } from '../../support/stores.ts';

let store: Store;
let dispose: () => Promise<void>;
let now = 1_000_000;
let sessions: Sessions;

beforeEach(async () => {
  ({ store, dispose } = await freshStore());
  sessions = createSessions({ store, clock: { now: () => now, sleep: async () => {} } });
});
afterEach(() => dispose());

test('only a hash of the id is kept', async () => {
  await sessions.create('the-cookie', { csrf: 'x' });
  const row = await store.db.selectFrom('sessions').selectAll().executeTakeFirstOrThrow();
  expect(row.id_hash).toHaveLength(32);
  expect(JSON.stringify(row)).not.toContain('the-cookie');
  expect(await sessions.read('the-cookie')).toEqual({ csrf: 'x' });
  expect(await sessions.read('another')).toBeNull();
});

test('an ended session stays ended, even when another request still saves it', async () => {
  await sessions.create('a', { accountId: 1 });
  await sessions.end('a');
  await sessions.update('a', { accountId: 1 });
  expect(await sessions.read('a')).toBeNull();
});

test('all sessions of an account end together', async () => {
  await sessions.create('a', { accountId: 1 });
  await sessions.create('b', { accountId: 1 });
  await sessions.create('c', { accountId: 2 });
  await sessions.endAll(1);
  expect([await sessions.read('a'), await sessions.read('b')]).toEqual([null, null]);
  expect(await sessions.read('c')).toEqual({ accountId: 2 });
});

test('a session runs out, and is then deleted', async () => {
  await sessions.create('a', {});
  now += SESSION_LIFETIME_MS;
  expect(await sessions.read('a')).toBeNull();
  await sessions.prune();
  expect(await store.db.selectFrom('sessions').selectAll().execute()).toEqual([]);
});

test('data that cannot be read is no session', async () => {
  await sessions.create('a', {});
  await store.db.updateTable('sessions').set({ data: '{"accountId":"1 or 1=1"}' }).execute();
  expect(await sessions.read('a')).toBeNull();
});
