import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { bodyParser } from '@koa/bodyparser';
import Koa from 'koa';
import { VisavisError } from '../core/platform/errors.ts';
import type { Wiki } from './context.ts';
import { apiRoutes } from './routes/api.ts';
import { watchAndMisbehave } from './routes/mischief.ts';
import { oauthRoutes } from './routes/oauth.ts';
import { pageRoutes } from './routes/pages.ts';
import { pictureRoutes } from './routes/pictures.ts';

/** Takes the port before there is anything to answer with, so that the address is known to the rest. */
export async function listen(host: string, port: number): Promise<Server> {
  const server = createServer();
  server.on('request', notYet);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === 'EADDRINUSE';
      reject(
        taken
          ? new VisavisError('port_in_use', `Port ${port} is taken by another program.`, { cause })
          : cause,
      );
    });
    server.listen(port, host, resolve);
  });
  return server;
}

/** Lets the server answer for the wiki. */
export function serve(server: Server, wiki: Wiki): void {
  const app = new Koa();
  // Koa writes errors to the console by itself; a cut connection is no news here.
  app.silent = true;
  app.use(bodyParser({ enableTypes: ['form'], formLimit: '4mb' }));
  app.use(watchAndMisbehave(wiki));
  for (const router of [apiRoutes(wiki), oauthRoutes(wiki), pictureRoutes(wiki), pageRoutes(wiki)]) {
    app.use(router.routes());
  }
  server.off('request', notYet);
  server.on('request', app.callback());
}

/** While the practice content is being made. */
function notYet(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(503, { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '2' });
  response.end('The pocket wiki is getting its practice photos ready.');
}

export async function stop(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
