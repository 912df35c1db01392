import { requireActive } from '../access.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { query } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import type { RouteDeps } from './index.ts';

/** What the modules of the form ask for while it is being filled in. */
export function apiRoutes(deps: RouteDeps): WebRouter {
  const { wiki, limits } = deps;
  const router = newRouter();

  router.get('/api/items', async (ctx) => {
    requireActive(ctx);
    ctx.body = { items: await wiki.searchItems(query(ctx, 'search'), ctx.state.t.language) };
  });

  router.get('/api/category', rateLimit(limits, 'category'), async (ctx) => {
    requireActive(ctx);
    const info = await wiki.categoryInfo(query(ctx, 'title'));
    const { t } = ctx.state;
    ctx.body = {
      ...info,
      words: info.exists
        ? t('web-category-size', info.files, info.subcategories)
        : t('web-category-missing', info.title),
    };
  });

  return router;
}
