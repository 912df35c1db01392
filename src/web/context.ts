import type { RouterContext, RouterMiddleware } from '@koa/router';
import Router from '@koa/router';
import type { Account } from '../core/accounts/accounts.ts';
import type { Notice } from '../core/origins/notices.ts';
import type { Log } from '../core/platform/log.ts';
import type { Translator } from '../core/platform/messages.ts';
import type { ReadOnlyState } from '../core/platform/read-only.ts';
import type { BrowserSession } from './middleware/session.ts';

/** What the middleware leaves for the routes. */
export interface WebState {
  requestId: string;
  log: Log;
  t: Translator;
  session: BrowserSession;
  /** Who is signed in. */
  account: Account | null;
  /** Whether that account administrates the site. */
  admin: boolean;
  /** Set while an administrator has made the site read-only. */
  readOnly: ReadOnlyState | null;
  /** The wiki no longer takes the account's tokens: the person has to sign in again. */
  linkBroken: boolean;
  /** Origins that the policy of this page holds for its reader; of pages alone. */
  sentSources?: readonly string[];
  /** What the reader has not seen yet about their data sources and passkeys; of pages alone. */
  notices?: readonly Notice[];
}

export type WebContext = RouterContext<WebState, object>;
export type WebMiddleware = RouterMiddleware<WebState, object>;
export type WebRouter = ReturnType<typeof newRouter>;

export function newRouter() {
  return new Router<WebState, object>();
}
