import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AccountDeps,
  accountById,
  assertNotBlocked,
  hashCentralId,
  signIn,
} from '../../../src/core/accounts/accounts.ts';
import { createFernet } from '../../../src/core/accounts/fernet.ts';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { Profile } from '../../../src/core/wiki/oauth-profile.ts';
import { notedNudges } from '../../support/nudges.ts';
import { engines, twoStores } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');

function profile(given: Partial<Profile> = {}): Profile {
  return {
    centralId: '4711',
    username: 'Alice',
    editCount: 12,
    blocked: false,
    groups: ['user'],
    grants: ['basic'],
    registeredAt: 1_000,
    ...given,
  };
}

describe.each(engines())('accounts on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  const clock = fakeClock();
  const fernet = createFernet([KEY], clock, randomBytes);
  const deps = (which: Store = store): AccountDeps => ({
    store: which,
    clock,
    secret: 'a secret',
    fernet,
  });
  const enter = (given: Partial<Profile> = {}, which: Store = store) =>
    signIn(deps(which), {
      profile: profile(given),
      tokens: { accessToken: 'access', refreshToken: 'refresh', expiresAt: clock.now() + 1000 },
    });

  beforeAll(async () => {
    ({ store, other, dispose } = await twoStores(kind));
  });
  afterAll(() => dispose());

  const profileRow = (id: number) =>
    store.db.selectFrom('account_profiles').selectAll().where('account_id', '=', id).executeTakeFirst();

  it('makes an account for somebody new', async () => {
    const account = await enter();
    expect(account).toEqual({
      id: account.id,
      username: 'Alice',
      blocked: false,
      barred: null,
      language: null,
    });
    expect(await accountById(store, account.id)).toEqual(account);
    expect(await profileRow(account.id)).toMatchObject({
      central_id: '4711',
      edit_count: 12,
      user_groups: '["user"]',
      registered_at: 1_000,
      seen_at: clock.now(),
    });
  });

  it('knows somebody again, by the central id and not by name', async () => {
    const first = await enter({ centralId: '1', username: 'Bob' });
    const again = await enter({ centralId: '1', username: 'Bob', editCount: 99 });
    expect(again.id).toBe(first.id);
    expect(await profileRow(first.id)).toMatchObject({ edit_count: 99 });
    const namesake = await enter({ centralId: '2', username: 'Bob' });
    expect(namesake.id).not.toBe(first.id);
  });

  it('follows a rename', async () => {
    const first = await enter({ centralId: '3', username: 'Old name' });
    const renamed = await enter({ centralId: '3', username: 'New name' });
    expect(renamed.id).toBe(first.id);
    expect((await accountById(store, first.id))?.username).toBe('New name');
  });

  it('keeps the language that the person chose', async () => {
    const { id } = await enter({ centralId: '4' });
    await store.db
      .updateTable('account_profiles')
      .set({ language: 'nb' })
      .where('account_id', '=', id)
      .execute();
    expect((await enter({ centralId: '4' })).language).toBe('nb');
  });

  it('remembers a block and its end', async () => {
    const { id, blocked } = await enter({ centralId: '5', blocked: true });
    expect(blocked).toBe(true);
    await expect(store.transaction((trx) => assertNotBlocked(trx, id))).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('blocked'),
    });
    await enter({ centralId: '5', blocked: false });
    await expect(store.transaction((trx) => assertNotBlocked(trx, id))).resolves.toBeUndefined();
  });

  it('asks a stranger to sign in', async () => {
    expect(await accountById(store, 999_999)).toBeNull();
    await expect(store.transaction((trx) => assertNotBlocked(trx, 999_999))).rejects.toMatchObject({
      code: 'not_signed_in',
    });
  });

  it('gives somebody who left and came back the same member key', async () => {
    const { id } = await enter({ centralId: '6' });
    await forgetAccount({ store, clock, nudges: notedNudges() }, id);
    expect(await accountById(store, id)).toBeNull();
    const back = await enter({ centralId: '6', username: 'Other name' });
    expect(back.id).toBe(id);
    const row = await store.db
      .selectFrom('accounts')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(row.forgotten_at).toBeNull();
    expect((await accountById(store, id))?.username).toBe('Other name');
  });

  it('makes one account of two first sign-ins at once', async () => {
    const both = await Promise.all(
      Array.from({ length: 8 }, (_, i) => enter({ centralId: '7' }, i % 2 ? store : other)),
    );
    expect(new Set(both.map((account) => account.id)).size).toBe(1);
    const rows = await store.db
      .selectFrom('accounts')
      .select('id')
      .where('central_hash', '=', hashCentralId('a secret', '7'))
      .execute();
    expect(rows).toHaveLength(1);
  });

  it('hashes central ids with the secret', () => {
    const hash = Buffer.from(hashCentralId('a secret', '7')).toString('hex');
    expect(hash).toHaveLength(64);
    expect(Buffer.from(hashCentralId('a secret', '7')).toString('hex')).toBe(hash);
    expect(Buffer.from(hashCentralId('another', '7')).toString('hex')).not.toBe(hash);
    expect(Buffer.from(hashCentralId('a secret', '8')).toString('hex')).not.toBe(hash);
  });
});
