import { hashCentralId, keepAccount } from '../accounts/accounts.ts';
import type { Fernet } from '../accounts/fernet.ts';
import { storeTokens } from '../accounts/tokens.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Known } from './known.ts';
import type { Tally } from './report.ts';
import type { UserRow } from './rows.ts';

export interface PeopleDeps {
  readonly store: Store;
  /** VISAVIS_SECRET. */
  readonly secret: string;
  readonly fernet: Fernet;
  /** Of the old tool's own key; null: none was given. */
  readonly oldFernet: Pick<Fernet, 'decrypt'> | null;
  readonly withTokens: boolean;
  readonly now: number;
}

/** Users become accounts by their central id. Who has signed in here already stays as they are. */
export async function takeUsers(
  deps: PeopleDeps,
  trx: Trx,
  known: Known,
  users: readonly UserRow[],
  tally: Tally,
): Promise<void> {
  for (const user of users) {
    let accountId = await known.get('user', user.id);
    if (accountId === null) {
      accountId = await takeUser(deps, trx, user, tally);
      await known.keep('user', user.id, accountId);
      if (user.leaderboard_opt_out) tally.leftOut('settings', 'the wish to be hidden on the leaderboard');
    } else tally.hadBefore('users');
    if ((await known.get('token', user.id)) !== null) tally.hadBefore('tokens');
    else if (await takeTokens(deps, trx, accountId, user, tally))
      await known.keep('token', user.id, accountId);
  }
}

async function takeUser(deps: PeopleDeps, trx: Trx, user: UserRow, tally: Tally): Promise<number> {
  const { store, secret, now } = deps;
  const centralId = String(user.wiki_user_id);
  const account = await trx
    .selectFrom('accounts')
    .leftJoin('account_profiles', 'account_profiles.account_id', 'accounts.id')
    .select(['accounts.id', 'accounts.forgotten_at', 'account_profiles.account_id'])
    .where('central_hash', '=', hashCentralId(secret, centralId))
    .executeTakeFirst();
  if (account && account.forgotten_at !== null) {
    tally.leftOut('users', 'asked to be forgotten here; their answers stay without a name');
    return account.id;
  }
  if (account?.account_id != null) {
    tally.took('users who have an account here');
    return account.id;
  }
  tally.took('users');
  const profile = {
    centralId,
    username: user.wiki_username,
    // The next sign-in tells.
    editCount: 0,
    groups: [],
    registeredAt: null,
    blocked: false,
  };
  return (await keepAccount(store, trx, { secret, now, profile })).id;
}

/** Fernet tokens begin with the version byte 0x80 and four bytes of a time before 2106. */
const LOOKS_LIKE_FERNET = /^gAAAA/;

async function takeTokens(
  deps: PeopleDeps,
  trx: Trx,
  accountId: number,
  user: UserRow,
  tally: Tally,
): Promise<boolean> {
  const leaveOut = (reason: string) => {
    tally.leftOut('tokens', reason);
    return false;
  };
  if (!user.access_token?.length || user.token_expires_at == null) return false;
  if (!deps.withTokens) return leaveOut('not asked for');
  const profile = await trx
    .selectFrom('account_profiles')
    .leftJoin('account_tokens', 'account_tokens.account_id', 'account_profiles.account_id')
    .select('account_tokens.account_id')
    .where('account_profiles.account_id', '=', accountId)
    .executeTakeFirst();
  if (!profile) return leaveOut('of somebody who asked to be forgotten');
  if (profile.account_id !== null) return leaveOut('the account has newer ones here');
  const access = Buffer.from(user.access_token).toString();
  const refresh = user.refresh_token?.length ? Buffer.from(user.refresh_token).toString() : null;
  const expiresAt = user.token_expires_at;
  if (!LOOKS_LIKE_FERNET.test(access)) {
    await trx
      .insertInto('account_tokens')
      .values({
        account_id: accountId,
        access_token: Buffer.from(access),
        refresh_token: refresh === null ? null : Buffer.from(refresh),
        // Readable until they are refreshed for the first time, which encrypts them.
        scheme: 'plain',
        token_expires_at: expiresAt,
        broken_at: null,
        broken_reason: null,
      })
      .execute();
    tally.took('tokens (plain text until their next refresh)');
    return true;
  }
  if (!deps.oldFernet) return leaveOut('encrypted; give the old tool’s key with --old-key');
  try {
    await storeTokens(trx, deps.fernet, accountId, {
      accessToken: deps.oldFernet.decrypt(access),
      refreshToken: refresh === null ? null : deps.oldFernet.decrypt(refresh),
      expiresAt,
    });
  } catch {
    return leaveOut('the old key does not open them');
  }
  tally.took('tokens');
  return true;
}
