import { type Metrics, secondsSince } from '../../core/platform/metrics.ts';
import type { WebMiddleware } from '../context.ts';

/**
 * Counts every request below the pattern of its route: an address holds ids and names, and there would be no end of
 * them. Of a live page the time until it begins counts.
 */
export function countRequests(metrics: Metrics): WebMiddleware {
  return async (ctx, next) => {
    const began = performance.now();
    await next();
    const matched = (ctx as { _matchedRoute?: string | RegExp })._matchedRoute;
    const route =
      typeof matched === 'string' ? matched : ctx.path.startsWith('/assets/') ? '/assets' : 'none';
    metrics.request(ctx.method, route, ctx.status, secondsSince(began));
  };
}
