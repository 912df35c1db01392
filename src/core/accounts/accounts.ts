import { createHmac } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { assertWritable } from '../platform/read-only.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Tokens } from '../wiki/oauth.ts';
import type { Profile } from '../wiki/oauth-profile.ts';
import type { UserInfo } from '../wiki/userinfo.ts';
import { grantAdmin } from './admins.ts';
import { barOf, barReason, type EligibilityRules, OPEN_TO_ALL } from './eligibility.ts';
import type { Fernet } from './fernet.ts';
import { assertInGoodStanding } from './good-standing.ts';
import { siteBlockOf } from './site-blocks.ts';
import { storeTokens } from './tokens.ts';

export interface Account {
  readonly id: number;
  readonly username: string;
  readonly blocked: boolean;
  /** Why it may look, no more, for another reason (`platform/reasons.ts`): a rule of the operator, or a block here. */
  readonly barred: string | null;
  readonly language: string | null;
}

export interface AccountDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** VISAVIS_SECRET: keys the hash of central ids. */
  readonly secret: string;
  readonly fernet: Fernet;
  /** Who may take part; everybody when nothing is given. */
  readonly rules?: EligibilityRules;
  /** VISAVIS_ADMINS; nobody gets the right when nothing is given. */
  readonly admins?: readonly string[];
}

/** How an account stands on the wiki with the files; the profile tells that of the wiki with the OAuth endpoints. */
export type Standing = Pick<UserInfo, 'blocked' | 'editCount' | 'groups' | 'registeredAt'>;

/**
 * The account of somebody who has just signed in at the wiki, made when it is new. Accounts are known by the
 * central id, never by name: a renamed account is the same one, and its name is brought up to date.
 */
export async function signIn(
  deps: AccountDeps,
  { profile, tokens, standing }: { profile: Profile; tokens: Tokens; standing?: Standing | null },
): Promise<Account> {
  const { store, clock, secret, fernet, rules, admins = [] } = deps;
  const now = clock.now();
  return store.transaction(async (trx) => {
    const account = await keepAccount(store, trx, {
      secret,
      now,
      profile,
      standing: standing ?? null,
      ...(rules ? { rules } : {}),
    });
    await storeTokens(trx, fernet, account.id, tokens);
    await grantAdmin(trx, admins, account, now);
    return account;
  });
}

/**
 * The account of a central id with its profile brought up to date, without tokens. Where the standing is not known
 * the profile's word is taken, but it takes no block back that the wiki with the files told of.
 */
export async function keepAccount(
  store: Store,
  trx: Trx,
  {
    secret,
    now,
    profile,
    standing = null,
    rules = OPEN_TO_ALL,
  }: {
    secret: string;
    now: number;
    profile: Omit<Profile, 'grants'>;
    standing?: Standing | null;
    rules?: EligibilityRules;
  },
): Promise<Account> {
  const id = await accountByHash(store, trx, hashCentralId(secret, profile.centralId), now);
  const known = await trx
    .selectFrom('account_profiles')
    .select(['language', 'blocked', 'standing_at'])
    .where('account_id', '=', id)
    .executeTakeFirst();
  const current = withStanding(profile, standing);
  const blocked = current.blocked || (standing === null && known?.standing_at != null && known.blocked === 1);
  const bar = barOf(rules, current, now);
  const barred = (await siteBlockOf(trx, id)) ?? (bar && barReason(bar));
  const values = {
    central_id: profile.centralId,
    username: profile.username,
    edit_count: current.editCount,
    user_groups: JSON.stringify(current.groups),
    registered_at: current.registeredAt,
    blocked: blocked ? (1 as const) : (0 as const),
    barred,
    seen_at: now,
    ...(standing ? { standing_at: now } : {}),
  };
  if (known) await trx.updateTable('account_profiles').set(values).where('account_id', '=', id).execute();
  else
    await trx
      .insertInto('account_profiles')
      .values({ ...values, account_id: id, language: null })
      .execute();
  return { id, username: profile.username, blocked, barred, language: known?.language ?? null };
}

/** The profile with what the wiki with the files says; an account is as old as its oldest registration. */
export function withStanding<P extends Standing>(profile: P, standing: Standing | null): P {
  if (!standing) return profile;
  const times = [profile.registeredAt, standing.registeredAt].filter((time) => time !== null);
  const { blocked, editCount, groups } = standing;
  return { ...profile, blocked, editCount, groups, registeredAt: times.length ? Math.min(...times) : null };
}

/** null when there is no such account, or it was forgotten. */
export async function accountById(store: Store, id: number): Promise<Account | null> {
  const row = await store.db
    .selectFrom('account_profiles')
    .select(['username', 'blocked', 'barred', 'language'])
    .where('account_id', '=', id)
    .executeTakeFirst();
  if (!row) return null;
  const { username, barred, language } = row;
  return { id, username, blocked: row.blocked === 1, barred, language };
}

/**
 * Inside the transaction that changes something: whether the account may take part.
 * @throws VisavisError `forbidden` when it is blocked on the wiki or does not meet the operator's rules, `read_only`
 * while nobody may: it may look
 */
export async function assertNotBlocked(trx: Trx, accountId: number): Promise<void> {
  await assertWritable(trx);
  await assertInGoodStanding(trx, accountId);
}

/** Keyed, so that a copy of the database alone does not tell whose votes these are. */
export function hashCentralId(secret: string, centralId: string): Uint8Array {
  return createHmac('sha256', secret).update(`central id ${centralId}`).digest();
}

async function accountByHash(store: Store, trx: Trx, centralHash: Uint8Array, now: number): Promise<number> {
  const insert = trx
    .insertInto('accounts')
    .values({ central_hash: centralHash, created_at: now, forgotten_at: null });
  // One statement, because the same person may sign in for the first time in two browsers at once.
  const account = await (store.kind === 'mariadb'
    ? insert.onDuplicateKeyUpdate({ forgotten_at: null })
    : insert.onConflict((conflict) => conflict.column('central_hash').doUpdateSet({ forgotten_at: null }))
  )
    .returning('id')
    .executeTakeFirstOrThrow();
  return account.id;
}
