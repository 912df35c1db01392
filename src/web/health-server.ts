import Koa from 'koa';
import type { WebState } from './context.ts';
import type { WebDeps } from './deps.ts';
import { listening } from './listen.ts';
import { healthRoutes } from './routes/health.ts';

/**
 * `/live`, `/ready`, `/health` and `/metrics` of a process that serves no pages: workers and bots on their own.
 * @throws VisavisError `port_in_use`
 */
export async function serveHealth(
  deps: Pick<WebDeps, 'store' | 'log' | 'health' | 'prometheus'>,
  port: number,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const app = new Koa<WebState, object>();
  app.use(healthRoutes(deps).routes());
  const server = app.listen(port, '127.0.0.1');
  return {
    port: await listening(server, port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
