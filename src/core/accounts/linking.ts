import { createHash, randomBytes } from 'node:crypto';
import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import { refusal } from '../platform/refusals.ts';
import { forUpdate, isDuplicate, type Store } from '../store/store.ts';
import { assertNotBlocked } from './accounts.ts';

/** How long a one-time link from the chat is good. */
export const LINK_LIFETIME_MS = 10 * 60_000;

export interface LinkDeps {
  readonly store: Store;
  readonly clock: Clock;
}

export interface ChatIdentity {
  readonly platform: string;
  readonly externalId: string;
  readonly displayName: string;
}

/**
 * A one-time link for a chat identity. Only its hash is kept.
 * @returns the token that goes into the address
 */
export async function startLink({ store, clock }: LinkDeps, identity: ChatIdentity): Promise<string> {
  const token = randomBytes(24).toString('base64url');
  const now = clock.now();
  await store.db
    .insertInto('link_requests')
    .values({
      token_hash: hashToken(token),
      platform: identity.platform,
      external_id: identity.externalId,
      display_name: identity.displayName.slice(0, 255),
      created_at: now,
      expires_at: now + LINK_LIFETIME_MS,
      used_at: null,
      account_id: null,
      told_at: null,
    })
    .execute();
  return token;
}

/** What the confirmation page shows; null for a link that never was. */
export async function findLinkRequest(
  { store, clock }: LinkDeps,
  token: string,
): Promise<{ platform: string; displayName: string; state: 'open' | 'used' | 'expired' } | null> {
  const row = await store.db
    .selectFrom('link_requests')
    .selectAll()
    .where('token_hash', '=', hashToken(token))
    .executeTakeFirst();
  if (!row) return null;
  const state = row.used_at !== null ? 'used' : row.expires_at <= clock.now() ? 'expired' : 'open';
  return { platform: row.platform, displayName: row.display_name, state };
}

/**
 * Links the chat identity to the account, after the person has confirmed on our own page.
 * @throws VisavisError `link_expired`, `not_found`, `forbidden` (blocked), `conflict` (linked to another account)
 */
export async function confirmLink(
  deps: LinkDeps,
  token: string,
  accountId: number,
): Promise<{ platform: string; displayName: string }> {
  try {
    return await linkNow(deps, token, accountId);
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    // Another link of this chat user was confirmed at the same moment; now we see whose it was.
    return linkNow(deps, token, accountId);
  }
}

async function linkNow({ store, clock }: LinkDeps, token: string, accountId: number) {
  return store.transaction(async (trx) => {
    const now = clock.now();
    const row = await forUpdate(
      store,
      trx.selectFrom('link_requests').selectAll().where('token_hash', '=', hashToken(token)),
    ).executeTakeFirst();
    if (!row) throw refusal('link-unknown');
    if (row.used_at !== null || row.expires_at <= now) {
      throw refusal('link-over');
    }
    await assertNotBlocked(trx, accountId);
    const linked = await forUpdate(
      store,
      trx
        .selectFrom('identities')
        .select('account_id')
        .where('platform', '=', row.platform)
        .where('external_id', '=', row.external_id),
    ).executeTakeFirst();
    if (linked && linked.account_id !== accountId) {
      throw refusal('chat-name-taken');
    }
    if (!linked) {
      await trx
        .insertInto('identities')
        .values({
          account_id: accountId,
          platform: row.platform,
          external_id: row.external_id,
          display_name: row.display_name,
          linked_at: now,
        })
        .execute();
      await audit(store, trx, { at: now, accountId, action: 'identity linked', subject: row.platform });
    }
    await trx
      .updateTable('link_requests')
      .set({ used_at: now, account_id: accountId })
      .where('token_hash', '=', row.token_hash)
      .execute();
    return { platform: row.platform, displayName: row.display_name };
  });
}

/** Links that were confirmed and whose person has not been told in the chat; each is given out once. */
export async function takeConfirmedLinks(
  { store, clock }: LinkDeps,
  platform: string,
): Promise<{ externalId: string; username: string }[]> {
  return store.transaction(async (trx) => {
    const rows = await forUpdate(
      store,
      trx
        .selectFrom('link_requests')
        .select(['token_hash', 'external_id', 'account_id'])
        .where('platform', '=', platform)
        .where('account_id', 'is not', null)
        .where('told_at', 'is', null),
    ).execute();
    const told: { externalId: string; username: string }[] = [];
    for (const row of rows) {
      await trx
        .updateTable('link_requests')
        .set({ told_at: clock.now() })
        .where('token_hash', '=', row.token_hash)
        .execute();
      const profile = await trx
        .selectFrom('account_profiles')
        .select('username')
        .where('account_id', '=', row.account_id ?? 0)
        .executeTakeFirst();
      if (profile) told.push({ externalId: row.external_id, username: profile.username });
    }
    return told;
  });
}

/** The account behind a chat user, or null. `blocked`: on the wiki or here, so that it may look, no more. */
export async function accountOfIdentity(
  store: Store,
  platform: string,
  externalId: string,
): Promise<{ id: number; username: string; blocked: boolean } | null> {
  const row = await store.db
    .selectFrom('identities')
    .innerJoin('account_profiles', 'account_profiles.account_id', 'identities.account_id')
    .select(['identities.account_id', 'username', 'blocked', 'barred'])
    .where('identities.platform', '=', platform)
    .where('identities.external_id', '=', externalId)
    .executeTakeFirst();
  if (!row) return null;
  const blocked = row.blocked === 1 || row.barred !== null;
  return { id: row.account_id, username: row.username, blocked };
}

export async function identitiesOf(
  store: Store,
  accountId: number,
): Promise<{ id: number; platform: string; displayName: string; linkedAt: number }[]> {
  const rows = await store.db
    .selectFrom('identities')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    platform: row.platform,
    displayName: row.display_name,
    linkedAt: row.linked_at,
  }));
}

/** Votes belong to the account, so unlinking changes none of them. */
export async function unlinkIdentity(
  { store, clock }: LinkDeps,
  accountId: number,
  identityId: number,
): Promise<void> {
  await store.transaction(async (trx) => {
    const result = await trx
      .deleteFrom('identities')
      .where('id', '=', identityId)
      .where('account_id', '=', accountId)
      .executeTakeFirst();
    if (result.numDeletedRows === 0n) throw refusal('chat-name-not-yours');
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'identity unlinked',
      subject: String(identityId),
    });
  });
}

/** Removes the link of a chat user; false when there was none. */
export async function unlinkChatUser(deps: LinkDeps, platform: string, externalId: string): Promise<boolean> {
  const row = await deps.store.db
    .selectFrom('identities')
    .select(['id', 'account_id'])
    .where('platform', '=', platform)
    .where('external_id', '=', externalId)
    .executeTakeFirst();
  if (!row) return false;
  await unlinkIdentity(deps, row.account_id, row.id);
  return true;
}

function hashToken(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}
