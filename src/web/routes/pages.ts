import { listProjects } from '../../core/projects/projects.ts';
import { botInvites } from '../channels.ts';
import { newRouter, type WebRouter } from '../context.ts';
import type { RouteDeps } from './index.ts';

/** The pages that explain. */
export function pageRoutes(deps: RouteDeps): WebRouter {
  const { view, store } = deps;
  const router = newRouter();

  router.get('/', async (ctx) => {
    const projects = await listProjects(store);
    view.render(ctx, 'home', { projects: projects.slice(0, 6), more: projects.length > 6 });
  });

  router.get('/help', async (ctx) => view.render(ctx, 'help', { invites: await botInvites(deps) }));
  router.get('/privacy', (ctx) => view.render(ctx, 'privacy'));

  router.get('/robots.txt', (ctx) => {
    ctx.type = 'text';
    ctx.body =
      'User-agent: *\nDisallow: /room\nDisallow: /faces\nDisallow: /link\nDisallow: /join\nDisallow: /sign-in\n';
  });

  return router;
}
