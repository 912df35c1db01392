import { randomBytes } from 'node:crypto';
import { signIn } from '../../core/accounts/accounts.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { query } from '../form.ts';
import { newCsrfToken } from '../middleware/csrf.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { safePath } from '../safe-path.ts';
import type { RouteDeps } from './index.ts';

/** Signing in with the wiki (OAuth 2 with PKCE), and out. */
export function signInRoutes(deps: RouteDeps): WebRouter {
  const { oauth, limits, sessions, log } = deps;
  const router = newRouter();

  router.get('/sign-in', rateLimit(limits, 'signIn'), async (ctx) => {
    const next = safePath(query(ctx, 'next'));
    if (ctx.state.account) return ctx.redirect(next);
    const { codeVerifier, codeChallenge } = await oauth.newChallenge();
    const state = randomBytes(32).toString('base64url');
    ctx.state.session.data.signIn = { state, codeVerifier, next };
    ctx.redirect(oauth.authorizationUrl({ state, codeChallenge }).href);
  });

  router.get('/oauth/callback', rateLimit(limits, 'signIn'), async (ctx) => {
    const { data } = ctx.state.session;
    const pending = data.signIn;
    // Used once, whatever comes of it.
    delete data.signIn;
    if (!pending) {
      throw new VisavisError('sign_in_refused', ctx.state.t('web-sign-in-not-begun'), {
        details: { reason: 'state' },
      });
    }
    const tokens = await oauth.exchangeCode({
      parameters: new URLSearchParams(ctx.querystring),
      state: pending.state,
      codeVerifier: pending.codeVerifier,
    });
    const profile = await oauth.profile(tokens.accessToken);
    if (deps.allowedUsers && !deps.allowedUsers.includes(profile.username)) {
      throw new VisavisError('forbidden', ctx.state.t('web-sign-in-not-on-list', profile.username));
    }
    const account = await signIn(deps, { profile, tokens });
    data.accountId = account.id;
    // Forms from before belong to nobody; an id that somebody may have known is worth nothing now.
    data.csrf = newCsrfToken();
    await ctx.state.session.rotate();
    log.info({ account: account.id }, 'signed in');
    ctx.redirect(pending.next);
  });

  router.post('/sign-out', (ctx) => {
    ctx.state.session.end();
    ctx.status = 303;
    ctx.redirect('/?done=signed-out');
  });

  router.post('/sign-out-everywhere', async (ctx) => {
    if (ctx.state.account) await sessions.endAll(ctx.state.account.id);
    ctx.state.session.end();
    ctx.status = 303;
    ctx.redirect('/?done=signed-out');
  });

  return router;
}
