import { newRouter, type WebRouter } from '../context.ts';
import type { Health, WebDeps } from '../deps.ts';

/** For whoever watches the service: before sessions and limits, so that they answer when those cannot. */
export function healthRoutes(deps: WebDeps): WebRouter {
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
    const database = await databaseAnswers(deps);
    const more = await others(deps);
    const ok = database && more.ok;
    ctx.status = ok ? 200 : 503;
    ctx.body = {
      status: ok ? 'ok' : 'failing',
      degraded: more.degraded,
      parts: { database: database ? 'ok' : 'away', ...more.parts },
    };
  });

  return router;
}

async function databaseAnswers(deps: WebDeps): Promise<boolean> {
  try {
    await deps.store.db.selectFrom('settings').select('name').limit(1).execute();
    return true;
  } catch (error) {
    deps.log.error({ err: error }, 'the database does not answer');
    return false;
  }
}

async function others(deps: WebDeps): Promise<Health> {
  try {
    return (await deps.health?.()) ?? { ok: true, degraded: false, parts: {} };
  } catch (error) {
    deps.log.error({ err: error }, 'the health of the other parts is not known');
    return { ok: false, degraded: true, parts: { others: 'unknown' } };
  }
}
