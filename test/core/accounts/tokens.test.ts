import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFernet } from '../../../src/core/accounts/fernet.ts';
import { forgetAccount } from '../../../src/core/accounts/forget.ts';
import { storeTokens, type TokenDeps, wikiAccount } from '../../../src/core/accounts/tokens.ts';
import type { Clock } from '../../../src/core/platform/clock.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { RefreshOutcome } from '../../../src/core/wiki/oauth.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount } from '../../support/people.ts';
import { engines, twoStores } from '../../support/stores.ts';

const MINUTE = 60_000;
const START = Date.UTC(2026, 0, 1);

describe.each(engines())('access tokens on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  let now = START;
  /** Waiting lets others go on and takes no time. */
  const clock: Clock & { waits: number } = {
    waits: 0,
    now: () => now,
    async sleep() {
      this.waits++;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const fernet = createFernet([Buffer.alloc(32, 1).toString('base64')], clock, randomBytes);

  /** The wiki: each refresh token is good once. */
  let asked: string[];
  let answers: (refreshToken: string) => Promise<RefreshOutcome> | RefreshOutcome;
  let account: number;

  beforeAll(async () => {
    ({ store, other, dispose } = await twoStores(kind));
  });
  afterAll(() => dispose());

  beforeEach(async () => {
    now = START;
    asked = [];
    answers = () => ({
      outcome: 'ok',
      tokens: { accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: now + 240 * MINUTE },
    });
    account = await addAccount(store);
    await keep({ accessToken: 'access-1', refreshToken: 'refresh-1', expiresAt: now + 240 * MINUTE });
  });

  const keep = (tokens: { accessToken: string; refreshToken: string | null; expiresAt: number }) =>
    store.transaction((trx) => storeTokens(trx, fernet, account, tokens));
  const deps = (which: Store = store): TokenDeps => ({
    store: which,
    clock,
    fernet,
    oauth: {
      refreshToken: async (token) => {
        asked.push(token);
        return answers(token);
      },
    },
  });
  const asUser = (which: Store = store) => wikiAccount(deps(which), { id: account, username: 'Alice' });
  const row = () =>
    store.db
      .selectFrom('account_tokens')
      .selectAll()
      .where('account_id', '=', account)
      .executeTakeFirstOrThrow();

  it('uses the token as long as it is good', async () => {
    expect(asUser().name).toBe('Alice');
    now += 234 * MINUTE;
    expect(await asUser().accessToken()).toBe('access-1');
    expect(asked).toEqual([]);
  });

  it('refreshes before the token ends, and uses the new one from then on', async () => {
    now += 236 * MINUTE;
    expect(await asUser().accessToken()).toBe('access-2');
    expect(await asUser(other).accessToken()).toBe('access-2');
    expect(asked).toEqual(['refresh-1']);
    now += 239 * MINUTE;
    await asUser().accessToken();
    expect(asked).toEqual(['refresh-1', 'refresh-2']);
  });

  it('refreshes when the wiki refused a token that looks good', async () => {
    expect(await asUser().refresh()).toBe('access-2');
    expect(await asUser().accessToken()).toBe('access-2');
    expect(asked).toEqual(['refresh-1']);
  });

  it('keeps the refresh token when the wiki gives no new one', async () => {
    answers = () => ({
      outcome: 'ok',
      tokens: { accessToken: 'access-2', refreshToken: null, expiresAt: now + 240 * MINUTE },
    });
    await asUser().refresh();
    await asUser().refresh();
    expect(asked).toEqual(['refresh-1', 'refresh-1']);
  });

  it('asks the wiki once for 20 callers in two processes', async () => {
    now += 239 * MINUTE;
    answers = async () => {
      // Long enough for everybody to come and find it locked.
      for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
      return {
        outcome: 'ok',
        tokens: { accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: now + 240 * MINUTE },
      };
    };
    const tokens = await Promise.all(
      Array.from({ length: 20 }, (_, i) => asUser(i % 2 ? store : other).accessToken()),
    );
    expect(new Set(tokens)).toEqual(new Set(['access-2']));
    expect(asked).toEqual(['refresh-1']);
  });

  it('reads what the holder of the lock got', async () => {
    now += 239 * MINUTE;
    let finish: (outcome: RefreshOutcome) => void = () => {};
    answers = () => new Promise((resolve) => (finish = resolve));
    const winner = asUser().accessToken();
    await expect.poll(() => asked.length).toBe(1);
    clock.waits = 0;
    const loser = asUser(other).accessToken();
    await expect.poll(() => clock.waits).toBeGreaterThan(2);
    finish({
      outcome: 'ok',
      tokens: { accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: now + 240 * MINUTE },
    });
    expect(await Promise.all([winner, loser])).toEqual(['access-2', 'access-2']);
    expect(asked).toHaveLength(1);
  });

  it('takes over from a process that died in the middle', async () => {
    now += 239 * MINUTE;
    answers = () => new Promise(() => {});
    void asUser(other).accessToken();
    await expect.poll(() => asked.length).toBe(1);
    answers = () => ({
      outcome: 'ok',
      tokens: { accessToken: 'access-3', refreshToken: 'refresh-3', expiresAt: now + 240 * MINUTE },
    });
    now += 16_000;
    expect(await asUser().accessToken()).toBe('access-3');
  });

  it('breaks the link when the wiki refuses, says so, and asks no more', async () => {
    now += 239 * MINUTE;
    answers = () => ({ outcome: 'refused', reason: 'invalid_grant' });
    const words = "The wiki no longer accepts this account's link (invalid_grant). Sign in again";
    for (let i = 0; i < 2; i++) {
      await expect(asUser().accessToken()).rejects.toMatchObject({
        code: 'sign_in_refused',
        message: expect.stringContaining(words),
      });
    }
    await expect(asUser().refresh()).rejects.toMatchObject({ code: 'sign_in_refused' });
    expect(asked).toHaveLength(1);
    expect(await row()).toMatchObject({ broken_at: now, broken_reason: 'invalid_grant' });
  });

  it('heals when the person signs in again', async () => {
    answers = () => ({ outcome: 'refused', reason: 'invalid_grant' });
    await expect(asUser().refresh()).rejects.toMatchObject({ code: 'sign_in_refused' });
    await keep({ accessToken: 'access-9', refreshToken: 'refresh-9', expiresAt: now + 240 * MINUTE });
    expect(await asUser().accessToken()).toBe('access-9');
    expect(await row()).toMatchObject({ broken_at: null, broken_reason: null });
  });

  it('breaks the link when there is nothing to refresh with', async () => {
    await keep({ accessToken: 'access-1', refreshToken: null, expiresAt: now + 4 * MINUTE });
    await expect(asUser().accessToken()).rejects.toMatchObject({ code: 'sign_in_refused' });
    expect(asked).toEqual([]);
  });

  it('waits when the wiki has trouble, and breaks nothing', async () => {
    now += 239 * MINUTE;
    answers = () => ({ outcome: 'later', reason: 'http_503', client: false });
    await expect(asUser().accessToken()).rejects.toMatchObject({
      code: 'wiki',
      details: { kind: 'later' },
      message: expect.stringContaining('http_503'),
    });
    expect(await row()).toMatchObject({ broken_at: null });
    answers = () => ({
      outcome: 'ok',
      tokens: { accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: now + 240 * MINUTE },
    });
    expect(await asUser().accessToken()).toBe('access-2');
  });

  it('does not put a late refresh over the tokens of a new sign-in', async () => {
    now += 239 * MINUTE;
    answers = async () => {
      await keep({ accessToken: 'access-9', refreshToken: 'refresh-9', expiresAt: now + 200 * MINUTE });
      return {
        outcome: 'ok',
        tokens: { accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: now + 240 * MINUTE },
      };
    };
    expect(await asUser().accessToken()).toBe('access-9');
    expect(await asUser().accessToken()).toBe('access-9');
  });

  it('does not take a refusal of old tokens for one of new tokens', async () => {
    now += 239 * MINUTE;
    answers = async () => {
      await keep({ accessToken: 'access-9', refreshToken: 'refresh-9', expiresAt: now + 200 * MINUTE });
      return { outcome: 'refused', reason: 'invalid_grant' };
    };
    expect(await asUser().accessToken()).toBe('access-9');
    expect(await row()).toMatchObject({ broken_at: null });
  });

  it('tells two generations with the same expiry apart', async () => {
    const { token_expires_at } = await row();
    answers = () => ({
      outcome: 'ok',
      tokens: { accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: token_expires_at },
    });
    expect(await asUser().refresh()).toBe('access-2');
    expect((await row()).token_expires_at).not.toBe(token_expires_at);
  });

  it('gives nothing after the account is forgotten, not even a refresh that is under way', async () => {
    now += 239 * MINUTE;
    answers = async () => {
      await forgetAccount({ store: other, clock, nudges: notedNudges() }, account);
      return {
        outcome: 'ok',
        tokens: { accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: now + 240 * MINUTE },
      };
    };
    await expect(asUser().accessToken()).rejects.toMatchObject({ code: 'not_signed_in' });
    const rows = await store.db
      .selectFrom('account_tokens')
      .selectAll()
      .where('account_id', '=', account)
      .execute();
    expect(rows).toEqual([]);
  });

  it('keeps no token in plain text', async () => {
    const bytes = async () => {
      const { access_token, refresh_token } = await row();
      return `${Buffer.from(access_token)} ${Buffer.from(refresh_token ?? new Uint8Array())}`;
    };
    expect(await bytes()).not.toMatch(/access-1|refresh-1/);
    await asUser().refresh();
    expect(await bytes()).not.toMatch(/access-2|refresh-2/);
    expect(Buffer.from((await row()).access_token).toString()).toMatch(/^gAAAA/);
  });
});
