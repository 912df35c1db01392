import { exportAccount } from '../../core/accounts/export-data.ts';
import { forgetAccount } from '../../core/accounts/forget.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { ownedAlone } from '../../core/projects/ownerless.ts';
import { requireAccount } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { seeOther, ticked } from '../form.ts';
import { orShow } from '../refusals.ts';
import type { RouteDeps } from './index.ts';

/** One's own data: to take along, and to have deleted. Blocked accounts too have a right to both. */
export function accountDataRoutes(deps: RouteDeps): WebRouter {
  const { view, store, log } = deps;
  const router = newRouter();

  router.get('/account/data.json', async (ctx) => {
    const account = requireAccount(ctx);
    const data = await exportAccount(deps, account.id);
    ctx.set('Cache-Control', 'no-store');
    ctx.attachment('visavis-account.json');
    ctx.type = 'json';
    ctx.body = JSON.stringify(data, null, 1);
  });

  router.get('/account/delete', async (ctx) => {
    await show(ctx, null);
  });

  router.post('/account/delete', async (ctx) => {
    const account = requireAccount(ctx);
    await orShow(
      ctx,
      async () => {
        if (!ticked(ctx, 'sure')) throw new VisavisError('bad_input', ctx.state.t('web-forget-tick'));
        await forgetAccount(deps, account.id);
        log.info({ account: account.id }, 'account forgotten');
        ctx.state.session.end();
        seeOther(ctx, '/?done=forgotten');
      },
      (problem) => show(ctx, problem),
    );
  });

  return router;

  async function show(ctx: WebContext, problem: string | null): Promise<void> {
    const account = requireAccount(ctx);
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'forget', { problem, alone: await ownedAlone(store.db, account.id) });
  }
}
