import { assertGoodStanding } from '../../core/accounts/standing.ts';
import { claimsOfRun, runById } from '../../core/depicts/history.ts';
import { previewRun, requestStop, startRun, startUndo } from '../../core/depicts/runs.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { projectOverview } from '../../core/projects/overview.ts';
import { requireMember, rightsIn } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { idParam } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import type { RouteDeps } from './index.ts';

/** Writing to the wiki: the dry run, the run, stop and undo. */
export function runRoutes(deps: RouteDeps): WebRouter {
  const { view, store, limits } = deps;
  const router = newRouter();

  router.get('/projects/:id/write', async (ctx) => {
    const projectId = idParam(ctx, 'id');
    const overview = await overviewOf(ctx, projectId);
    await requireMember(deps, ctx, projectId);
    view.render(ctx, 'preview', { overview, pairs: (await previewRun(store, projectId)).pairs });
  });

  router.post('/projects/:id/write', rateLimit(limits, 'write'), async (ctx) => {
    const projectId = idParam(ctx, 'id');
    const account = await requireMember(deps, ctx, projectId);
    await assertGoodStanding(deps, account.id);
    const run = await startRun(deps, { projectId, accountId: account.id });
    ctx.status = 303;
    ctx.redirect(`/projects/${projectId}/runs/${run}?done=started`);
  });

  router.get('/projects/:id/runs/:run', async (ctx) => {
    const projectId = idParam(ctx, 'id');
    const overview = await overviewOf(ctx, projectId);
    const run = await runOf(ctx, projectId);
    view.render(ctx, 'run', {
      overview,
      run,
      claims: await claimsOfRun(store, run.id),
      rights: await rightsIn(deps, ctx, projectId),
    });
  });

  router.post('/projects/:id/runs/:run/stop', rateLimit(limits, 'write'), async (ctx) => {
    const projectId = idParam(ctx, 'id');
    const account = await requireMember(deps, ctx, projectId);
    const run = await runOf(ctx, projectId);
    await requestStop(deps, { runId: run.id, accountId: account.id });
    ctx.status = 303;
    ctx.redirect(`/projects/${projectId}/runs/${run.id}?done=stopping`);
  });

  router.post('/projects/:id/runs/:run/undo', rateLimit(limits, 'write'), async (ctx) => {
    const projectId = idParam(ctx, 'id');
    const account = await requireMember(deps, ctx, projectId);
    const run = await runOf(ctx, projectId);
    await assertGoodStanding(deps, account.id);
    const undo = await startUndo(deps, { runId: run.id, accountId: account.id });
    ctx.status = 303;
    ctx.redirect(`/projects/${projectId}/runs/${undo}?done=undoing`);
  });

  return router;

  async function overviewOf(ctx: WebContext, projectId: number) {
    const overview = await projectOverview(store, projectId);
    if (!overview) throw new VisavisError('not_found', ctx.state.t('web-project-unknown'));
    return overview;
  }

  /** A run of this project: the address of another project's run leads nowhere. */
  async function runOf(ctx: WebContext, projectId: number) {
    const run = await runById(store, idParam(ctx, 'run'));
    if (run?.projectId !== projectId) throw new VisavisError('not_found', ctx.state.t('web-run-unknown'));
    return run;
  }
}
