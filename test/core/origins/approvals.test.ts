import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Act } from '../../../src/core/origins/acts.ts';
import {
  approveWithLogin,
  beginApproval,
  LOGIN_MS,
  PASSKEY_MS,
} from '../../../src/core/origins/approvals.ts';
import { mySources, performApproved } from '../../../src/core/origins/my-sources.ts';
import { noticesFor } from '../../../src/core/origins/notices.ts';
import {
  approvalOptions,
  approveWithPasskey,
  enrolmentOptions,
  finishEnrolment,
  passkeysOf,
  removePasskey,
} from '../../../src/core/origins/passkeys.ts';
import { cancelPending, PENDING_MS } from '../../../src/core/origins/pending.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { Authenticator, type Lie } from './authenticator.ts';
import { DAY, SITE, world } from './world.ts';

const A = 'https://a.example.com';
const B = 'https://b.example.com';

describe.each(engines())('re-authentication on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let here: ReturnType<typeof world>;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    here = world(store);
  });
  afterAll(() => dispose());

  /** Somebody with a passkey that is old enough. */
  const keyHolder = async () => {
    const { account, user } = await here.person();
    const key = await here.enrol(account);
    here.clock.advance(DAY);
    return { account, user, key };
  };
  const begin = async (account: number, act: Act = here.add(A)) => {
    const { id } = await beginApproval(here.deps, { accountId: account, act, method: 'passkey' });
    const { challenge } = await approvalOptions(here.deps, { accountId: account, id });
    return { id, challenge };
  };
  const values = async (account: number) =>
    (await mySources(here.deps, account)).entries.map((entry) => entry.value);
  const refused = (code: string) => expect.objectContaining({ code });

  describe('with a passkey', () => {
    it('allows one origin, at once', async () => {
      const { account, key } = await keyHolder();
      expect(await here.withPasskey(account, key, here.add('A.example.com/'))).toBeNull();
      const { entries } = await mySources(here.deps, account);
      expect(entries).toMatchObject([{ value: A, assurance: 'passkey', silence: null }]);
      expect((await passkeysOf(store, account))[0]?.usedAt).toBe(here.clock.now());
    });

    it('is refused a second time: the approval, the signature, and the act', async () => {
      const { account, key } = await keyHolder();
      const { id, challenge } = await begin(account);
      const response = key.sign(challenge);
      const args = { accountId: account, id };
      await approveWithPasskey(here.deps, { ...args, response });
      await expect(approveWithPasskey(here.deps, { ...args, response })).rejects.toThrow();
      await performApproved(here.deps, args);
      await expect(performApproved(here.deps, args)).rejects.toEqual(refused('conflict'));
      await expect(approveWithPasskey(here.deps, { ...args, response })).rejects.toEqual(refused('conflict'));
      // A new approval has a challenge of its own, also for the same origin.
      const again = await begin(account, here.add(B));
      await expect(
        approveWithPasskey(here.deps, { accountId: account, id: again.id, response }),
      ).rejects.toEqual(refused('forbidden'));
      expect(await values(account)).toEqual([A]);
    });

    it('is refused for another origin and for another action than it was made for', async () => {
      const { account, key } = await keyHolder();
      await here.withPasskey(account, key, here.add(A));
      const forB = await begin(account, here.add(B));
      const forOther = await begin(account, here.add('https://c.example.com'));
      const renewal = await begin(account, { action: 'renew', origin: A, days: 365 });
      for (const id of [forOther.id, renewal.id]) {
        await expect(
          approveWithPasskey(here.deps, { accountId: account, id, response: key.sign(forB.challenge) }),
        ).rejects.toEqual(refused('forbidden'));
        await expect(performApproved(here.deps, { accountId: account, id })).rejects.toEqual(
          refused('forbidden'),
        );
      }
      expect(await values(account)).toEqual([A]);
    });

    it('is refused for another user, with either key', async () => {
      const ada = await keyHolder();
      const eve = await keyHolder();
      const { id, challenge } = await begin(ada.account);
      const sign = (accountId: number, key: Authenticator) =>
        approveWithPasskey(here.deps, { accountId, id, response: key.sign(challenge) });
      await expect(sign(eve.account, eve.key)).rejects.toEqual(refused('not_found'));
      await expect(sign(eve.account, ada.key)).rejects.toEqual(refused('not_found'));
      await expect(sign(ada.account, eve.key)).rejects.toEqual(refused('forbidden'));
      await sign(ada.account, ada.key);
      await expect(performApproved(here.deps, { accountId: eve.account, id })).rejects.toEqual(
        refused('not_found'),
      );
      expect(await values(eve.account)).toEqual([]);
    });

    it('is refused after two minutes, before the signature and after it', async () => {
      const { account, key } = await keyHolder();
      const first = await begin(account);
      here.clock.advance(PASSKEY_MS);
      const late = { accountId: account, id: first.id, response: key.sign(first.challenge) };
      await expect(approveWithPasskey(here.deps, late)).rejects.toEqual(refused('link_expired'));
      const second = await begin(account);
      const args = { accountId: account, id: second.id };
      await approveWithPasskey(here.deps, { ...args, response: key.sign(second.challenge) });
      here.clock.advance(PASSKEY_MS);
      await expect(performApproved(here.deps, args)).rejects.toEqual(refused('link_expired'));
      expect(await values(account)).toEqual([]);
    });

    it.each<[string, Lie]>([
      ['another site', { origin: 'https://visavis.example.com' }],
      ['another port', { origin: `${SITE}:8443` }],
      ['another relying party', { rpId: 'example.org' }],
      ['a user who was not verified', { verified: false }],
      ['a challenge of its own making', { challenge: Buffer.alloc(32).toString('base64url') }],
      ['a registration', { type: 'webauthn.create' }],
      ['a copy with an older counter', { counter: 1 }],
    ])('is refused for %s', async (_, lie) => {
      const { account, key } = await keyHolder();
      await here.withPasskey(account, key, here.add(B));
      const { id, challenge } = await begin(account);
      await expect(
        approveWithPasskey(here.deps, { accountId: account, id, response: key.sign(challenge, lie) }),
      ).rejects.toEqual(refused('forbidden'));
      await expect(performApproved(here.deps, { accountId: account, id })).rejects.toEqual(
        refused('forbidden'),
      );
      expect(await values(account)).toEqual([B]);
    });

    it('is refused with the wrong key under the right name', async () => {
      const { account, key } = await keyHolder();
      const { id, challenge } = await begin(account);
      const thief = new Authenticator(SITE);
      const response = {
        ...thief.sign(challenge),
        id: key.sign(challenge).id,
        rawId: key.sign(challenge).rawId,
      };
      await expect(approveWithPasskey(here.deps, { accountId: account, id, response })).rejects.toEqual(
        refused('forbidden'),
      );
    });

    it('is refused when the step was left out', async () => {
      const { account } = await keyHolder();
      const { id } = await begin(account);
      await expect(performApproved(here.deps, { accountId: account, id })).rejects.toEqual(
        refused('forbidden'),
      );
      // A sign-in does not stand in for the passkey that was asked for.
      here.clock.advance(1_000);
      await expect(
        approveWithLogin(here.deps, { accountId: account, id, signedInAt: here.clock.now() }),
      ).rejects.toEqual(refused('conflict'));
    });

    it('is used once, when two requests bring it at one time', async () => {
      const { account, key } = await keyHolder();
      const { id, challenge } = await begin(account);
      const args = { accountId: account, id };
      await approveWithPasskey(here.deps, { ...args, response: key.sign(challenge) });
      const both = await Promise.allSettled([
        performApproved(here.deps, args),
        performApproved(here.deps, args),
      ]);
      expect(both.map((one) => one.status).sort()).toEqual(['fulfilled', 'rejected']);
    });
  });

  describe('a new passkey', () => {
    it('cannot approve for a day, is told of, and can be removed', async () => {
      const { account } = await here.person();
      await here.enrol(account);
      const [passkey] = await passkeysOf(store, account);
      expect(passkey?.usableFrom).toBe(here.clock.now() + DAY);
      await expect(begin(account)).rejects.toEqual(refused('conflict'));
      expect(await noticesFor(store, account)).toMatchObject([{ kind: 'passkey-added', subject: 'A key' }]);
      await removePasskey(here.deps, { accountId: account, id: passkey?.id ?? 0 });
      here.clock.advance(DAY);
      await expect(begin(account)).rejects.toEqual(refused('conflict'));
      expect((await noticesFor(store, account))[0]).toMatchObject({ kind: 'passkey-removed' });
    });

    it('cannot approve before its time though an old one can begin', async () => {
      const { account, key: old } = await keyHolder();
      const young = await here.enrol(account);
      const { id, challenge } = await begin(account);
      await expect(
        approveWithPasskey(here.deps, { accountId: account, id, response: young.sign(challenge) }),
      ).rejects.toEqual(refused('forbidden'));
      await approveWithPasskey(here.deps, { accountId: account, id, response: old.sign(challenge) });
    });

    it('needs a fresh sign-in, and its own challenge, once', async () => {
      const { account } = await here.person();
      const enrol: Act = { action: 'enrol', name: 'A key' };
      await expect(
        beginApproval(here.deps, { accountId: account, act: enrol, method: 'passkey' }),
      ).rejects.toEqual(refused('bad_input'));
      const { id } = await beginApproval(here.deps, { accountId: account, act: enrol, method: 'login' });
      const args = { accountId: account, id };
      await expect(enrolmentOptions(here.deps, args)).rejects.toEqual(refused('forbidden'));
      const key = new Authenticator(SITE);
      here.clock.advance(1);
      await approveWithLogin(here.deps, { ...args, signedInAt: here.clock.now() });
      const { challenge } = await enrolmentOptions(here.deps, args);
      for (const lie of [{ origin: 'https://evil.example' }, { verified: false }, { challenge: 'AAAA' }]) {
        await expect(
          finishEnrolment(here.deps, { ...args, response: key.register(challenge, lie) }),
        ).rejects.toEqual(refused('forbidden'));
      }
      await expect(performApproved(here.deps, args)).rejects.toEqual(refused('bad_input'));
      await finishEnrolment(here.deps, { ...args, response: key.register(challenge) });
      await expect(
        finishEnrolment(here.deps, { ...args, response: new Authenticator(SITE).register(challenge) }),
      ).rejects.toEqual(refused('conflict'));
      expect(await passkeysOf(store, account)).toHaveLength(1);
    });

    it('of somebody else cannot be removed', async () => {
      const { account } = await here.person();
      await here.enrol(account);
      const [passkey] = await passkeysOf(store, account);
      const { account: other } = await here.person();
      await expect(removePasskey(here.deps, { accountId: other, id: passkey?.id ?? 0 })).rejects.toEqual(
        refused('not_found'),
      );
    });
  });

  describe('with a sign-in', () => {
    it('waits fifteen minutes, with a notice', async () => {
      const { account } = await here.person();
      const pending = await here.withLogin(account, here.add(A));
      expect(pending?.effectiveAt).toBe(here.clock.now() + PENDING_MS);
      expect(await mySources(here.deps, account)).toMatchObject({
        entries: [],
        pending: [{ act: { origin: A } }],
      });
      expect(await noticesFor(store, account)).toMatchObject([{ kind: 'source-pending', subject: A }]);
      here.clock.advance(PENDING_MS - 1);
      expect(await values(account)).toEqual([]);
      here.clock.advance(1);
      expect(await mySources(here.deps, account)).toMatchObject({
        entries: [{ value: A, assurance: 'login', silence: null }],
        pending: [],
      });
    });

    it('can be cancelled while it waits, by its own user', async () => {
      const { account } = await here.person();
      const { account: other } = await here.person();
      const pending = await here.withLogin(account, here.add(A));
      const id = pending?.id ?? 0;
      await expect(cancelPending(here.deps, { accountId: other, id })).rejects.toEqual(refused('not_found'));
      await cancelPending(here.deps, { accountId: account, id });
      here.clock.advance(PENDING_MS);
      expect(await values(account)).toEqual([]);
      await expect(cancelPending(here.deps, { accountId: account, id })).rejects.toEqual(
        refused('not_found'),
      );
    });

    it('needs a sign-in that is newer than the wish, within ten minutes, for this one only', async () => {
      const { account } = await here.person();
      const { id, createdAt } = await beginApproval(here.deps, {
        accountId: account,
        act: here.add(A),
        method: 'login',
      });
      const args = { accountId: account, id };
      await expect(approveWithLogin(here.deps, { ...args, signedInAt: createdAt })).rejects.toEqual(
        refused('forbidden'),
      );
      await expect(approveWithLogin(here.deps, { ...args, signedInAt: createdAt + 1 })).rejects.toEqual(
        refused('forbidden'),
      );
      const { account: other } = await here.person();
      here.clock.advance(LOGIN_MS - 1);
      const signedInAt = here.clock.now();
      await expect(approveWithLogin(here.deps, { accountId: other, id, signedInAt })).rejects.toEqual(
        refused('not_found'),
      );
      await approveWithLogin(here.deps, { ...args, signedInAt });
      await expect(approveWithLogin(here.deps, { ...args, signedInAt })).rejects.toEqual(refused('conflict'));
      await performApproved(here.deps, args);
      await expect(performApproved(here.deps, args)).rejects.toEqual(refused('conflict'));
      const late = await beginApproval(here.deps, { accountId: account, act: here.add(B), method: 'login' });
      here.clock.advance(LOGIN_MS);
      await expect(
        approveWithLogin(here.deps, { accountId: account, id: late.id, signedInAt: here.clock.now() }),
      ).rejects.toEqual(refused('link_expired'));
    });

    it('is dropped when it is not allowed any more after the fifteen minutes', async () => {
      const { account } = await here.person();
      await here.withLogin(account, here.add('https://c.denied-later.com'));
      await store.db
        .insertInto('csp_denied')
        .values({ host: 'denied-later.com', reason: 'x', added_by: account, added_at: 0 })
        .execute();
      here.clock.advance(PENDING_MS);
      expect(await values(account)).toEqual([]);
      expect((await noticesFor(store, account))[0]).toMatchObject({ kind: 'source-dropped' });
    });

    it('is done once when two processes look at the same time', async () => {
      const { account } = await here.person();
      await here.allow(account, A);
      const lists = await Promise.all([1, 2, 3].map(() => values(account)));
      expect(lists.flat().every((value) => value === A)).toBe(true);
      expect(await values(account)).toEqual([A]);
      expect(await noticesFor(store, account)).toHaveLength(1);
    });
  });

  it('is neither begun nor used by an account that is blocked', async () => {
    const { account } = await here.person();
    const approval = await beginApproval(here.deps, {
      accountId: account,
      act: here.add('https://blocked.example.org'),
      method: 'login',
    });
    here.clock.advance(1000);
    await approveWithLogin(here.deps, { accountId: account, id: approval.id, signedInAt: here.clock.now() });
    await store.db
      .updateTable('account_profiles')
      .set({ blocked: 1 })
      .where('account_id', '=', account)
      .execute();
    await expect(performApproved(here.deps, { accountId: account, id: approval.id })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(
      beginApproval(here.deps, {
        accountId: account,
        act: here.add('https://b.example.org'),
        method: 'login',
      }),
    ).rejects.toMatchObject({ code: 'forbidden' });
    expect(await values(account)).toEqual([]);
  });

  it('is not begun endlessly', async () => {
    const { account, key } = await keyHolder();
    for (let n = 0; n < 20; n++) await begin(account);
    await expect(begin(account)).rejects.toEqual(refused('rate_limited'));
    here.clock.advance(LOGIN_MS);
    await here.withPasskey(account, key, here.add(A));
  });
});
