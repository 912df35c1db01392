import { VisavisError } from '../platform/errors.ts';
import type { WikiAccount } from '../wiki/account.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { wikiError, wikiErrorDetails } from '../wiki/wiki-error.ts';
import { assertGoodStanding, renewName, type StandingDeps } from './standing.ts';
import { wikiAccount } from './tokens.ts';

/** An account in whose name a run edits. Its name changes when the account is renamed on the wiki. */
export interface WritingAccount extends WikiAccount {
  /** Looks the name up by the central id; false when it has not changed. */
  lookUpName(): Promise<boolean>;
}

/**
 * As `wikiAccount`, for a run: before its first token is given out, the standing of the account is looked up when
 * what is known is older than a day. One who may only look gets no token.
 */
export function writingAccount(
  deps: StandingDeps,
  account: { id: number; username: string },
): WritingAccount {
  let current = wikiAccount(deps, account);
  let checked: Promise<void> | null = null;
  const check = async (): Promise<void> => {
    checked ??= assertGoodStanding(deps, account.id).catch((error: unknown) => {
      checked = null;
      throw error instanceof VisavisError && error.code === 'forbidden' ? mayNotWrite(error) : error;
    });
    await checked;
  };
  return {
    get name() {
      return current.name;
    },
    async accessToken() {
      await check();
      return current.accessToken();
    },
    refresh: () => current.refresh(),
    async lookUpName() {
      const name = await renewName(deps, account.id);
      if (name === null) return false;
      current = wikiAccount(deps, { id: account.id, username: name });
      return true;
    },
  };
}

/** The wiki with edits that follow a renamed account: each states its name, and is repeated once under the new one. */
export function followRenames<W extends Pick<Wiki, 'setStatement' | 'setRank' | 'removeStatement'>>(
  wiki: W,
): W {
  const following = async <T>(account: WikiAccount, edit: () => Promise<T>): Promise<T> => {
    try {
      return await edit();
    } catch (error) {
      const renamed = wikiErrorDetails(error)?.codes.includes('assertnameduserfailed') === true;
      if (!renamed || !isWriting(account) || !(await account.lookUpName())) throw error;
      return edit();
    }
  };
  return {
    ...wiki,
    setStatement: (statement) => following(statement.account, () => wiki.setStatement(statement)),
    setRank: (change) => following(change.account, () => wiki.setRank(change)),
    removeStatement: (removal) => following(removal.account, () => wiki.removeStatement(removal)),
  };
}

function isWriting(account: WikiAccount): account is WritingAccount {
  return 'lookUpName' in account;
}

/** In the words that the writer acts upon: the run pauses, its claims stay. */
function mayNotWrite(cause: VisavisError): VisavisError {
  return wikiError(
    cause.message,
    { kind: 'this_account', codes: ['NOT_ALLOWED'], statement: 'not_sent' },
    { cause },
  );
}
