import type { Clock } from '../platform/clock.ts';
import { VisavisError } from '../platform/errors.ts';
import { databaseLocks, type Locks } from '../platform/locks.ts';
import type { Log } from '../platform/log.ts';
import { reasonOf } from '../platform/reasons.ts';
import { refusal } from '../platform/refusals.ts';
import type { Store } from '../store/store.ts';
import type { WikiAccount } from '../wiki/account.ts';
import type { OAuth, RefreshOutcome } from '../wiki/oauth.ts';
import type { Fernet } from './fernet.ts';
import {
  breakLink,
  claimRenewal,
  endRenewal,
  readTokens,
  replaceTokens,
  type TokenRow,
} from './token-rows.ts';

export { storeTokens } from './token-rows.ts';

/** A token this near to its end is refreshed before use: a write may take minutes with its repetitions. */
const REFRESH_BEFORE_MS = 5 * 60_000;
/** Longer than one request for new tokens (10 s), so that who holds the lock has its answer in time. */
const REFRESH_LOCK_MS = 15_000;
/** A request that failed sooner leaves time for a second one under the same lock. */
const TIME_FOR_ANOTHER_MS = 4_000;

export interface TokenDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly fernet: Fernet;
  readonly oauth: Pick<OAuth, 'refreshToken'>;
  /** Leases in the database when nothing is given. */
  readonly locks?: Locks;
  readonly log?: Log;
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

/** Refreshes under way in this process, by store and account: who comes later gets the same answer. */
const underWay = new WeakMap<Store, Map<number, Promise<string>>>();

function refresh(deps: TokenDeps, accountId: number, seenExpiry: number): Promise<string> {
  const ours = underWay.get(deps.store) ?? new Map<number, Promise<string>>();
  underWay.set(deps.store, ours);
  const known = ours.get(accountId);
  if (known) return known;
  const work = refreshOnce(deps, accountId, seenExpiry).finally(() => ours.delete(accountId));
  ours.set(accountId, work);
  return work;
}

/**
 * Refreshes once, however many processes ask: whoever holds the lock asks the wiki, the others wait and read what
 * came. The wiki takes a refresh token once, so two refreshes at a time would sign the person out. Should two
 * hold a lock (Redis went away between them), the claim on the row lets one of them through.
 *
 * @param seenExpiry `token_expires_at` of the tokens that were found wanting (compare-and-set)
 */
async function refreshOnce(deps: TokenDeps, accountId: number, seenExpiry: number): Promise<string> {
  const { clock, locks = databaseLocks(deps) } = deps;
  const until = clock.now() + 2 * REFRESH_LOCK_MS;
  for (;;) {
    const lock = await locks.take(`refresh ${accountId}`, REFRESH_LOCK_MS);
    try {
      const row = await readTokens(deps, accountId);
      if (row.expiresAt !== seenExpiry) return row.accessToken;
      if (lock && (await claimRenewal(deps, accountId, seenExpiry, REFRESH_LOCK_MS)))
        return await refreshNow(deps, accountId, row);
    } finally {
      await lock?.release();
    }
    if (clock.now() > until) throw later('somebody else has been refreshing it for too long');
    await clock.sleep(100);
  }
}

async function refreshNow(deps: TokenDeps, accountId: number, row: TokenRow): Promise<string> {
  const { log } = deps;
  if (row.refreshToken === null) {
    await breakLink(deps, accountId, row.expiresAt, reasonOf(refusal('link-without-renewal')));
    return (await readTokens(deps, accountId)).accessToken;
  }
  const { answer, answerLost } = await askTwice(deps, row, row.refreshToken);
  if (answer.outcome === 'later') {
    await endRenewal(deps, accountId, row.expiresAt, mayHaveBeenTaken(answer));
    if (!answer.client) throw later(answer.reason);
    log?.error({ account: accountId, reason: answer.reason }, 'the wiki does not accept our OAuth client');
    throw later(
      `the wiki does not accept this installation's OAuth client (${answer.reason}); its operator has to look at it`,
    );
  }
  if (answer.outcome === 'refused') {
    const { reason } = answer;
    const why = answerLost ? reasonOf(refusal('link-lost', [reason])) : reason;
    await breakLink(deps, accountId, row.expiresAt, why);
    log?.warn({ account: accountId, reason, answerLost }, 'the link of an account is broken');
  } else {
    const refreshToken = answer.tokens.refreshToken ?? row.refreshToken;
    await replaceTokens(deps, accountId, row.expiresAt, { ...answer.tokens, refreshToken });
  }
  // Throws when the link is broken, unless somebody signed in meanwhile: then the refusal was about the past.
  return (await readTokens(deps, accountId)).accessToken;
}

/**
 * The wiki takes an old refresh token again for a while (OAuth2RefreshTokenGracePeriod, 600 s), for those who never
 * saw the new one. So a request whose answer was lost is repeated once.
 */
async function askTwice(
  { oauth, clock }: TokenDeps,
  row: TokenRow,
  refreshToken: string,
): Promise<{ answer: RefreshOutcome; answerLost: boolean }> {
  const begun = clock.now();
  const first = await oauth.refreshToken(refreshToken);
  const lost = first.outcome === 'later' && first.reason === 'network';
  if (!lost || clock.now() - begun > TIME_FOR_ANOTHER_MS)
    return { answer: first, answerLost: row.answerLost || lost };
  return { answer: await oauth.refreshToken(refreshToken), answerLost: true };
}

/** Without an answer of the OAuth endpoint itself nobody knows how far the request came. */
function mayHaveBeenTaken({ reason, client }: Extract<RefreshOutcome, { outcome: 'later' }>): boolean {
  return !client && /^(network|unexpected|http_\d+)$/.test(reason);
}

function later(reason: string): VisavisError {
  return new VisavisError('wiki', `The access token could not be renewed now: ${reason}`, {
    details: { kind: 'later', codes: ['REFRESH_LATER'], statement: 'not_sent' },
    say: { key: 'error-wiki-later', params: ['REFRESH_LATER'] },
  });
}
