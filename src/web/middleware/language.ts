import type { Account } from '../../core/accounts/accounts.ts';
import type { Messages } from '../../core/platform/messages.ts';
import type { WebContext, WebMiddleware } from '../context.ts';
import { query } from '../form.ts';

export const LANGUAGE_COOKIE = 'visavis-language';

/** Before anybody is known, so that every error page has a language. */
export function chooseLanguage(messages: Messages): WebMiddleware {
  return async (ctx, next) => {
    setLanguage(ctx, messages, null);
    await next();
  };
}

/** `?uselang=`, then the account's, then the cookie's, then what the browser asks for, then English. */
export function setLanguage(ctx: WebContext, messages: Messages, account: Account | null): void {
  const wishes = [
    query(ctx, 'uselang'),
    account?.language ?? '',
    ctx.cookies.get(LANGUAGE_COOKIE) ?? '',
    ...ctx.acceptsLanguages(),
  ];
  const code = wishes.map((wish) => messages.supported(wish)).find((supported) => supported !== null);
  ctx.state.t = messages.translator(code ?? 'en');
  ctx.set('Content-Language', ctx.state.t.language);
  ctx.vary('Accept-Language');
}
