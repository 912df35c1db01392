import { hasBearer } from '../bearer.ts';
import { newRouter, type WebRouter } from '../context.ts';
import type { WebDeps } from '../deps.ts';
import { databaseAnswers, healthNow } from '../health.ts';

/** For whoever watches the service: before sessions and limits, so that they answer when those cannot. */
export function healthRoutes(deps: Pick<WebDeps, 'store' | 'log' | 'health' | 'prometheus'>): WebRouter {
  const router = newRouter();

  /** The process runs. */
  router.get('/live', (ctx) => {
    ctx.body = { live: true };
  });

  /** Requests can be served. */
  router.get('/ready', async (ctx) => {
    const ready = await databaseAnswers(deps);
    ctx.status = ready ? 200 : 503;
    ctx.body = { ready };
  });

  /** The parts, one word each. */
  router.get('/health', async (ctx) => {
    const { ok, degraded, parts } = await healthNow(deps);
    ctx.status = ok ? 200 : 503;
    ctx.body = { status: ok ? 'ok' : 'failing', degraded, parts };
  });

  /** Numbers for Prometheus, for whoever knows the token; without one they are nowhere. */
  router.get('/metrics', async (ctx) => {
    const { prometheus } = deps;
    if (!prometheus) {
      ctx.status = 404;
      ctx.body = { error: 'not_found', message: 'Set VISAVIS_METRICS_TOKEN to have numbers here.' };
      return;
    }
    if (!hasBearer(ctx, prometheus.token)) {
      ctx.status = 401;
      ctx.set('WWW-Authenticate', 'Bearer');
      ctx.body = { error: 'not_signed_in', message: 'Send VISAVIS_METRICS_TOKEN as a bearer token.' };
      return;
    }
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Content-Type', prometheus.contentType);
    ctx.body = await prometheus.text();
  });

  return router;
}
