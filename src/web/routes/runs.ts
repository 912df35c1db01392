import type { Account } from '../../core/accounts/accounts.ts';
import { assertGoodStanding } from '../../core/accounts/standing.ts';
import { followRenames, writingAccount } from '../../core/accounts/writing-account.ts';
import { setWriteBoxes, writesBoxes } from '../../core/depicts/boxes.ts';
import { claimsOfRun, runById } from '../../core/depicts/history.ts';
import { previewRun, requestStop, retryClaim, startRun, startUndo } from '../../core/depicts/runs.ts';
import { removeTheirs, type SingleEditDeps, setProminent } from '../../core/depicts/single-edits.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { projectOverview } from '../../core/projects/overview.ts';
import { listedForRemoval } from '../../core/review/listed.ts';
import { requireMember, rightsIn } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, seeOther, ticked } from '../form.ts';
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
    view.render(ctx, 'preview', {
      overview,
      ...(await previewRun(store, projectId)),
      boxes: await writesBoxes(store, projectId),
      listed: await listedForRemoval(store.db, projectId),
      rights: await rightsIn(deps, ctx, projectId),
    });
  });

  router.post('/projects/:id/write/boxes', async (ctx) => {
    const projectId = idParam(ctx, 'id');
    const account = await requireMember(deps, ctx, projectId);
    await setWriteBoxes(deps, { projectId, accountId: account.id, on: ticked(ctx, 'boxes') });
    seeOther(ctx, `/projects/${projectId}/write?done=saved`);
  });

  router.post('/projects/:id/write', rateLimit(limits, 'write'), async (ctx) => {
    const projectId = idParam(ctx, 'id');
    const account = await requireMember(deps, ctx, projectId);
    await assertGoodStanding(deps, account.id);
    const again = field(ctx, 'again') === 'yes';
    const run = await startRun(deps, { projectId, accountId: account.id, again });
    seeOther(ctx, `/projects/${projectId}/runs/${run}?done=started`);
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
    seeOther(ctx, `/projects/${projectId}/runs/${run.id}?done=stopping`);
  });

  router.post('/projects/:id/runs/:run/undo', rateLimit(limits, 'write'), async (ctx) => {
    const projectId = idParam(ctx, 'id');
    const account = await requireMember(deps, ctx, projectId);
    const run = await runOf(ctx, projectId);
    await assertGoodStanding(deps, account.id);
    const undo = await startUndo(deps, { runId: run.id, accountId: account.id });
    seeOther(ctx, `/projects/${projectId}/runs/${undo}?done=undoing`);
  });

  router.post('/projects/:id/runs/:run/claims/:claim/retry', rateLimit(limits, 'write'), async (ctx) => {
    const { account, claimId, projectId } = await claimOf(ctx);
    const run = await retryClaim(deps, { claimId, accountId: account.id });
    seeOther(ctx, `/projects/${projectId}/runs/${run}?done=started`);
  });

  router.post('/projects/:id/runs/:run/claims/:claim/undo', rateLimit(limits, 'write'), async (ctx) => {
    const { account, claimId, projectId, runId } = await claimOf(ctx);
    await assertGoodStanding(deps, account.id);
    const undo = await startUndo(deps, { runId, accountId: account.id, claimId });
    seeOther(ctx, `/projects/${projectId}/runs/${undo}?done=undoing`);
  });

  router.post('/projects/:id/runs/:run/claims/:claim/prominent', rateLimit(limits, 'write'), async (ctx) => {
    const { account, claimId, back } = await claimOf(ctx);
    const prominent = field(ctx, 'prominent') === 'yes';
    await setProminent(editing(account), { claimId, accountId: account.id, prominent });
    seeOther(ctx, back);
  });

  router.post('/projects/:id/runs/:run/claims/:claim/theirs', rateLimit(limits, 'write'), async (ctx) => {
    const { account, claimId, back } = await claimOf(ctx);
    if (!ticked(ctx, 'yes')) throw new VisavisError('bad_input', ctx.state.t('web-claim-say-yes'));
    const statementId = field(ctx, 'statement');
    await removeTheirs(editing(account), { claimId, accountId: account.id, statementId });
    seeOther(ctx, back);
  });

  return router;

  /** Edits that the person waits for. */
  function editing(account: Account): SingleEditDeps {
    const { clock, wiki, editsPerMinute = null } = deps;
    return {
      store,
      clock,
      wiki: followRenames(wiki),
      editsPerMinute,
      account: writingAccount(deps, account),
    };
  }

  /** A claim that the run's page shows. */
  async function claimOf(ctx: WebContext) {
    const projectId = idParam(ctx, 'id');
    const account = await requireMember(deps, ctx, projectId);
    const run = await runOf(ctx, projectId);
    const claimId = idParam(ctx, 'claim');
    if (!(await claimsOfRun(store, run.id)).some((claim) => claim.id === claimId))
      throw new VisavisError('not_found', ctx.state.t('web-run-unknown'));
    return {
      account,
      claimId,
      projectId,
      runId: run.id,
      back: `/projects/${projectId}/runs/${run.id}?done=claim-changed`,
    };
  }

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
