import { VisavisError } from '../../core/platform/errors.ts';
import { disputedFaces } from '../../core/review/disputes.ts';
import { requireActive } from '../access.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { projectHead } from '../project-head.ts';
import type { RouteDeps } from './index.ts';

/** Faces that people do not agree about: an owner's answer decides. */
export function disputeRoutes(deps: RouteDeps): WebRouter {
  const { view, store } = deps;
  const router = newRouter();

  router.get('/projects/:id/disputes', async (ctx) => {
    requireActive(ctx);
    const project = await projectHead(deps, ctx);
    if (project.rights.role !== 'owner')
      throw new VisavisError('forbidden', ctx.state.t('web-error-owners-only'));
    view.render(ctx, 'disputes', { project, disputes: await disputedFaces(store, project.id) });
  });

  return router;
}
