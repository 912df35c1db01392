import { processesSeen } from '../../core/administration/processes.ts';
import { siteProjects } from '../../core/administration/projects.ts';
import { queues, runsByState } from '../../core/administration/queues.ts';
import { siteRuns } from '../../core/administration/runs.ts';
import { setReadOnly } from '../../core/administration/switch.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { readState } from '../../core/platform/read-only.ts';
import { RETENTION_KINDS, retentionReports } from '../../core/privacy/retention-report.ts';
import type { RunState } from '../../core/store/schema.ts';
import { requireAdmin } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, query, seeOther } from '../form.ts';
import { healthNow } from '../health.ts';
import { orShow } from '../refusals.ts';
import type { RouteDeps } from './index.ts';

export const PER_PAGE = 50;
const RUN_STATES: readonly RunState[] = ['waiting', 'working', 'paused', 'done', 'stopped', 'failed'];

/** What administrators see of the whole site: how it does, all projects, all runs, and the switch for emergencies. */
export function adminRoutes(deps: RouteDeps): WebRouter {
  const { view, store } = deps;
  const router = newRouter();

  router.get('/admin', (ctx) => show(ctx, null));

  router.post('/admin/read-only', async (ctx) => {
    const account = requireAdmin(ctx);
    const on = onField(ctx);
    await orShow(
      ctx,
      async () => {
        await setReadOnly(deps, { accountId: account.id, on, reason: field(ctx, 'reason') });
        seeOther(ctx, `/admin?done=read-only-${on ? 'on' : 'off'}`);
      },
      (problem) => show(ctx, problem),
    );
  });

  router.get('/admin/projects', async (ctx) => {
    requireAdmin(ctx);
    ctx.set('Cache-Control', 'no-store');
    const projects = await siteProjects(store, { before: beforeOf(ctx), limit: PER_PAGE + 1 });
    view.render(ctx, 'admin-projects', pageOf(projects));
  });

  router.get('/admin/runs', async (ctx) => {
    requireAdmin(ctx);
    ctx.set('Cache-Control', 'no-store');
    const state = RUN_STATES.find((one) => one === query(ctx, 'state')) ?? null;
    const runs = await siteRuns(store, { state, before: beforeOf(ctx), limit: PER_PAGE + 1 });
    view.render(ctx, 'admin-runs', { ...pageOf(runs), state: state ?? '', states: RUN_STATES });
  });

  return router;

  async function show(ctx: WebContext, problem: string | null): Promise<void> {
    requireAdmin(ctx);
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'admin', {
      problem,
      reason: problem ? field(ctx, 'reason') : '',
      // Not what this process remembers of it: whoever has just turned the switch wants to see it.
      readOnly: await readState(store.db),
      health: await healthNow(deps),
      queues: await queues(store, deps.model ?? null),
      runs: await runsByState(store),
      processes: await processesSeen(deps),
      retention: await retentionReports(store),
      retentionKinds: RETENTION_KINDS,
    });
  }

  function onField(ctx: WebContext): boolean {
    const on = field(ctx, 'on');
    if (on !== 'yes' && on !== 'no') throw new VisavisError('bad_input', ctx.state.t('web-error-form'));
    return on === 'yes';
  }
}

/** Pages go back in time: each names the oldest row of the one before. */
export function beforeOf(ctx: WebContext): number | null {
  const before = query(ctx, 'before');
  return /^[1-9]\d{0,14}$/.test(before) ? Number(before) : null;
}

/** @param rows one more than fits, when there are more */
export function pageOf<T extends { readonly id: number }>(rows: readonly T[]) {
  const shown = rows.slice(0, PER_PAGE);
  return { rows: shown, older: rows.length > shown.length ? (shown.at(-1)?.id ?? null) : null };
}
