import { VisavisError } from '../platform/errors.ts';
import { type StatementFate, wikiError, wikiErrorDetails } from './wiki-error.ts';

/**
 * The account that a request is made as. There is one access token in use for each account: using a second
 * one of the same account and client, even for a read, makes the first one's csrf token invalid.
 */
export interface WikiAccount {
  /** The wiki user name; every write asserts it. */
  readonly name: string;
  /** The access token to use now; refreshed before, when its time is nearly up. */
  accessToken(): Promise<string>;
  /**
   * Another access token, because the wiki refused the last one; from then on `accessToken()` gives it too.
   * @throws VisavisError `sign_in_refused` when the link is broken, `wiki` when it has to wait
   */
  refresh(): Promise<string>;
}

/**
 * The csrf tokens of one wiki, one for each account. A csrf token is good as long as the access token that
 * it was fetched with, so it is kept together with that one.
 */
export class CsrfTokens {
  readonly #tokens = new Map<string, { accessToken: string; csrf: Promise<string> }>();

  /** The token for this account, fetched when there is none yet for this access token. */
  async get(name: string, accessToken: string, fetchToken: () => Promise<string>): Promise<string> {
    const known = this.#tokens.get(name);
    if (known?.accessToken === accessToken) return known.csrf;
    const entry = { accessToken, csrf: fetchToken() };
    this.#remember(name, entry);
    try {
      return await entry.csrf;
    } catch (error) {
      if (this.#tokens.get(name) === entry) this.#tokens.delete(name);
      throw error;
    }
  }

  forget(name: string): void {
    this.#tokens.delete(name);
  }

  #remember(name: string, entry: { accessToken: string; csrf: Promise<string> }): void {
    this.#tokens.delete(name);
    this.#tokens.set(name, entry);
    const oldest = this.#tokens.keys().next().value;
    if (this.#tokens.size > MAX_ACCOUNTS && oldest !== undefined) this.#tokens.delete(oldest);
  }
}

/** More accounts than ever write at the same time; the oldest fetches its token again. */
const MAX_ACCOUNTS = 500;

/**
 * A new access token in place of `refused`. Several requests may find out together that it is no longer
 * good: only the first of them has to refresh.
 * @throws VisavisError `wiki`: kind `this_account` when the link is broken, else `later`
 */
export async function replaceToken(account: WikiAccount, refused: string): Promise<void> {
  const current = await currentToken(account, 'refused');
  if (current === refused) await asWikiError(() => account.refresh(), 'refused');
}

export function currentToken(account: WikiAccount, statement: StatementFate): Promise<string> {
  return asWikiError(() => account.accessToken(), statement);
}

/** A broken link or a refresh that has to wait, in the words that writers act upon. */
async function asWikiError<T>(work: () => Promise<T>, statement: StatementFate): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VisavisError)) throw error;
    const known = wikiErrorDetails(error);
    const refused = error.code === 'sign_in_refused' || error.code === 'not_signed_in';
    if (!known && !refused) throw error;
    throw wikiError(
      error.message,
      {
        kind: refused ? 'this_account' : (known?.kind ?? 'later'),
        codes: known?.codes ?? ['mwoauth-invalid-authorization'],
        statement,
      },
      { cause: error },
    );
  }
}
