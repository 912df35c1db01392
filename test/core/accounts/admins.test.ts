import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signIn } from '../../../src/core/accounts/accounts.ts';
import { assertAdmin, holdAdmins, isAdmin } from '../../../src/core/accounts/admins.ts';
import { createFernet, newFernetKey } from '../../../src/core/accounts/fernet.ts';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('administrators on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  const clock = fakeClock();
  const fernet = createFernet([newFernetKey(randomBytes)], clock, randomBytes);
  beforeEach(async () => {
    ({ store, dispose } = await freshStore(kind));
  });
  afterEach(() => dispose());

  const enter = async (centralId: string, username: string, admins = ['Ada'], blocked = false) => {
    const { id } = await signIn(
      { store, clock, secret: 'a secret', fernet, admins },
      {
        profile: {
          centralId,
          username,
          editCount: 10,
          blocked,
          groups: [],
          grants: ['basic'],
          registeredAt: 0,
        },
        tokens: { accessToken: 'a', refreshToken: 'r', expiresAt: clock.now() + 1000 },
      },
    );
    return id;
  };
  const may = (id: number) => isAdmin(store.db, id);

  it('a listed name gives the right to the account that signs in under it, and to nobody else', async () => {
    const ada = await enter('1', 'Ada');
    const bob = await enter('2', 'Bob');
    expect([await may(ada), await may(bob)]).toEqual([true, false]);
    await expect(store.transaction((trx) => assertAdmin(trx, bob))).rejects.toMatchObject({
      code: 'forbidden',
    });
    await store.transaction((trx) => assertAdmin(trx, ada));
  });

  it('a rename takes the right from nobody and gives it to nobody', async () => {
    const ada = await enter('1', 'Ada');
    expect(await enter('1', 'Ada Renamed')).toBe(ada);
    const thief = await enter('2', 'Ada');
    expect([await may(ada), await may(thief)]).toEqual([true, false]);
    await holdAdmins(store, ['Ada']);
    expect([await may(ada), await may(thief)]).toEqual([true, false]);
  });

  it('one account holds one name', async () => {
    const ada = await enter('1', 'Ada', ['Ada', 'Bea']);
    await enter('1', 'Bea', ['Ada', 'Bea']);
    const bea = await enter('2', 'Bea', ['Ada', 'Bea']);
    expect([await may(ada), await may(bea)]).toEqual([true, true]);
  });

  it('the list ends the right, and gives it again only at a sign-in', async () => {
    const ada = await enter('1', 'Ada');
    await holdAdmins(store, ['Ada', 'Bea']);
    expect(await may(ada)).toBe(true);
    await holdAdmins(store, ['Bea']);
    expect(await may(ada)).toBe(false);
    await holdAdmins(store, ['Ada']);
    expect(await may(ada)).toBe(false);
    await enter('1', 'Ada');
    expect(await may(ada)).toBe(true);
    await holdAdmins(store, []);
    expect(await may(ada)).toBe(false);
  });

  it('a name in the database alone gives nothing, and a block suspends the right', async () => {
    const early = await enter('1', 'Ada', []);
    await holdAdmins(store, ['Ada']);
    expect(await may(early)).toBe(false);
    await enter('1', 'Ada', ['Ada'], true);
    expect(await may(early)).toBe(true);
    await expect(store.transaction((trx) => assertAdmin(trx, early))).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('two sign-ins at the same time give it once, and nobody fails', async () => {
    const ids = await Promise.all([enter('1', 'Ada'), enter('1', 'Ada'), enter('1', 'Ada')]);
    expect(new Set(ids).size).toBe(1);
    expect(await store.db.selectFrom('administrators').selectAll().execute()).toHaveLength(1);
  });

  it('whoever is forgotten is forgotten as an administrator too', async () => {
    const ada = await enter('1', 'Ada');
    await forgetAccount({ store, clock, nudges: notedNudges() }, ada);
    expect(await store.db.selectFrom('administrators').selectAll().execute()).toEqual([]);
  });
});
