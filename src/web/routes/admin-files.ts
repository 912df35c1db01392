import { failedFiles, failureKinds, retryFiles } from '../../core/administration/failed-files.ts';
import { requireAdmin } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, query, seeOther } from '../form.ts';
import { beforeOf, PER_PAGE, pageOf } from './admin.ts';
import type { RouteDeps } from './index.ts';

/** Files that could not be looked at, with the reason, and another try: for one, or for all of a kind. */
export function adminFileRoutes(deps: RouteDeps): WebRouter {
  const { view, store } = deps;
  const router = newRouter();

  router.get('/admin/files', async (ctx) => {
    requireAdmin(ctx);
    ctx.set('Cache-Control', 'no-store');
    const kinds = await failureKinds(store);
    const kind = kinds.find((one) => one.kind === query(ctx, 'kind'))?.kind ?? null;
    const files = await failedFiles(store, { kind, before: beforeOf(ctx), limit: PER_PAGE + 1 });
    view.render(ctx, 'admin-files', {
      ...pageOf(files),
      kinds,
      kind: kind ?? '',
      total: kinds.reduce((sum, one) => sum + one.files, 0),
    });
  });

  router.post('/admin/files/retry', async (ctx) => {
    await retry(ctx, { kind: field(ctx, 'kind') });
  });

  router.post('/admin/files/:id/retry', async (ctx) => {
    await retry(ctx, { fileId: idParam(ctx, 'id') });
  });

  return router;

  async function retry(ctx: WebContext, which: { fileId: number } | { kind: string }): Promise<void> {
    const account = requireAdmin(ctx);
    await retryFiles(deps, { accountId: account.id, which });
    seeOther(ctx, '/admin/files?done=retrying');
  }
}
