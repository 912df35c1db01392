import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { createSessions } from '../core/accounts/sessions.ts';
import { VisavisError } from '../core/platform/errors.ts';
import { isAdmin } from './access.ts';
import { loadAssets } from './assets.ts';
import type { WebState } from './context.ts';
import type { WebDeps } from './deps.ts';
import { createLive } from './live.ts';
import { account } from './middleware/account.ts';
import { body } from './middleware/body.ts';
import { requireCsrfToken } from './middleware/csrf.ts';
import { errorPage } from './middleware/error-page.ts';
import { chooseLanguage } from './middleware/language.ts';
import { rateLimit } from './middleware/rate-limit.ts';
import { requestLog } from './middleware/request-log.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { session } from './middleware/session.ts';
import { workerWatch } from './middleware/worker-watch.ts';
import { memoryLimits } from './rate-limits.ts';
import { allRoutes, healthRoutes } from './routes/index.ts';
import { createView } from './view.ts';

export type { Health, WebDeps } from './deps.ts';

export interface Web {
  readonly app: Koa<WebState, object>;
  /** @throws VisavisError `port_in_use` */
  listen(port: number, host: string): Promise<{ port: number; close(): Promise<void> }>;
}

/** The web site: middleware in the order in which a request passes it, then the routes. */
export function createWeb(deps: WebDeps): Web {
  const { store, clock, nudges, log, messages, production, trustedProxies } = deps;
  const limits = deps.limits ?? memoryLimits();
  const sessions = createSessions({ store, clock });
  const assets = loadAssets();
  const live = createLive({ clock, nudges });
  const workers = workerWatch({ store, clock });
  const view = createView({
    assets,
    sandbox: deps.sandbox,
    contact: deps.contact,
    languages: messages.languages,
    isAdmin: (ctx) => isAdmin(deps, ctx.state.account ?? null),
    workersAway: workers.isAway,
  });
  // With `proxy`, koa takes the address that the last trusted proxy saw, never what the visitor claims.
  const app = new Koa<WebState, object>({
    proxy: trustedProxies > 0,
    ...(trustedProxies > 0 ? { maxIpsCount: trustedProxies } : {}),
  });

  app.use(requestLog(log));
  app.use(securityHeaders(deps));
  app.use(chooseLanguage(messages));
  app.use(errorPage(view));
  app.use(assets.serve);
  app.use(healthRoutes(deps).routes());
  for (const step of session(app, sessions, production)) app.use(step);
  app.use(account(deps));
  app.use(rateLimit(limits, 'everything'));
  app.use(body);
  app.use(requireCsrfToken);
  app.use(workers.middleware);
  for (const router of allRoutes({ ...deps, limits, sessions, view, live })) {
    app.use(router.routes());
  }

  app.on('error', (error: { code?: unknown }) => {
    // Somebody closed a page while it was being sent.
    if (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ECONNRESET') return;
    log.error({ err: error }, 'an answer could not be sent');
  });

  return {
    app,
    async listen(port, host) {
      const server = app.listen(port, host);
      await new Promise<void>((resolve, reject) => {
        server.once('listening', resolve);
        server.once('error', (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EADDRINUSE') return reject(error);
          reject(
            new VisavisError(
              'port_in_use',
              `port ${port} is taken by another program; choose another one with PORT=…`,
              { cause: error },
            ),
          );
        });
      });
      const prune = setInterval(() => {
        sessions.prune().catch((error: unknown) => log.warn({ err: error }, 'old sessions were not deleted'));
      }, 60 * 60_000);
      prune.unref();
      return {
        port: (server.address() as AddressInfo).port,
        async close() {
          clearInterval(prune);
          live.closeAll();
          await new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeIdleConnections();
            // Whoever is still loading has a moment to finish.
            setTimeout(() => server.closeAllConnections(), 2000).unref();
          });
        },
      };
    },
  };
}
