import { accountById } from '../../core/accounts/accounts.ts';
import { isAdmin } from '../../core/accounts/admins.ts';
import { isLinkBroken } from '../../core/accounts/broken-links.ts';
import type { Messages } from '../../core/platform/messages.ts';
import type { Store } from '../../core/store/store.ts';
import type { WebMiddleware } from '../context.ts';
import { setLanguage } from './language.ts';

/** Who is signed in, read anew on every request: a block or a deletion counts at once. */
export function account(deps: { store: Store; messages: Messages }): WebMiddleware {
  return async (ctx, next) => {
    const { data } = ctx.state.session;
    ctx.state.account = data.accountId === undefined ? null : await accountById(deps.store, data.accountId);
    if (data.accountId !== undefined && !ctx.state.account) delete data.accountId;
    ctx.state.admin = ctx.state.account !== null && (await isAdmin(deps.store.db, ctx.state.account.id));
    ctx.state.linkBroken =
      ctx.state.account !== null && (await isLinkBroken(deps.store, ctx.state.account.id));
    if (ctx.state.account) setLanguage(ctx, deps.messages, ctx.state.account);
    await next();
  };
}
