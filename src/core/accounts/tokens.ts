import { randomUUID } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { VisavisError } from '../platform/errors.ts';
import { releaseLease, takeLease } from '../store/leases.ts';
import type { Store, Trx } from '../store/store.ts';
import type { WikiAccount } from '../wiki/account.ts';
import type { OAuth, Tokens } from '../wiki/oauth.ts';
import type { Fernet } from './fernet.ts';

/** A token this near to its end is refreshed before use: a write may take minutes with its repetitions. */
const REFRESH_BEFORE_MS = 5 * 60_000;
const REFRESH_LEASE_MS = 15_000;

export interface TokenDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly fernet: Fernet;
  readonly oauth: Pick<OAuth, 'refreshToken'>;
}

/** Keeps both tokens, encrypted, and heals a broken link. */
export async function storeTokens(
  trx: Trx,
  fernet: Fernet,
  accountId: number,
  tokens: Tokens,
): Promise<void> {
  const values = {
    access_token: Buffer.from(fernet.encrypt(tokens.accessToken)),
    refresh_token: tokens.refreshToken === null ? null : Buffer.from(fernet.encrypt(tokens.refreshToken)),
    token_expires_at: tokens.expiresAt,
    broken_at: null,
    broken_reason: null,
  };
  const known = await trx
    .updateTable('account_tokens')
    .set(values)
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (known.numUpdatedRows === 0n) {
    await trx
      .insertInto('account_tokens')
      .values({ ...values, account_id: accountId })
      .execute();
  }
}

/**
 * The account as the wiki client wants it. Its tokens are read from the database each time, so that what
 * another process refreshed is used here too.
 */
export function wikiAccount(deps: TokenDeps, account: { id: number; username: string }): WikiAccount {
  return {
    name: account.username,
    async accessToken() {
      const row = await readTokens(deps, account.id);
      if (row.expiresAt - deps.clock.now() > REFRESH_BEFORE_MS) return row.accessToken;
      return refresh(deps, account.id, row.expiresAt);
    },
    async refresh() {
      const row = await readTokens(deps, account.id);
      return refresh(deps, account.id, row.expiresAt);
    },
  };
}

/**
 * Refreshes once, however many ask: whoever holds the lease asks the wiki, the others wait and read what came.
 * The wiki takes a refresh token once, so two refreshes at a time would sign the person out.
 *
 * @param seenExpiry `token_expires_at` of the tokens that were found wanting (compare-and-set)
 */
async function refresh(deps: TokenDeps, accountId: number, seenExpiry: number): Promise<string> {
  const { store, clock } = deps;
  const until = clock.now() + 2 * REFRESH_LEASE_MS;
  for (;;) {
    const lease = await takeLease(store, {
      name: `refresh ${accountId}`,
      owner: randomUUID(),
      now: clock.now(),
      ttl: REFRESH_LEASE_MS,
    });
    const row = await readTokens(deps, accountId);
    if (row.expiresAt !== seenExpiry) {
      if (lease) await releaseLease(store, lease);
      return row.accessToken;
    }
    if (lease) {
      try {
        return await refreshNow(deps, accountId, row);
      } finally {
        await releaseLease(store, lease);
      }
    }
    if (clock.now() > until) throw later('somebody else has been refreshing it for too long');
    await clock.sleep(100);
  }
}

async function refreshNow(deps: TokenDeps, accountId: number, row: ReadTokens): Promise<string> {
  const { store, fernet, oauth } = deps;
  if (row.refreshToken === null)
    throw await breakLink(deps, accountId, row.expiresAt, 'the wiki gave no refresh token');
  const answer = await oauth.refreshToken(row.refreshToken);
  if (answer.outcome === 'later') throw later(answer.reason);
  if (answer.outcome === 'refused') {
    await breakLink(deps, accountId, row.expiresAt, answer.reason);
    // Throws, unless there are newer tokens by now: then the refusal was about tokens of the past.
    return (await readTokens(deps, accountId)).accessToken;
  }
  const { tokens } = answer;
  await store.transaction(async (trx) => {
    const current = await trx
      .selectFrom('account_tokens')
      .select('token_expires_at')
      .where('account_id', '=', accountId)
      .executeTakeFirst();
    // Signed in again meanwhile: those tokens are newer than ours.
    if (current?.token_expires_at !== row.expiresAt) return;
    // The expiry is what tells two generations of tokens apart, so it must differ.
    const expiresAt = tokens.expiresAt === row.expiresAt ? tokens.expiresAt + 1 : tokens.expiresAt;
    await storeTokens(trx, fernet, accountId, {
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken ?? row.refreshToken,
      expiresAt,
    });
  });
  return (await readTokens(deps, accountId)).accessToken;
}

interface ReadTokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly expiresAt: number;
}

async function readTokens({ store, fernet }: TokenDeps, accountId: number): Promise<ReadTokens> {
  const row = await store.db
    .selectFrom('account_tokens')
    .selectAll()
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!row) throw new VisavisError('not_signed_in', 'This account is not linked any more; sign in again.');
  if (row.broken_at !== null) throw signInAgain(row.broken_reason ?? '');
  return {
    accessToken: fernet.decrypt(Buffer.from(row.access_token).toString()),
    refreshToken:
      row.refresh_token === null ? null : fernet.decrypt(Buffer.from(row.refresh_token).toString()),
    expiresAt: row.token_expires_at,
  };
}

async function breakLink(
  { store, clock }: TokenDeps,
  accountId: number,
  seenExpiry: number,
  reason: string,
): Promise<VisavisError> {
  await store.db
    .updateTable('account_tokens')
    .set({ broken_at: clock.now(), broken_reason: reason })
    .where('account_id', '=', accountId)
    .where('token_expires_at', '=', seenExpiry)
    .execute();
  return signInAgain(reason);
}

function signInAgain(reason: string): VisavisError {
  return new VisavisError(
    'sign_in_refused',
    `The wiki no longer accepts this account's link (${reason}). Sign in again on the web site to renew it.`,
  );
}

function later(reason: string): VisavisError {
  return new VisavisError('wiki', `The access token could not be renewed now: ${reason}`, {
    details: { kind: 'later', codes: ['REFRESH_LATER'], statement: 'not_sent' },
  });
}
