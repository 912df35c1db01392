import { isHidden, leaderboard, PERIODS, type Period, setHidden } from '../../core/statistics/leaderboard.ts';
import { requireAccount } from '../access.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { query, seeOther, ticked } from '../form.ts';
import type { RouteDeps } from './index.ts';

const NAMES = Object.keys(PERIODS) as Period[];

/** Who has helped most, and the choice not to stand there. */
export function leaderboardRoutes(deps: RouteDeps): WebRouter {
  const { view, store, clock } = deps;
  const router = newRouter();

  router.get('/leaderboard', async (ctx) => {
    const period = NAMES.find((name) => name === query(ctx, 'period')) ?? 'all';
    const rows = await leaderboard(store, period, clock.now());
    const { account } = ctx.state;
    const hidden = account ? await isHidden(store, account.id) : false;
    view.render(ctx, 'leaderboard', { rows, period, periods: NAMES, hidden });
  });

  router.post('/account/leaderboard', async (ctx) => {
    const account = requireAccount(ctx);
    await setHidden(store, account.id, ticked(ctx, 'hide'));
    seeOther(ctx, '/account?done=saved');
  });

  return router;
}
