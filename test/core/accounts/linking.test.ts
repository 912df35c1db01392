import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  accountOfIdentity,
  type ChatIdentity,
  confirmLink,
  findLinkRequest,
  identitiesOf,
  LINK_LIFETIME_MS,
  startLink,
  takeConfirmedLinks,
  unlinkChatUser,
  unlinkIdentity,
} from '../../../src/core/accounts/linking.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount } from '../../support/people.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('linking on %s', (kind) => {
  let store: Store;
  let other: Store;
  const clock = fakeClock();
  const deps = (which: Store = store) => ({ store: which, clock });
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  let users = 0;
  const chatUser = (): ChatIdentity => {
    const number = ++users;
    return { platform: 'discord', externalId: `${1000 + number}`, displayName: `Nick ${number}` };
  };

  it('links a chat user to the account that confirms', async () => {
    const user = chatUser();
    const account = await addAccount(store, { username: 'Alice' });
    const token = await startLink(deps(), user);
    expect(await findLinkRequest(deps(), token)).toEqual({
      platform: 'discord',
      displayName: user.displayName,
      state: 'open',
    });
    expect(await accountOfIdentity(store, 'discord', user.externalId)).toBeNull();
    expect(await confirmLink(deps(), token, account)).toEqual({
      platform: 'discord',
      displayName: user.displayName,
    });
    expect(await accountOfIdentity(store, 'discord', user.externalId)).toEqual({
      id: account,
      username: 'Alice',
      blocked: false,
    });
    expect(await accountOfIdentity(store, 'matrix', user.externalId)).toBeNull();
    expect(await identitiesOf(store, account)).toMatchObject([
      { platform: 'discord', displayName: user.displayName, linkedAt: clock.now() },
    ]);
  });

  it('keeps only a hash of the link', async () => {
    const token = await startLink(deps(), chatUser());
    expect(token).toMatch(/^[\w-]{32}$/);
    const rows = await store.db.selectFrom('link_requests').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token);
    const hash = createHash('sha256').update(token).digest();
    expect(rows.some((row) => Buffer.compare(Buffer.from(row.token_hash), hash) === 0)).toBe(true);
    for (const row of rows) expect(Buffer.from(row.token_hash).toString()).not.toContain(token);
  });

  it('is good once', async () => {
    const token = await startLink(deps(), chatUser());
    const account = await addAccount(store);
    await confirmLink(deps(), token, account);
    expect((await findLinkRequest(deps(), token))?.state).toBe('used');
    await expect(confirmLink(deps(), token, account)).rejects.toMatchObject({ code: 'link_expired' });
    await expect(confirmLink(deps(), token, await addAccount(store))).rejects.toMatchObject({
      code: 'link_expired',
    });
  });

  it('is good once for two accounts at once', async () => {
    const user = chatUser();
    const token = await startLink(deps(), user);
    const accounts = [await addAccount(store), await addAccount(store)] as const;
    const results = await Promise.allSettled([
      confirmLink(deps(store), token, accounts[0]),
      confirmLink(deps(other), token, accounts[1]),
    ]);
    expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected']);
    const winner = accounts[results[0].status === 'fulfilled' ? 0 : 1];
    expect((await accountOfIdentity(store, 'discord', user.externalId))?.id).toBe(winner);
  });

  it('gives a conflict when two links of one chat user are confirmed at once', async () => {
    for (let i = 0; i < 5; i++) {
      const user = chatUser();
      const tokens = [await startLink(deps(), user), await startLink(deps(), user)] as const;
      const accounts = [await addAccount(store), await addAccount(store)] as const;
      const results = await Promise.allSettled([
        confirmLink(deps(store), tokens[0], accounts[0]),
        confirmLink(deps(other), tokens[1], accounts[1]),
      ]);
      const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
      expect(refused).toMatchObject([{ code: 'conflict' }]);
    }
  });

  it('ends after ten minutes', async () => {
    expect(LINK_LIFETIME_MS).toBe(600_000);
    const token = await startLink(deps(), chatUser());
    const account = await addAccount(store);
    clock.advance(LINK_LIFETIME_MS - 1);
    expect((await findLinkRequest(deps(), token))?.state).toBe('open');
    clock.advance(1);
    expect((await findLinkRequest(deps(), token))?.state).toBe('expired');
    await expect(confirmLink(deps(), token, account)).rejects.toMatchObject({ code: 'link_expired' });
    expect(await identitiesOf(store, account)).toEqual([]);
  });

  it('does not know a link that never was', async () => {
    expect(await findLinkRequest(deps(), 'made up')).toBeNull();
    await expect(confirmLink(deps(), 'made up', await addAccount(store))).rejects.toMatchObject({
      code: 'not_found',
    });
  });

  it('does not take a chat name away from another account', async () => {
    const user = chatUser();
    const [first, second] = [await addAccount(store), await addAccount(store)];
    await confirmLink(deps(), await startLink(deps(), user), first);
    const token = await startLink(deps(), user);
    await expect(confirmLink(deps(), token, second)).rejects.toMatchObject({ code: 'conflict' });
    expect((await accountOfIdentity(store, 'discord', user.externalId))?.id).toBe(first);
    // The link is not used up: after an unlink it works.
    expect(await unlinkChatUser(deps(), 'discord', user.externalId)).toBe(true);
    await confirmLink(deps(), token, second);
    expect((await accountOfIdentity(store, 'discord', user.externalId))?.id).toBe(second);
  });

  it('takes a repeated link to the same account as it is', async () => {
    const user = chatUser();
    const account = await addAccount(store);
    await confirmLink(deps(), await startLink(deps(), user), account);
    await confirmLink(deps(), await startLink(deps(), user), account);
    expect(await identitiesOf(store, account)).toHaveLength(1);
  });

  it('refuses an account that is blocked', async () => {
    const account = await addAccount(store, { blocked: true });
    const token = await startLink(deps(), chatUser());
    await expect(confirmLink(deps(), token, account)).rejects.toMatchObject({ code: 'forbidden' });
    expect((await findLinkRequest(deps(), token))?.state).toBe('open');
  });

  it('tells each confirmed link once, to its own platform, whoever asks', async () => {
    await takeConfirmedLinks(deps(), 'discord');
    const user = chatUser();
    const account = await addAccount(store, { username: 'Told' });
    const token = await startLink(deps(), user);
    expect(await takeConfirmedLinks(deps(), 'discord')).toEqual([]);
    await confirmLink(deps(), token, account);
    expect(await takeConfirmedLinks(deps(), 'matrix')).toEqual([]);
    const told = await Promise.all(
      Array.from({ length: 6 }, (_, i) => takeConfirmedLinks(deps(i % 2 ? store : other), 'discord')),
    );
    expect(told.flat()).toEqual([{ externalId: user.externalId, username: 'Told' }]);
    expect(await takeConfirmedLinks(deps(), 'discord')).toEqual([]);
  });

  it('unlinks only what is linked to the account', async () => {
    const user = chatUser();
    const account = await addAccount(store);
    await confirmLink(deps(), await startLink(deps(), user), account);
    const [identity] = await identitiesOf(store, account);
    if (!identity) throw new Error('not linked');
    await expect(unlinkIdentity(deps(), await addAccount(store), identity.id)).rejects.toMatchObject({
      code: 'not_found',
    });
    expect(await identitiesOf(store, account)).toHaveLength(1);
    await unlinkIdentity(deps(), account, identity.id);
    expect(await identitiesOf(store, account)).toEqual([]);
    expect(await unlinkChatUser(deps(), 'discord', user.externalId)).toBe(false);
  });
});
