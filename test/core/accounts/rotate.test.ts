import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createFernet, type Fernet } from '../../../src/core/accounts/fernet.ts';
import { rotateTokens, tokenStatus } from '../../../src/core/accounts/rotate.ts';
import { storeTokens, wikiAccount } from '../../../src/core/accounts/tokens.ts';
import { systemClock } from '../../../src/core/platform/clock.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';

const [OLD, NEW, LOST] = [1, 2, 3].map((n) => Buffer.alloc(32, n).toString('base64')) as [
  string,
  string,
  string,
];
const fernet = (...keys: string[]): Fernet => createFernet(keys, systemClock, randomBytes);
const EXPIRES = Date.UTC(2999, 0, 1);

describe.each(engines())('stored tokens on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(() => store.db.deleteFrom('account_tokens').execute());

  async function keep(under: Fernet, refreshToken: string | null = 'refresh-1'): Promise<number> {
    const id = await addAccount(store);
    const tokens = { accessToken: `access of ${id}`, refreshToken, expiresAt: EXPIRES };
    await store.transaction((trx) => storeTokens(trx, under, id, tokens));
    return id;
  }
  /** As an import leaves them. */
  async function keepPlain(scheme: 'plain' | 'fernet' = 'plain'): Promise<number> {
    const id = await addAccount(store);
    await store.db
      .insertInto('account_tokens')
      .values({
        account_id: id,
        access_token: Buffer.from(`access of ${id}`),
        refresh_token: Buffer.from('refresh-plain'),
        token_expires_at: EXPIRES,
        broken_at: null,
        broken_reason: null,
        scheme,
      })
      .execute();
    return id;
  }
  const asked: string[] = [];
  const asUser = (id: number, with_: Fernet) =>
    wikiAccount(
      {
        store,
        clock: systemClock,
        fernet: with_,
        oauth: {
          refreshToken: async (token) => {
            asked.push(token);
            return {
              outcome: 'ok',
              tokens: { accessToken: 'fresh', refreshToken: 'fresh too', expiresAt: EXPIRES + 1 },
            };
          },
        },
      },
      { id, username: 'somebody' },
    );
  const row = (id: number) =>
    store.db.selectFrom('account_tokens').selectAll().where('account_id', '=', id).executeTakeFirstOrThrow();

  it('are rotated to the first key, after which the old one can go', async () => {
    const ids = [await keep(fernet(OLD)), await keep(fernet(OLD), null), await keep(fernet(NEW))];
    const both = fernet(NEW, OLD);
    expect(await tokenStatus({ store, fernet: both }, 2)).toEqual({
      rows: 3,
      underKey: [1, 2],
      legacy: 0,
      unreadable: 0,
      broken: 0,
    });
    expect(await rotateTokens({ store, fernet: both })).toEqual({
      rotated: 2,
      encrypted: 0,
      current: 1,
      unreadable: 0,
    });
    expect(await tokenStatus({ store, fernet: both }, 2)).toMatchObject({ underKey: [3, 0] });
    for (const id of ids) expect(await asUser(id, fernet(NEW)).accessToken()).toBe(`access of ${id}`);
    expect((await row(ids[1] ?? 0)).refresh_token).toBeNull();
  });

  it('goes on where it was broken off, and a second time does nothing', async () => {
    for (let i = 0; i < 250; i++) await keep(fernet(OLD));
    const both = fernet(NEW, OLD);
    const stop = new Error('killed');
    const broken = rotateTokens({ store, fernet: both }, () => {
      throw stop;
    });
    await expect(broken).rejects.toBe(stop);
    expect((await tokenStatus({ store, fernet: both }, 2)).underKey).toEqual([100, 150]);
    const batches: number[] = [];
    const counts = await rotateTokens({ store, fernet: both }, ({ rotated }) => batches.push(rotated));
    expect(counts).toMatchObject({ rotated: 150, current: 100 });
    expect(batches).toEqual([0, 100, 150]);
    expect(await rotateTokens({ store, fernet: both })).toMatchObject({ rotated: 0, current: 250 });
  });

  it('leaves what no key opens as it is, and says so', async () => {
    const id = await keep(fernet(LOST));
    const before = await row(id);
    const counts = await rotateTokens({ store, fernet: fernet(NEW, OLD) });
    expect(counts).toEqual({ rotated: 0, encrypted: 0, current: 0, unreadable: 1 });
    expect(await row(id)).toEqual(before);
    expect(await tokenStatus({ store, fernet: fernet(NEW, OLD) }, 2)).toMatchObject({ unreadable: 1 });
  });

  it('reads legacy plain text that an import marked, and encrypts it at the next refresh', async () => {
    const id = await keepPlain();
    expect(await tokenStatus({ store, fernet: fernet(NEW) }, 1)).toMatchObject({ legacy: 1, underKey: [0] });
    expect(await asUser(id, fernet(NEW)).accessToken()).toBe(`access of ${id}`);
    expect(await row(id)).toMatchObject({ scheme: 'plain' });
    expect(await asUser(id, fernet(NEW)).refresh()).toBe('fresh');
    expect(asked.pop()).toBe('refresh-plain');
    const after = await row(id);
    expect(after.scheme).toBe('fernet');
    expect(Buffer.from(after.access_token).toString()).toMatch(/^gAAAA/);
    expect(Buffer.from(after.refresh_token ?? []).toString()).toMatch(/^gAAAA/);
  });

  it('encrypts legacy plain text in a rotation', async () => {
    const id = await keepPlain();
    expect(await rotateTokens({ store, fernet: fernet(NEW) })).toMatchObject({ encrypted: 1, rotated: 0 });
    expect(Buffer.from((await row(id)).access_token).toString()).toMatch(/^gAAAA/);
    expect(await asUser(id, fernet(NEW)).accessToken()).toBe(`access of ${id}`);
  });

  it('never takes plain text that nobody marked, nor marks from elsewhere', async () => {
    const id = await keepPlain('fernet');
    await expect(asUser(id, fernet(NEW)).accessToken()).rejects.toMatchObject({ code: 'configuration' });
    await expect(asUser(id, fernet(NEW)).refresh()).rejects.toMatchObject({ code: 'configuration' });
    await store.db
      .updateTable('account_tokens')
      .set({ scheme: 'PLAIN' as 'plain' })
      .where('account_id', '=', id)
      .execute();
    await expect(asUser(id, fernet(NEW)).accessToken()).rejects.toMatchObject({ code: 'configuration' });
    expect(asked).toEqual([]);
    expect(await row(id)).toMatchObject({ broken_at: null });
  });

  it('counts broken links', async () => {
    const id = await keep(fernet(NEW));
    await store.db.updateTable('account_tokens').set({ broken_at: 1 }).where('account_id', '=', id).execute();
    expect(await tokenStatus({ store, fernet: fernet(NEW) }, 1)).toMatchObject({ rows: 1, broken: 1 });
  });
});
