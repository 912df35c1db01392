import { accountById } from '../../core/accounts/accounts.ts';
import type { Sessions } from '../../core/accounts/sessions.ts';
import { knownCentralUser } from '../../core/origins/central-id.ts';
import { ownOrigins } from '../../core/origins/deps.ts';
import { LARGEST_BATCH, REPORT_TYPES, readReports } from '../../core/origins/reports.ts';
import { readSite } from '../../core/origins/site.ts';
import { createReportQueue } from '../../core/origins/violations.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { readState } from '../../core/platform/read-only.ts';
import { newRouter, type WebContext, type WebMiddleware, type WebRouter } from '../context.ts';
import type { WebDeps } from '../deps.ts';
import { addressKey } from '../middleware/rate-limit.ts';
import { REPORTS } from '../middleware/security-headers.ts';
import { sessionCookie } from '../middleware/session.ts';
import type { RateLimits } from '../rate-limits.ts';

const FLUSH_MS = 5_000;
/** Reports that are read at the same time; a flood beyond it is answered unread. */
const MOST_AT_ONCE = 16;
/** Reports that this process reads in a second, whoever sends them. */
export const MOST_A_SECOND = 50;

/** Browsers send a report at once. */
const SLOWEST_MS = 10_000;

export interface ReportCollector {
  /** Before everything else: what is too much costs nothing more, and fills no log. */
  readonly shed: WebMiddleware;
  readonly router: WebRouter;
  /** Writes what was collected every few seconds. @returns what ends that, after a last time */
  begin(): () => Promise<void>;
}

/**
 * Where browsers report what a policy stopped. It stands before sessions, forms and the limits of pages: a browser
 * sends reports by itself, so they hold no token, and however many come, they harm nothing else. Whatever looks like
 * a report is answered in the same way, kept or not.
 */
export function createReportCollector(
  deps: WebDeps & { readonly limits: RateLimits; readonly sessions: Sessions },
): ReportCollector {
  const { store, clock, limits, log, sessions } = deps;
  const own = ownOrigins(deps);
  let sampling = 1;
  const queue = createReportQueue({ store, clock }, { random: Math.random, sampling: () => sampling });
  const mayRead = gate();
  let shed = 0;
  const router = newRouter();

  router.post(REPORTS, async (ctx) => {
    // Our own pages alone have our policy.
    if (ctx.get('Sec-Fetch-Site') === 'cross-site')
      throw new VisavisError('forbidden', 'Reports come from pages of this site.');
    if (!ctx.is([...REPORT_TYPES])) {
      ctx.status = 415;
      ctx.body = { error: 'bad_input', message: `Send ${REPORT_TYPES.join(' or ')}.` };
      return;
    }
    ctx.status = 204;
    if ((await limits.consume('reports', addressKey(ctx.ip))) > 0) return;
    const text = await readText(ctx);
    const violations = text === null ? [] : readReports(ctx.get('Content-Type'), text, own);
    if (violations.length > 0) queue.add(violations, await senderOf(ctx));
  });

  return {
    async shed(ctx, next) {
      if (ctx.method !== 'POST' || ctx.path !== REPORTS) return next();
      const leave = mayRead(clock.now());
      if (!leave) {
        shed++;
        ctx.status = 204;
        return;
      }
      try {
        await next();
      } finally {
        leave();
      }
    },
    router,
    begin() {
      void look();
      const timer = setInterval(() => void look(), FLUSH_MS);
      timer.unref();
      return async () => {
        clearInterval(timer);
        await look();
      };
    },
  };

  async function look(): Promise<void> {
    try {
      // What was collected waits, within its bound, until the site may be written to again.
      if (await readState(store.db)) return;
      sampling = (await readSite(store.db, own)).choices.sampling;
      await queue.flush();
      if (shed > 0) log.warn({ reports: shed }, 'reports of the content security policy were left unread');
      shed = 0;
    } catch (error) {
      log.warn({ err: error }, 'reports of the content security policy were not written');
    }
  }

  /** The central id of whoever is signed in; null: nobody, or nobody's list. */
  async function senderOf(ctx: WebContext): Promise<number | null> {
    const id = ctx.cookies.get(sessionCookie(deps.production));
    const accountId = id ? (await sessions.read(id))?.accountId : undefined;
    if (accountId === undefined || !(await accountById(store, accountId))) return null;
    return knownCentralUser(store.db, accountId);
  }
}

/** Lets so many in a second, and so many at once. @returns what is called on the way out; null: not now */
function gate(): (now: number) => (() => void) | null {
  let inside = 0;
  let second = 0;
  let passed = 0;
  return (now) => {
    const current = Math.floor(now / 1_000);
    if (current !== second) [second, passed] = [current, 0];
    if (inside >= MOST_AT_ONCE || passed >= MOST_A_SECOND) return null;
    inside++;
    passed++;
    return () => {
      inside--;
    };
  };
}

/** null: too much or too slow, or the sender went away. What is left unread ends the connection. */
async function readText(ctx: WebContext): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Whoever sends a byte now and then would keep a place for ever.
  const slow = setTimeout(() => ctx.req.destroy(), SLOWEST_MS);
  try {
    for await (const chunk of ctx.req as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > LARGEST_BATCH) {
        ctx.set('Connection', 'close');
        return null;
      }
      chunks.push(chunk);
    }
  } catch {
    return null;
  } finally {
    clearTimeout(slow);
  }
  return Buffer.concat(chunks).toString('utf8');
}
