import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFernet } from '../../../src/core/accounts/fernet.ts';
import { storeTokens, wikiAccount } from '../../../src/core/accounts/tokens.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { RefreshOutcome } from '../../../src/core/wiki/oauth.ts';
import { addAccount } from '../../support/people.ts';
import { engines, twoStores } from '../../support/stores.ts';

/** The machine may be busy. */
const PATIENT = { timeout: 20_000 };

const LOST: RefreshOutcome = { outcome: 'later', reason: 'network', client: false };
const REFUSED: RefreshOutcome = { outcome: 'refused', reason: 'invalid_grant' };
const LIFETIME = 240 * 60_000;

describe.each(engines())('answers that never came, on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  let now: number;
  let account: number;
  /** Each request takes its time, then gets the next answer; none: it never comes back. */
  let answers: { after?: number; answer: RefreshOutcome | null }[];
  let asked: number;
  const clock = {
    now: () => now,
    sleep: async () => new Promise<void>((resolve) => setImmediate(resolve)),
  };
  const fernet = createFernet([Buffer.alloc(32, 1).toString('base64')], clock, randomBytes);
  const good = (): RefreshOutcome => ({
    outcome: 'ok',
    tokens: { accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: now + LIFETIME },
  });

  beforeAll(async () => {
    ({ store, other, dispose } = await twoStores(kind));
  });
  afterAll(() => dispose());
  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1);
    asked = 0;
    account = await addAccount(store);
    const tokens = { accessToken: 'access-1', refreshToken: 'refresh-1', expiresAt: now + 1000 };
    await store.transaction((trx) => storeTokens(trx, fernet, account, tokens));
  });
  const token = (which = store) => {
    const oauth = {
      refreshToken: async () => {
        asked += 1;
        const { after = 0, answer } = answers.shift() ?? { answer: REFUSED };
        now += after;
        return answer ?? new Promise<RefreshOutcome>(() => {});
      },
    };
    return wikiAccount(
      { store: which, clock, fernet, oauth },
      { id: account, username: 'Ada' },
    ).accessToken();
  };
  const row = () =>
    store.db
      .selectFrom('account_tokens')
      .selectAll()
      .where('account_id', '=', account)
      .executeTakeFirstOrThrow();

  it('are asked for once more, at once', async () => {
    answers = [{ answer: LOST }, { answer: good() }];
    expect(await token()).toBe('access-2');
    expect(asked).toBe(2);
    expect(await row()).toMatchObject({ answer_lost_at: null, refreshing_at: null });
  });

  it('are not asked for again when the lock might run out meanwhile, but at the next occasion', async () => {
    answers = [{ after: 10_000, answer: LOST }];
    await expect(token()).rejects.toMatchObject({ code: 'wiki', details: { kind: 'later' } });
    expect(asked).toBe(1);
    expect(await row()).toMatchObject({ broken_at: null, refreshing_at: null, answer_lost_at: now });
    answers = [{ answer: good() }];
    expect(await token()).toBe('access-2');
    expect(await row()).toMatchObject({ answer_lost_at: null });
  });

  it('break the link only when the wiki then refuses, with words about it', async () => {
    answers = [{ answer: LOST }, { answer: LOST }];
    await expect(token()).rejects.toMatchObject({ details: { kind: 'later' } });
    answers = [{ answer: REFUSED }];
    await expect(token()).rejects.toMatchObject({
      code: 'sign_in_refused',
      message: expect.stringContaining('the answer to its last renewal was lost'),
    });
  });

  it('of a process that died are waited for as long as its lock runs', async () => {
    answers = [{ answer: null }];
    void token(other);
    await expect.poll(() => asked, PATIENT).toBe(1);
    expect(await row()).toMatchObject({ refreshing_at: now });
    answers = [{ answer: good() }];
    const waiting = token();
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBe(1);
    now += 15_000;
    expect(await waiting).toBe('access-2');
    expect(asked).toBe(2);
  });

  it('of a process that died after the wiki had answered: refused, and said so', async () => {
    answers = [{ answer: null }];
    void token(other);
    await expect.poll(() => asked, PATIENT).toBe(1);
    now += 15_000;
    answers = [{ answer: REFUSED }];
    await expect(token()).rejects.toThrow('the answer to its last renewal was lost');
  });

  it('say nothing when the wiki itself answered that it is read-only', async () => {
    answers = [{ answer: { outcome: 'later', reason: 'server_error', client: false } }];
    await expect(token()).rejects.toMatchObject({ details: { kind: 'later' } });
    expect(asked).toBe(1);
    expect(await row()).toMatchObject({ answer_lost_at: null, refreshing_at: null });
  });
});
