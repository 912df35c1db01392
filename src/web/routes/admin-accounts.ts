import { blockAccount, unblockAccount } from '../../core/accounts/site-blocks.ts';
import { siteAccounts } from '../../core/administration/accounts.ts';
import { requireAdmin } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, query, seeOther } from '../form.ts';
import { orShow } from '../refusals.ts';
import { beforeOf, PER_PAGE, pageOf } from './admin.ts';
import type { RouteDeps } from './index.ts';

/** Everybody who has signed in here, and blocks that hold on this site. */
export function adminAccountRoutes(deps: RouteDeps): WebRouter {
  const { view, store } = deps;
  const router = newRouter();

  router.get('/admin/accounts', (ctx) => show(ctx, null));

  router.post('/admin/accounts/:id/block', async (ctx) => {
    const account = requireAdmin(ctx);
    const blockedId = idParam(ctx, 'id');
    await orShow(
      ctx,
      async () => {
        await blockAccount(deps, { accountId: account.id, blockedId, reason: field(ctx, 'reason') });
        seeOther(ctx, '/admin/accounts?done=saved');
      },
      (problem) => show(ctx, problem),
    );
  });

  router.post('/admin/accounts/:id/unblock', async (ctx) => {
    const account = requireAdmin(ctx);
    const blockedId = idParam(ctx, 'id');
    await orShow(
      ctx,
      async () => {
        await unblockAccount(deps, { accountId: account.id, blockedId });
        seeOther(ctx, '/admin/accounts?done=saved');
      },
      (problem) => show(ctx, problem),
    );
  });

  return router;

  async function show(ctx: WebContext, problem: string | null): Promise<void> {
    requireAdmin(ctx);
    ctx.set('Cache-Control', 'no-store');
    const search = query(ctx, 'name').trim();
    const accounts = await siteAccounts(store, { search, before: beforeOf(ctx), limit: PER_PAGE + 1 });
    view.render(ctx, 'admin-accounts', {
      ...pageOf(accounts),
      problem,
      search,
      filters: search === '' ? '' : new URLSearchParams({ name: search }).toString(),
    });
  }
}
