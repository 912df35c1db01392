import Router from '@koa/router';
import type { Context } from 'koa';
import type { Wiki } from '../context.ts';
import type { Json } from '../json.ts';
import type { MischiefRule } from '../misbehave.ts';
import { OAuthError } from '../oauth/errors.ts';
import { answerResource } from '../oauth/profile.ts';
import { type AuthorizationRequest, readRequest, UnknownScope, withParams } from '../oauth/request.ts';
import { answerToken } from '../oauth/token.ts';
import { message } from '../pages/special-pages.ts';
import type { BrowserSession } from '../state/browser-sessions.ts';
import { fingerprint } from '../state/secrets.ts';
import { formOf, sendPage, sessionOf } from './browser.ts';

const AUTHORIZE = '/w/rest.php/oauth2/authorize';

/** The OAuth 2 endpoints. */
export function oauthRoutes(wiki: Wiki): Router {
  const router = new Router();
  router.get(AUTHORIZE, (ctx) => authorize(wiki, ctx));
  router.get('/w/rest.php/oauth2/access_token', (ctx) => {
    ctx.set('Allow', 'POST');
    const text = 'The request method (GET) was not the allowed method for this path (POST)';
    json(ctx, 405, { messageTranslations: { en: text }, httpCode: 405, httpReason: 'Method Not Allowed' });
  });
  router.post('/w/rest.php/oauth2/access_token', (ctx) => {
    ctx.set({ 'Cache-Control': 'no-store', Pragma: 'no-cache' });
    answer(ctx, 'application/json; charset=UTF-8', () => {
      if (mischiefOf(ctx)?.kind === 'readonly') throw readOnly();
      return answerToken(wiki, formOf(ctx), ctx.get('Authorization'));
    });
  });
  router.get('/w/rest.php/oauth2/resource/:type', (ctx) => {
    const { type } = ctx.params;
    if (type !== 'profile' && type !== 'scopes') return unknownResource(ctx, String(type));
    const authorization = ctx.get('Authorization');
    if (!authorization) return noAuthorization(ctx);
    answer(ctx, 'text/html; charset=UTF-8', () => {
      if (mischiefOf(ctx)?.kind === 'database_down') throw databaseDown();
      return answerResource(wiki, type, authorization);
    });
  });
  return router;
}

function authorize(wiki: Wiki, ctx: Context) {
  try {
    const query = new URLSearchParams(ctx.querystring);
    const request = readRequest(wiki, query);
    const session = sessionOf(wiki, ctx);
    const user = session?.user_id;
    if (!session || typeof user !== 'number') return toLogin(wiki, ctx);
    if (query.get('approval_cancel') === '1') return deny(ctx, request);
    const asked = ctx.querystring.replace(/&approval_pass=1$/, '');
    if (query.get('approval_pass') === '1' && session.approved === fingerprint(asked)) {
      return giveCode(wiki, ctx, request, session, user);
    }
    return toConsent(wiki, ctx, request, asked);
  } catch (error) {
    if (error instanceof UnknownScope) {
      const { body } = OAuthError.invalidScope(error.scope);
      return goTo(ctx, 302, withParams(error.redirectUri, body as Record<string, string>));
    }
    if (!(error instanceof OAuthError)) throw error;
    ctx.set('Pragma', 'no-cache');
    sendPage(wiki, ctx, 'Application Connection Error', message(error.message));
  }
}

function toLogin(wiki: Wiki, ctx: Context) {
  const rest = new URLSearchParams({ rest_url: ctx.originalUrl });
  const back = new URLSearchParams({ returnto: 'Special:OAuth/rest redirect', returntoquery: `${rest}` });
  goTo(ctx, 307, `${wiki.urls.origin}/w/index.php?title=Special:UserLogin&${back}`);
}

function toConsent(wiki: Wiki, ctx: Context, { client, scopes }: AuthorizationRequest, asked: string) {
  const query = new URLSearchParams({
    returnto: AUTHORIZE,
    returntoquery: asked,
    client_id: client.id,
    oauth_version: '2',
    scope: scopes.join(' '),
  });
  goTo(ctx, 307, `${wiki.urls.origin}/w/index.php?title=Special:OAuth/approve&${query}`);
}

/** The original says `unauthorized_client`, not `access_denied`, and leaves the state out. */
function deny(ctx: Context, { redirectUri }: AuthorizationRequest): void {
  const text = 'User has rejected the request from client application';
  const params = { error: 'unauthorized_client', error_description: text, message: text };
  goTo(ctx, 302, withParams(redirectUri, params));
}

function giveCode(
  wiki: Wiki,
  ctx: Context,
  request: AuthorizationRequest,
  session: BrowserSession,
  user: number,
): void {
  wiki.store.sessions.setApproved(session.id, null);
  const code = wiki.store.tokens.addCode(
    {
      client_id: request.client.id,
      user_id: user,
      redirect_uri: request.sentRedirectUri,
      challenge: request.challenge,
      method: request.method,
      scopes: request.scopes.join(' '),
    },
    wiki.clock.now(),
  );
  const state = request.state === null ? {} : { state: request.state };
  goTo(ctx, 302, withParams(request.redirectUri, { code, ...state }));
}

function goTo(ctx: Context, status: 302 | 307, address: string): void {
  ctx.status = status;
  ctx.set('Location', address);
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'text/html; charset=UTF-8';
  ctx.body = '';
}

function answer(ctx: Context, type: string, make: () => Json): void {
  try {
    const body = make();
    ctx.status = 200;
    ctx.body = JSON.stringify(body);
    ctx.type = type;
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    if (error.status === 401 && ctx.get('Authorization').startsWith('Basic ')) {
      ctx.set('WWW-Authenticate', 'Basic realm="OAuth"');
    }
    json(ctx, error.status, error.body);
  }
}

function json(ctx: Context, status: number, body: Json): void {
  ctx.status = status;
  ctx.body = JSON.stringify(body);
  ctx.type = 'application/json';
}

function mischiefOf(ctx: Context): MischiefRule | null {
  return ctx.state.mischief as MischiefRule | null;
}

function readOnly(): OAuthError {
  const text =
    'The authorization server encountered an unexpected condition which prevented it from fulfilling the request: Database is read-only: Maintenance for the test';
  return new OAuthError('server_error', 500, text);
}

function databaseDown(): OAuthError {
  const text = 'Cannot access the database: No such file or directory (localhost:/nonexistent.sock)';
  return new OAuthError('unknown_error', 500, text);
}

function noAuthorization(ctx: Context): void {
  const text = 'Header value can not be an empty array.';
  const type = 'InvalidArgumentException';
  const exception = { id: '0', type, message: text, code: 0, url: ctx.path, caught_by: 'other' };
  json(ctx, 500, { message: `Error: exception of type ${type}: ${text}`, exception });
}

function unknownResource(ctx: Context, value: string): void {
  const text = `Unrecognized value for parameter "type": ${value}.`;
  json(ctx, 400, {
    error: 'parameter-validation-failed',
    name: 'type',
    value,
    failureCode: 'badvalue',
    failureData: [],
    messageTranslations: { en: text },
    httpCode: 400,
    httpReason: 'Bad Request',
  });
}
