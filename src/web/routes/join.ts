import { VisavisError } from '../../core/platform/errors.ts';
import { findInvitation, readInvitation, redeemInvitation } from '../../core/projects/invitations.ts';
import { roleOf } from '../../core/projects/members.ts';
import { requireActive } from '../access.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { query, seeOther } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import type { RouteDeps } from './index.ts';

/** Becoming a member by an invitation. The page names the project, and nothing happens before a yes on it. */
export function joinRoutes(deps: RouteDeps): WebRouter {
  const { view, store, limits } = deps;
  const router = newRouter();
  // Also for looking: whoever guesses codes looks first.
  const limited = rateLimit(limits, 'join');

  router.get('/join', limited, (ctx) => {
    const given = query(ctx, 'code');
    const code = readInvitation(given);
    if (code !== '') return ctx.redirect(`/join/${code}`);
    view.render(ctx, 'join-code', { given });
  });

  router.get('/join/:code', limited, async (ctx) => {
    const code = ctx.params.code ?? '';
    const invitation = await findInvitation(deps, code);
    if (!invitation) throw new VisavisError('not_found', ctx.state.t('web-join-unknown'));
    const { account } = ctx.state;
    const role = account ? await roleOf(store, invitation.projectId, account.id) : null;
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'join', { invitation, code: readInvitation(code), role });
  });

  router.post('/join/:code', limited, async (ctx) => {
    const account = requireActive(ctx);
    const code = ctx.params.code ?? '';
    const { projectId } = await redeemInvitation(deps, { code, accountId: account.id });
    seeOther(ctx, `/projects/${projectId}?done=joined`);
  });

  return router;
}
