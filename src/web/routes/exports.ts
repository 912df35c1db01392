import { exportVerdicts, toCsv } from '../../core/statistics/export.ts';
import { requireMember } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { projectHead } from '../project-head.ts';
import type { RouteDeps } from './index.ts';

/** The verdicts of a project as files, for its members. */
export function exportRoutes(deps: RouteDeps): WebRouter {
  const router = newRouter();

  router.get('/projects/:id/verdicts.csv', async (ctx) => {
    const verdicts = await verdictsFor(ctx, 'csv');
    ctx.type = 'text/csv; charset=utf-8; header=present';
    // Spreadsheets take a file without the mark for the machine's own encoding.
    ctx.body = `\u{FEFF}${toCsv(verdicts)}`;
  });

  router.get('/projects/:id/verdicts.json', async (ctx) => {
    const verdicts = await verdictsFor(ctx, 'json');
    ctx.type = 'json';
    ctx.body = JSON.stringify(verdicts, null, 1);
  });

  return router;

  async function verdictsFor(ctx: WebContext, ending: string) {
    const { id: projectId } = await projectHead(deps, ctx);
    await requireMember(deps, ctx, projectId);
    ctx.set('Cache-Control', 'no-store');
    ctx.attachment(`visavis-${projectId}.${ending}`);
    return exportVerdicts(deps.store, projectId);
  }
}
