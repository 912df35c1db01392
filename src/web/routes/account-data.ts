import { exportAccount } from '../../core/accounts/export-data.ts';
import { forgetAccount } from '../../core/accounts/forget.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import type { Store } from '../../core/store/store.ts';
import { requireAccount } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { ticked } from '../form.ts';
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
        ctx.status = 303;
        ctx.redirect('/?done=forgotten');
      },
      (problem) => show(ctx, problem),
    );
  });

  return router;

  async function show(ctx: WebContext, problem: string | null): Promise<void> {
    const account = requireAccount(ctx);
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'forget', { problem, alone: await ownedAlone(store, account.id) });
  }
}

/** Projects that would be left without an owner. */
async function ownedAlone(store: Store, accountId: number): Promise<{ id: number; title: string }[]> {
  return store.db
    .selectFrom('project_members')
    .innerJoin('projects', 'projects.id', 'project_members.project_id')
    .select(['projects.id', 'projects.title'])
    .where('account_id', '=', accountId)
    .where('role', '=', 'owner')
    .where('status', '=', 'active')
    .where('projects.state', '!=', 'deleted')
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('project_members as other')
            .innerJoin('account_profiles', 'account_profiles.account_id', 'other.account_id')
            .select('other.account_id')
            .whereRef('other.project_id', '=', 'projects.id')
            .where('other.account_id', '!=', accountId)
            .where('other.role', '=', 'owner')
            .where('other.status', '=', 'active'),
        ),
      ),
    )
    .orderBy('projects.id')
    .execute();
}
