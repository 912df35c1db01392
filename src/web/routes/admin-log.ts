import { type LogFilter, readLog } from '../../core/administration/log.ts';
import { logSubjects } from '../../core/administration/log-subjects.ts';
import { firstBrokenAuditRow } from '../../core/platform/audit.ts';
import { requireAdmin } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { query } from '../form.ts';
import { logDetails } from '../log-detail.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { beforeOf, PER_PAGE, pageOf } from './admin.ts';
import type { RouteDeps } from './index.ts';

const DAY_MS = 24 * 60 * 60_000;

/** The audit log with its filters, and the check that nobody has changed it. */
export function adminLogRoutes(deps: RouteDeps): WebRouter {
  const { view, store, limits } = deps;
  const router = newRouter();

  router.get('/admin/log', async (ctx) => {
    await show(ctx, null);
  });

  /** Reads every row, so it is not done for every look. */
  router.get('/admin/log/check', rateLimit(limits, 'category'), async (ctx) => {
    requireAdmin(ctx);
    await show(ctx, { brokenAt: await firstBrokenAuditRow(store) });
  });

  return router;

  async function show(ctx: WebContext, checked: { brokenAt: number | null } | null): Promise<void> {
    requireAdmin(ctx);
    ctx.set('Cache-Control', 'no-store');
    const form = {
      who: query(ctx, 'who').trim(),
      what: query(ctx, 'what').trim(),
      project: query(ctx, 'project').trim(),
      from: query(ctx, 'from'),
      until: query(ctx, 'until'),
    };
    const entries = await readLog(store, filterOf(form), { before: beforeOf(ctx), limit: PER_PAGE + 1 });
    const { rows, older } = pageOf(entries);
    const about = await logSubjects(
      store,
      rows.map((row) => row.subject),
    );
    view.render(ctx, 'admin-log', {
      rows: rows.map((row) => ({
        ...row,
        about: about.get(row.subject) ?? { text: row.subject, href: null },
        details: logDetails(row.detail),
      })),
      older,
      form,
      filters: new URLSearchParams(Object.entries(form).filter(([, value]) => value !== '')).toString(),
      checked,
    });
  }
}

function filterOf(form: Readonly<Record<'who' | 'what' | 'project' | 'from' | 'until', string>>): LogFilter {
  const until = dayStart(form.until);
  return {
    who: form.who,
    what: form.what,
    project: /^[1-9]\d{0,14}$/.test(form.project) ? Number(form.project) : null,
    from: dayStart(form.from),
    // The whole of the last day.
    until: until === null ? null : until + DAY_MS,
  };
}

/** `2026-01-31`, as browsers send a date, in UTC; anything else is no date. */
function dayStart(text: string): number | null {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}
