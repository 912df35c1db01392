import { randomBytes } from 'node:crypto';
import { doing } from '../../core/platform/doing.ts';
import type { Log } from '../../core/platform/log.ts';
import type { WebMiddleware } from '../context.ts';

/**
 * Gives every request an id, which an error page shows and the log holds. The path is logged without its
 * query, which may hold codes, and without one-time tokens and codes of invitations.
 */
export function requestLog(log: Log): WebMiddleware {
  return async (ctx, next) => {
    const requestId = randomBytes(6).toString('hex');
    const began = performance.now();
    ctx.state.requestId = requestId;
    ctx.state.log = log.child({ request: requestId });
    ctx.set('X-Request-Id', requestId);
    const path = ctx.path.replace(/^(\/(?:link|join)\/).+/i, '$1…');
    await doing(`${ctx.method} ${path}`, next);
    const ms = Math.round(performance.now() - began);
    ctx.state.log.debug({ method: ctx.method, path, status: ctx.status, ms }, 'request');
  };
}
