/**
 * What follows from an error of a wiki, as a table keyed by error code, and how long to wait before asking
 * again. The codes were recorded against MediaWiki 1.39 with Wikibase and OAuth, the writer's rules follow
 * from them. Codes in capitals are ours, for failures below the API.
 */

/** this_file: go on with the next file. this_account: nothing more as this account. stop: our own mistake. */
export type WikiErrorKind = 'this_file' | 'this_account' | 'later' | 'stop';

export interface RetryRule {
  readonly kind: WikiErrorKind;
  /** delay: the same again after a while. new_csrf, refresh: once, with a new token. */
  readonly retry?: 'delay' | 'new_csrf' | 'refresh';
  /** The first own delay in milliseconds, when the wiki names none. */
  readonly delayMs?: number;
}

const FILE: RetryRule = { kind: 'this_file' };
const ACCOUNT: RetryRule = { kind: 'this_account' };
const STOP: RetryRule = { kind: 'stop' };

/**
 * An error has several codes (`failed-save, blocked, permissionserrors`), in an order that differs from one
 * module to the next. So any code counts, and the first row that matches decides: reasons stand before the
 * general words that accompany them. A row that ends in `*` matches every code with that beginning.
 */
export const RETRY_TABLE: readonly (readonly [code: string, rule: RetryRule])[] = [
  ['maxlag', { kind: 'later', retry: 'delay', delayMs: 5_000 }],
  // MediaWiki sends no Retry-After with these two.
  ['readonly', { kind: 'later', retry: 'delay', delayMs: 15_000 }],
  ['ratelimited', { kind: 'later', retry: 'delay', delayMs: 15_000 }],
  ['editconflict', { kind: 'later', retry: 'delay', delayMs: 1_000 }],
  ['badtoken', { kind: 'later', retry: 'new_csrf' }],
  // The same answer comes when the wiki's database is away: only a refused refresh breaks the link.
  ['mwoauth-invalid-authorization', { kind: 'later', retry: 'refresh' }],
  ['mwoauth-*', ACCOUNT],

  // A partial block leaves other pages open; its name is only in the messages.
  ['blockedtext-partial', FILE],
  ['protectedpage', FILE],
  ['cascadeprotected', FILE],
  ['titleblacklist-*', FILE],
  ['spamblacklist', FILE],
  ['abusefilter-*', FILE],
  ['no-such-entity', FILE],
  ['no-such-claim', FILE],
  ['no-such-statement', FILE],
  ['notfound', FILE],
  ['nosuchpageid', FILE],
  ['missingtitle', FILE],
  ['invalid-guid', FILE],
  ['invalid-snak', FILE],
  ['modification-failed', FILE],

  ['blocked', ACCOUNT],
  ['autoblocked', ACCOUNT],
  ['globalblocking-*', ACCOUNT],
  ['wikimedia-globalblocking-*', ACCOUNT],
  ['confirmemail', ACCOUNT],
  // The account was renamed, or the token belongs to somebody else: look it up by its central id.
  ['assertnameduserfailed', ACCOUNT],
  ['assertuserfailed', ACCOUNT],
  ['permissiondenied', ACCOUNT],
  ['permissionserrors', ACCOUNT],
  ['readapidenied', ACCOUNT],
  ['writeapidenied', ACCOUNT],

  ['internal_api_error_*', { kind: 'later', retry: 'delay', delayMs: 2_000 }],
  ['HTTP_429', { kind: 'later', retry: 'delay', delayMs: 5_000 }],
  ['HTTP_SERVER_ERROR', { kind: 'later', retry: 'delay', delayMs: 2_000 }],
  ['NETWORK', { kind: 'later', retry: 'delay', delayMs: 1_000 }],
  ['TIMED_OUT', { kind: 'later', retry: 'delay', delayMs: 1_000 }],
  ['UNREADABLE_ANSWER', { kind: 'later', retry: 'delay', delayMs: 2_000 }],
  ['ABORTED', { kind: 'later' }],
  ['HTTP_REFUSED', STOP],
  // An answer of another shape than the API documents, and a proxy that loses the Authorization header.
  ['UNEXPECTED_ANSWER', STOP],
  ['ANONYMOUS', STOP],

  // Refused for a reason that is not in this table: most are about the page (an extension's hook, say).
  ['failed-save', FILE],
];

/** The rule for a list of codes, and the code that decided. Codes that nobody foresaw stop the work. */
export function ruleFor(codes: readonly string[]): { readonly rule: RetryRule; readonly code: string } {
  for (const [pattern, rule] of RETRY_TABLE) {
    const code = codes.find((candidate) => matches(pattern, candidate));
    if (code !== undefined) return { rule, code };
  }
  return { rule: STOP, code: codes[0] ?? 'unknown' };
}

const LONGEST_OWN_DELAY_MS = 60_000;

/**
 * How long to wait before attempt number `attempt` + 1, in milliseconds. What the wiki says comes first;
 * else the row's delay doubles each time, up to a minute, and is drawn between half of it and the whole, so
 * that clients that failed together do not come back together.
 */
export function delayBefore(
  rule: RetryRule,
  attempt: number,
  retryAfter: number | null,
  random: () => number,
): number {
  if (retryAfter !== null && retryAfter > 0) return retryAfter;
  const whole = Math.min((rule.delayMs ?? 1_000) * 2 ** attempt, LONGEST_OWN_DELAY_MS);
  return Math.round(whole / 2 + (whole / 2) * random());
}

function matches(pattern: string, code: string): boolean {
  return pattern.endsWith('*') ? code.startsWith(pattern.slice(0, -1)) : code === pattern;
}
