import type { Clock } from '../../core/platform/clock.ts';
import type { WebContext, WebMiddleware } from '../context.ts';

const COOKIE = 'visavis-changed';
/** Much longer than any numbers are kept. */
const KEPT_MS = 60_000;

/**
 * Notes in the browser when its reader last changed something, so that every process of the site can show the reader
 * numbers that were counted after that (`lastChange`): others may see older ones for a moment.
 */
export function noteChanges({ clock, production }: { clock: Clock; production: boolean }): WebMiddleware {
  return async (ctx, next) => {
    await next();
    if (['GET', 'HEAD', 'OPTIONS'].includes(ctx.method) || ctx.status >= 400 || !ctx.state.account) return;
    ctx.cookies.set(COOKIE, String(clock.now()), {
      maxAge: KEPT_MS,
      httpOnly: true,
      sameSite: 'lax',
      secure: production,
      overwrite: true,
    });
  };
}

/** UTC milliseconds, for the numbers that a page shows; undefined: nothing was changed lately. */
export function lastChange(ctx: WebContext): number | undefined {
  const text = ctx.cookies.get(COOKIE) ?? '';
  return ctx.state.account && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
