import { readCentralId } from '../../core/origins/central-id.ts';
import { changesSince, dryRun, FRAGMENT_MS, fragmentFor } from '../../core/origins/fragment.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { hasBearer } from '../bearer.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import type { WebDeps } from '../deps.ts';
import { query } from '../form.ts';
import { originDeps } from '../middleware/data-sources.ts';

/** For a wiki that uses the lists (`docs/origins.md`): before sessions, because servers have none. */
export function cspWikiRoutes(deps: WebDeps): WebRouter {
  const origins = originDeps(deps);
  const router = newRouter();

  router.get('/api/csp/users/:user/fragment', async (ctx) => {
    if (!isServed(ctx)) return;
    const { fragment, etag } = await fragmentFor(origins, userOf(ctx));
    ctx.set('Cache-Control', `private, max-age=${FRAGMENT_MS / 1_000}`);
    ctx.set('Vary', 'Authorization');
    ctx.set('ETag', etag);
    if (hasTag(ctx, etag)) ctx.status = 304;
    else ctx.body = fragment;
  });

  /** Changes nothing: whether the user could add it. */
  router.get('/api/csp/users/:user/check', async (ctx) => {
    if (!isServed(ctx)) return;
    const considered = await dryRun(origins, { user: userOf(ctx), input: query(ctx, 'origin') });
    ctx.set('Cache-Control', 'no-store');
    ctx.body = considered.ok
      ? { ok: true, value: considered.origin.value, notes: considered.origin.notes, bytes: considered.bytes }
      : considered;
  });

  router.get('/api/csp/changes', async (ctx) => {
    if (!isServed(ctx)) return;
    const since = query(ctx, 'since') || '0';
    if (!/^\d{1,15}$/.test(since))
      throw new VisavisError('bad_input', 'since is the number that the last answer gave as next.');
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await changesSince(origins, Number(since));
  });

  return router;

  /** As `/metrics`: nowhere without a token in the configuration, and 401 without it in the request. */
  function isServed(ctx: WebContext): boolean {
    if (!deps.originsToken) {
      ctx.status = 404;
      ctx.body = { error: 'not_found', message: 'Set VISAVIS_ORIGINS_TOKEN to serve lists to a wiki.' };
      return false;
    }
    if (hasBearer(ctx, deps.originsToken)) return true;
    ctx.status = 401;
    ctx.set('WWW-Authenticate', 'Bearer');
    ctx.body = { error: 'not_signed_in', message: 'Send VISAVIS_ORIGINS_TOKEN as a bearer token.' };
    return false;
  }
}

/** RFC 9110, 13.1.2: tags are compared weakly. Not koa's `fresh`: a `no-cache` of the client would undo it. */
function hasTag(ctx: WebContext, etag: string): boolean {
  const given = ctx
    .get('If-None-Match')
    .split(',')
    .map((tag) => tag.trim().replace(/^W\//, ''));
  return given.includes(etag) || given.includes('*');
}

function userOf(ctx: WebContext): number {
  const user = readCentralId(ctx.params.user ?? '');
  if (user === null) throw new VisavisError('bad_input', 'A central id is a whole number from 1 on.');
  return user;
}
