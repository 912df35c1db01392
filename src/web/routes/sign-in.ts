import { randomBytes } from 'node:crypto';
import { type Standing, signIn, withStanding } from '../../core/accounts/accounts.ts';
import { barOf, needsStanding, OPEN_TO_ALL } from '../../core/accounts/eligibility.ts';
import { resumeRunsOf } from '../../core/depicts/resume.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import type { Tokens } from '../../core/wiki/oauth.ts';
import type { Profile } from '../../core/wiki/oauth-profile.ts';
import { wikiErrorDetails } from '../../core/wiki/wiki-error.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { query, seeOther } from '../form.ts';
import { newCsrfToken } from '../middleware/csrf.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import { safePath } from '../safe-path.ts';
import { barMessage, inWords } from '../sign-in-words.ts';
import type { RouteDeps } from './index.ts';

/** Signing in with the wiki (OAuth 2 with PKCE), and out. */
export function signInRoutes(deps: RouteDeps): WebRouter {
  const { oauth, limits, sessions, log, wiki, clock, rules = OPEN_TO_ALL } = deps;
  const router = newRouter();

  router.get('/sign-in', rateLimit(limits, 'signIn'), async (ctx) => {
    const next = safePath(query(ctx, 'next'));
    if (ctx.state.account && !ctx.state.linkBroken) return ctx.redirect(next);
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
    const { tokens, profile } = await inWords(ctx.state.t, async () => {
      const tokens = await oauth.exchangeCode({
        parameters: new URLSearchParams(ctx.querystring),
        state: pending.state,
        codeVerifier: pending.codeVerifier,
      });
      return { tokens, profile: await oauth.profile(tokens.accessToken) };
    });
    const standing = await standingOf(ctx, profile, tokens);
    const bar = barOf(rules, withStanding(profile, standing), clock.now());
    if (bar) throw new VisavisError('forbidden', barMessage(ctx.state.t, bar), { details: { ...bar } });
    const account = await signIn(deps, { profile, tokens, standing });
    await resumeRunsOf(deps, account);
    data.accountId = account.id;
    data.signedInAt = clock.now();
    // Forms from before belong to nobody; an id that somebody may have known is worth nothing now.
    data.csrf = newCsrfToken();
    await ctx.state.session.rotate();
    log.info({ account: account.id }, 'signed in');
    ctx.redirect(pending.next);
  });

  router.post('/sign-out', (ctx) => {
    ctx.state.session.end();
    seeOther(ctx, '/?done=signed-out');
  });

  router.post('/sign-out-everywhere', async (ctx) => {
    if (ctx.state.account) await sessions.endAll(ctx.state.account.id);
    ctx.state.session.end();
    seeOther(ctx, '/?done=signed-out');
  });

  return router;

  /**
   * How the person stands on the wiki with the files. When it cannot say so now, the profile's word is taken,
   * unless there are rules that depend on it.
   */
  async function standingOf(ctx: WebContext, profile: Profile, tokens: Tokens): Promise<Standing | null> {
    const account = {
      name: profile.username,
      accessToken: async () => tokens.accessToken,
      refresh: async () => tokens.accessToken,
    };
    try {
      return await wiki.userInfo(account);
    } catch (error) {
      const details = wikiErrorDetails(error);
      if (!details) throw error;
      if (details.kind !== 'later' || needsStanding(rules)) {
        await inWords(ctx.state.t, () => Promise.reject(error));
      }
      log.warn({ codes: details.codes }, 'somebody signed in whose standing is not known now');
      return null;
    }
  }
}
