import { confirmLink, findLinkRequest } from '../../core/accounts/linking.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { requireActive } from '../access.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { seeOther } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import type { RouteDeps } from './index.ts';

/**
 * Confirms that a chat name belongs to an account. The page names both, and nothing is linked before the
 * person says so on it: a link that somebody else sent must not be enough.
 */
export function linkRoutes(deps: RouteDeps): WebRouter {
  const { view, limits } = deps;
  const router = newRouter();

  router.get('/link/:token', async (ctx) => {
    const token = ctx.params.token ?? '';
    const request = await findLinkRequest(deps, token);
    if (!request) throw new VisavisError('not_found', ctx.state.t('web-link-unknown'));
    if (request.state !== 'open') {
      throw new VisavisError('link_expired', ctx.state.t(`web-link-${request.state}`));
    }
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'link', { request, token });
  });

  router.post('/link/:token', rateLimit(limits, 'link'), async (ctx) => {
    const account = requireActive(ctx);
    await confirmLink(deps, ctx.params.token ?? '', account.id);
    // The bot tells them in the chat, without waiting for its next look.
    deps.nudges.nudge('posts');
    seeOther(ctx, '/account?done=linked');
  });

  return router;
}
