import Koa from 'koa';
import { createSessions } from '../core/accounts/sessions.ts';
import { createReadOnly } from '../core/platform/read-only.ts';
import { isAdmin } from './access.ts';
import { loadAssets } from './assets.ts';
import type { WebState } from './context.ts';
import type { WebDeps } from './deps.ts';
import { listening } from './listen.ts';
import { createLive } from './live.ts';
import { account } from './middleware/account.ts';
import { body } from './middleware/body.ts';
import { requireCsrfToken } from './middleware/csrf.ts';
import { dataSourceHeaders } from './middleware/data-sources.ts';
import { errorPage } from './middleware/error-page.ts';
import { chooseLanguage } from './middleware/language.ts';
import { countRequests } from './middleware/metrics.ts';
import { noteChanges } from './middleware/own-changes.ts';
import { rateLimit } from './middleware/rate-limit.ts';
import { readOnly } from './middleware/read-only.ts';
import { requestLog } from './middleware/request-log.ts';
import { roleWatch } from './middleware/role-watch.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { session } from './middleware/session.ts';
import { createProjectList } from './project-list.ts';
import { memoryLimits } from './rate-limits.ts';
import { createReportCollector } from './routes/csp-reports.ts';
import { cspWikiRoutes } from './routes/csp-wiki.ts';
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
  const projects = createProjectList(deps);
  const chats = Boolean(deps.chats?.discord) || deps.chats?.matrix === true;
  const roles = roleWatch({ store, clock, chats });
  const reports = createReportCollector({ ...deps, limits, sessions });
  const view = createView({
    assets,
    sandbox: deps.sandbox,
    contact: deps.contact,
    languages: messages.languages,
    isAdmin,
    missingRoles: roles.missing,
  });
  // With `proxy`, koa takes the address that the last trusted proxy saw, never what the visitor claims.
  const app = new Koa<WebState, object>({
    proxy: trustedProxies > 0,
    ...(trustedProxies > 0 ? { maxIpsCount: trustedProxies } : {}),
  });

  app.use(reports.shed);
  app.use(requestLog(log));
  if (deps.metrics) app.use(countRequests(deps.metrics));
  app.use(securityHeaders(deps));
  app.use(chooseLanguage(messages));
  app.use(errorPage(view));
  app.use(assets.serve);
  app.use(healthRoutes(deps).routes());
  app.use(reports.router.routes());
  app.use(cspWikiRoutes(deps).routes());
  for (const step of session(app, sessions, production)) app.use(step);
  app.use(account(deps));
  app.use(rateLimit(limits, 'everything'));
  app.use(body);
  app.use(requireCsrfToken);
  app.use(readOnly(deps.readOnly ?? createReadOnly({ store, clock })));
  app.use(noteChanges(deps));
  app.use(roles.middleware);
  app.use(dataSourceHeaders(deps));
  for (const router of allRoutes({ ...deps, limits, sessions, view, live, projects })) {
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
      const at = await listening(server, port);
      const prune = setInterval(() => {
        sessions.prune().catch((error: unknown) => log.warn({ err: error }, 'old sessions were not deleted'));
      }, 60 * 60_000);
      prune.unref();
      const endReports = reports.begin();
      return {
        port: at,
        async close() {
          clearInterval(prune);
          live.closeAll();
          await new Promise<void>((resolve) => {
            server.close(() => resolve());
            server.closeIdleConnections();
            // Whoever is still loading has a moment to finish.
            setTimeout(() => server.closeAllConnections(), 2000).unref();
          });
          await endReports();
        },
      };
    },
  };
}
