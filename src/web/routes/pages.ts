import { botInvites } from '../channels.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { lastChange } from '../middleware/own-changes.ts';
import type { RouteDeps } from './index.ts';

/** The pages that explain. */
export function pageRoutes(deps: RouteDeps): WebRouter {
  const { view } = deps;
  const router = newRouter();

  router.get('/', async (ctx) => {
    const projects = await deps.projects.get(lastChange(ctx));
    view.render(ctx, 'home', { projects: projects.slice(0, 6), more: projects.length > 6 });
  });

  router.get('/help', async (ctx) =>
    view.render(ctx, 'help', { invites: await botInvites(deps), commands: deps.commands ?? [] }),
  );
  router.get('/privacy', (ctx) => view.render(ctx, 'privacy'));

  router.get('/robots.txt', (ctx) => {
    ctx.type = 'text';
    ctx.body =
      'User-agent: *\nDisallow: /room\nDisallow: /faces\nDisallow: /link\nDisallow: /join\nDisallow: /sign-in\n';
  });

  return router;
}
