import { VisavisError } from '../platform/errors.ts';
import { refusal } from '../platform/refusals.ts';
import type { WikiAccount } from '../wiki/account.ts';
import type { OAuth } from '../wiki/oauth.ts';
import type { UserInfo } from '../wiki/userinfo.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { wikiErrorDetails } from '../wiki/wiki-error.ts';
import { assertNotBlocked, withStanding } from './accounts.ts';
import { barOf, barReason, type EligibilityRules, OPEN_TO_ALL } from './eligibility.ts';
import { siteBlockOf } from './site-blocks.ts';
import { type TokenDeps, wikiAccount } from './tokens.ts';

/** What an account may do is looked up anew after this long. */
const STANDING_LIFETIME_MS = 24 * 60 * 60_000;

export interface StandingDeps extends TokenDeps {
  readonly oauth: Pick<OAuth, 'refreshToken' | 'profile'>;
  readonly wiki: Pick<Wiki, 'userInfo'>;
  readonly rules?: EligibilityRules;
}

/**
 * Brings up to date how an account stands on the wiki with the files (blocks, edits, groups, name), when what is
 * known is a day old.
 * @returns whether the wiki was asked
 * @throws VisavisError `wiki`, kind `this_account` when the link is broken
 */
export async function refreshStanding(deps: StandingDeps, accountId: number): Promise<boolean> {
  const { store, clock, wiki, rules = OPEN_TO_ALL } = deps;
  const row = await store.db
    .selectFrom('account_profiles')
    .selectAll()
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!row) throw refusal('account-not-linked');
  const now = clock.now();
  if (row.standing_at !== null && now - row.standing_at < STANDING_LIFETIME_MS) return false;
  const info = await wiki.userInfo(wikiAccount(deps, { id: accountId, username: row.username }));
  if (info.name !== row.username) await renewName(deps, accountId);
  const current = withStanding(
    {
      username: info.name,
      blocked: row.blocked === 1,
      editCount: row.edit_count,
      groups: [],
      registeredAt: row.registered_at,
    },
    info satisfies UserInfo,
  );
  const bar = barOf(rules, current, now);
  await store.db
    .updateTable('account_profiles')
    .set({
      edit_count: current.editCount,
      user_groups: JSON.stringify(current.groups),
      registered_at: current.registeredAt,
      blocked: current.blocked ? 1 : 0,
      barred: (await siteBlockOf(store.db, accountId)) ?? (bar && barReason(bar)),
      standing_at: now,
    })
    .where('account_id', '=', accountId)
    .execute();
  return true;
}

/**
 * As `refreshStanding`, before something is done under the account's name. A wiki that cannot be asked now is no
 * reason to refuse: the edit itself will tell.
 * @throws VisavisError `forbidden` when the account may only look, `sign_in_refused` when its link is broken, `wiki`
 * when the wiki takes nothing from it
 */
export async function assertGoodStanding(deps: StandingDeps, accountId: number): Promise<void> {
  try {
    await refreshStanding(deps, accountId);
  } catch (error) {
    const details = wikiErrorDetails(error);
    if (!details) throw error;
    if (details.kind === 'this_account') throw brokenLinkIn(error) ?? error;
    deps.log?.warn(
      { account: accountId, codes: details.codes },
      'the standing of an account is not known now',
    );
  }
  await deps.store.transaction((trx) => assertNotBlocked(trx, accountId));
}

/** The wiki client wraps what the token store threw; a page wants to say how to renew the link. */
function brokenLinkIn(error: unknown): VisavisError | null {
  const cause = error instanceof Error ? error.cause : null;
  return cause instanceof VisavisError && cause.code === 'sign_in_refused' ? cause : null;
}

/**
 * Looks the account up anew by its central id and brings its name up to date (SECURITY.md, S17).
 * @returns the new name, or null when it still has the old one
 * @throws VisavisError `wiki` or `sign_in_refused`, as the token endpoint and the profile do
 */
export async function renewName(deps: StandingDeps, accountId: number): Promise<string | null> {
  const { store, oauth, log } = deps;
  const row = await store.db
    .selectFrom('account_profiles')
    .select(['central_id', 'username'])
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  if (!row) return null;
  const account: WikiAccount = wikiAccount(deps, { id: accountId, username: row.username });
  const profile = await oauth.profile(await account.accessToken());
  // Tokens of somebody else must never give their name to this account.
  if (profile.centralId !== row.central_id || profile.username === row.username) return null;
  await store.db
    .updateTable('account_profiles')
    .set({ username: profile.username })
    .where('account_id', '=', accountId)
    .execute();
  log?.info({ account: accountId }, 'an account was renamed on the wiki');
  return profile.username;
}

/**
 * A piece of work: looks up one account anew that has voted since it was looked up, when that was more than a day
 * ago, so that somebody who was blocked since votes no more. Accounts that do nothing are left in peace.
 * @returns whether there was one
 */
export async function standingStep(deps: StandingDeps): Promise<boolean> {
  const { store, clock, log } = deps;
  const before = clock.now() - STANDING_LIFETIME_MS;
  const row = await store.db
    .selectFrom('account_profiles')
    .innerJoin('account_tokens', 'account_tokens.account_id', 'account_profiles.account_id')
    .select('account_profiles.account_id')
    .where('account_tokens.broken_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb('account_profiles.standing_at', 'is', null),
        eb('account_profiles.standing_at', '<=', before),
      ]),
    )
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('votes')
          .select('votes.id')
          .whereRef('votes.account_id', '=', 'account_profiles.account_id')
          .where('votes.voted_at', '>', eb.fn.coalesce('account_profiles.standing_at', eb.lit(0))),
      ),
    )
    .orderBy('account_profiles.standing_at')
    .limit(1)
    .executeTakeFirst();
  if (!row) return false;
  try {
    return await refreshStanding(deps, row.account_id);
  } catch (error) {
    const details = wikiErrorDetails(error);
    log?.warn({ account: row.account_id, codes: details?.codes }, 'a standing could not be looked up now');
    // The wiki's trouble passes; whatever else it is would stand in the way of everybody behind.
    if (details?.kind !== 'later') {
      await store.db
        .updateTable('account_profiles')
        .set({ standing_at: clock.now() })
        .where('account_id', '=', row.account_id)
        .execute();
    }
    return false;
  }
}
