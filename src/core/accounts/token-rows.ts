import type { Clock } from '../platform/clock.ts';
import { VisavisError } from '../platform/errors.ts';
import { readReason } from '../platform/reasons.ts';
import { refusal } from '../platform/refusals.ts';
import type { AccountTokensTable } from '../store/schema.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Tokens } from '../wiki/oauth.ts';
import type { Fernet } from './fernet.ts';

/** The tokens of an account as they stand in the database, readable. */
export interface TokenRow {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  /** Tells two generations of tokens apart: every write of new tokens compares it. */
  readonly expiresAt: number;
  /** A renewal before this one ended without an answer that we saw. */
  readonly answerLost: boolean;
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
    scheme: 'fernet' as const,
    token_expires_at: tokens.expiresAt,
    broken_at: null,
    broken_reason: null,
    refreshing_at: null,
    answer_lost_at: null,
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
 * @throws VisavisError `not_signed_in` without tokens, `sign_in_refused` when the link is broken, `configuration`
 * for tokens that no key opens
 */
export async function readTokens(
  { store, fernet }: { store: Store; fernet: Fernet },
  accountId: number,
): Promise<TokenRow> {
  const row = await store.db
    .selectFrom('account_tokens')
    .selectAll()
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!row) throw refusal('account-not-linked');
  if (row.broken_at !== null) throw linkBroken(row.broken_reason ?? '');
  return {
    accessToken: readToken(fernet, row.scheme, row.access_token),
    refreshToken: row.refresh_token === null ? null : readToken(fernet, row.scheme, row.refresh_token),
    expiresAt: row.token_expires_at,
    answerLost: row.answer_lost_at !== null || row.refreshing_at !== null,
  };
}

/** Only what an import marked is read as it stands. Everything else must decrypt: a guess is never made. */
export function readToken(
  fernet: Pick<Fernet, 'decrypt'>,
  scheme: AccountTokensTable['scheme']['__select__'],
  bytes: Uint8Array,
): string {
  const text = Buffer.from(bytes).toString();
  return scheme === 'plain' ? text : fernet.decrypt(text);
}

/**
 * Says in the row that these tokens are being renewed, so that nobody else asks the wiki for them even when the
 * locks fail. A claim runs out like a lock.
 * @returns false when the tokens are not these any more, or somebody else renews them
 */
export async function claimRenewal(
  { store, clock }: { store: Store; clock: Clock },
  accountId: number,
  seenExpiry: number,
  ttlMs: number,
): Promise<boolean> {
  const now = clock.now();
  const result = await store.db
    .updateTable('account_tokens')
    .set({ refreshing_at: now })
    .where('account_id', '=', accountId)
    .where('token_expires_at', '=', seenExpiry)
    .where('broken_at', 'is', null)
    .where((eb) => eb.or([eb('refreshing_at', 'is', null), eb('refreshing_at', '<=', now - ttlMs)]))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** The renewal came to nothing. With `answerLost` nobody knows whether the wiki took the refresh token. */
export async function endRenewal(
  { store, clock }: { store: Store; clock: Clock },
  accountId: number,
  seenExpiry: number,
  answerLost: boolean,
): Promise<void> {
  await store.db
    .updateTable('account_tokens')
    .set({ refreshing_at: null, ...(answerLost ? { answer_lost_at: clock.now() } : {}) })
    .where('account_id', '=', accountId)
    .where('token_expires_at', '=', seenExpiry)
    .execute();
}

/**
 * Puts new tokens over those with `seenExpiry`, and over no others: whoever signed in meanwhile has newer ones.
 */
export async function replaceTokens(
  { store, fernet }: { store: Store; fernet: Fernet },
  accountId: number,
  seenExpiry: number,
  tokens: Tokens,
): Promise<void> {
  await store.transaction(async (trx) => {
    const current = await trx
      .selectFrom('account_tokens')
      .select('token_expires_at')
      .where('account_id', '=', accountId)
      .executeTakeFirst();
    if (current?.token_expires_at !== seenExpiry) return;
    const expiresAt = tokens.expiresAt === seenExpiry ? tokens.expiresAt + 1 : tokens.expiresAt;
    await storeTokens(trx, fernet, accountId, { ...tokens, expiresAt });
  });
}

/** Notes that the wiki refused these tokens, unless there are newer ones by now. */
export async function breakLink(
  { store, clock }: { store: Store; clock: Clock },
  accountId: number,
  seenExpiry: number,
  reason: string,
): Promise<void> {
  await store.db
    .updateTable('account_tokens')
    .set({ broken_at: clock.now(), broken_reason: reason, refreshing_at: null })
    .where('account_id', '=', accountId)
    .where('token_expires_at', '=', seenExpiry)
    .execute();
}

/** @param kept the wiki's code, or a reason that says more (`reasons.ts`) */
function linkBroken(kept: string): VisavisError {
  const details = { reason: 'link_broken' };
  const { text, say } = readReason(kept);
  return say
    ? new VisavisError('sign_in_refused', text, { details, say })
    : refusal('link-refused', [text], { details });
}
