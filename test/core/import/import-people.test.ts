import { describe, expect, inject, it } from 'vitest';
import { keepAccount } from '../../../src/core/accounts/accounts.ts';
import { readTokens, storeTokens } from '../../../src/core/accounts/token-rows.ts';
import { engines } from '../../support/stores.ts';
import { CENTRAL, LATER } from './old-rows.ts';
import { importDesk, SECRET } from './support.ts';

describe.skipIf(!inject('mariadb')).each(engines())('people taken over into %s', (kind) => {
  it('takes over people, with their tokens', async () => {
    const { store, fernet, newFernet, user, fill, run } = await importDesk(kind);
    await fill();
    await user('Locked', {
      access_token: Buffer.from(newFernet().encrypt('x')),
    });
    const { taken, leftOut } = await run();
    expect(taken).toMatchObject({ users: 4, tokens: 2, 'tokens (plain text until their next refresh)': 1 });
    expect(leftOut).toContainEqual({ kind: 'tokens', reason: 'the old key does not open them', count: 1 });
    expect(leftOut).toContainEqual(expect.objectContaining({ kind: 'settings', count: 1 }));
    const people = await store.db
      .selectFrom('account_profiles')
      .leftJoin('account_tokens', 'account_tokens.account_id', 'account_profiles.account_id')
      .select(['account_profiles.account_id', 'username', 'scheme'])
      .orderBy('account_profiles.account_id')
      .execute();
    expect(people.map(({ username, scheme }) => [username, scheme])).toEqual([
      ['Ada', 'fernet'],
      ['Ben', 'plain'],
      ['Banned', 'fernet'],
      ['Locked', null],
    ]);
    for (const [i, words] of [
      ['access of Ada', 'refresh of Ada'],
      ['plain access', 'plain refresh'],
    ].entries()) {
      const tokens = await readTokens({ store, fernet }, people[i]?.account_id ?? 0);
      expect([tokens.accessToken, tokens.refreshToken, tokens.expiresAt]).toEqual([
        ...words,
        LATER.getTime(),
      ]);
    }
  });

  it('leaves alone who has an account here, and who asked to be forgotten', async () => {
    const { store, fernet, fill, run, rows } = await importDesk(kind);
    await fill();
    const here = await store.transaction(async (trx) => {
      const profile = {
        centralId: String(CENTRAL.ada),
        username: 'Ada, renamed',
        editCount: 900,
        groups: [],
        registeredAt: null,
        blocked: false,
      };
      const account = await keepAccount(store, trx, { secret: SECRET, now: 1, profile });
      await storeTokens(trx, fernet, account.id, { accessToken: 'new', refreshToken: null, expiresAt: 5 });
      const gone = await keepAccount(store, trx, {
        secret: SECRET,
        now: 1,
        profile: { ...profile, centralId: String(CENTRAL.ben) },
      });
      await trx.deleteFrom('account_profiles').where('account_id', '=', gone.id).execute();
      await trx.updateTable('accounts').set({ forgotten_at: 2 }).where('id', '=', gone.id).execute();
      return { account, gone };
    });
    const { leftOut } = await run();
    const profiles = await store.db
      .selectFrom('account_profiles')
      .select(['account_id', 'username', 'edit_count'])
      .orderBy('account_id')
      .execute();
    expect(profiles[0]).toEqual({ account_id: here.account.id, username: 'Ada, renamed', edit_count: 900 });
    expect(profiles.map((row) => row.account_id)).not.toContain(here.gone.id);
    expect((await readTokens({ store, fernet }, here.account.id)).accessToken).toBe('new');
    expect(leftOut.filter((row) => row.kind === 'tokens')).toHaveLength(2);
    const { created_by } = (await rows.projects())[0] ?? {};
    expect(created_by).toBe(here.account.id);
  });

  it('leaves tokens out when they are not wanted, or cannot be opened', async () => {
    const { store, fill, run } = await importDesk(kind);
    await fill();
    const { leftOut } = await run({}, false);
    expect(leftOut).toContainEqual(
      expect.objectContaining({ kind: 'tokens', reason: expect.stringContaining('--old-key'), count: 2 }),
    );
    await store.db.deleteFrom('account_tokens').execute();
    await store.db.deleteFrom('import_ids').where('kind', '=', 'token').execute();
    expect((await run({ withTokens: false })).leftOut).toContainEqual({
      kind: 'tokens',
      reason: 'not asked for',
      count: 3,
    });
    expect(await store.db.selectFrom('account_tokens').selectAll().execute()).toEqual([]);
  });
});
