import type { OriginDeps } from '../../core/origins/deps.ts';
import { pageHeaders } from '../../core/origins/page-policy.ts';
import { ENFORCED, REPORT_ONLY } from '../../core/origins/policy.ts';
import type { WebContext, WebMiddleware } from '../context.ts';
import type { WebDeps } from '../deps.ts';
import { sitePolicy } from './security-headers.ts';

/**
 * Pages on which somebody shows who they are or decides what is allowed: never any data from elsewhere. The router
 * does not mind capital letters.
 */
const BARE = /^\/(sign-in|oauth|data-sources|admin|account|link|join)(\/|$)/i;

/** What the core needs to decide about origins. */
export function originDeps(deps: WebDeps): OriginDeps {
  return {
    store: deps.store,
    clock: deps.clock,
    publicUrl: deps.publicUrl,
    policy: sitePolicy(deps),
  };
}

/**
 * The policy of a page with the origins that its reader opted in to. Answers to forms, files and pages of errors keep
 * the one without.
 */
export function dataSourceHeaders(deps: WebDeps): WebMiddleware {
  const origins = originDeps(deps);
  return async (ctx, next) => {
    if (ctx.method !== 'GET' || !ctx.accepts('html')) return next();
    const plain = ctx.response.get(ENFORCED);
    const project = /^\/projects\/([1-9]\d{0,14})(\/|$)/i.exec(ctx.path)?.[1];
    const headers = await pageHeaders(
      { ...origins, log: ctx.state.log },
      {
        accountId: ctx.state.account?.id ?? null,
        kind: BARE.test(ctx.path) ? 'bare' : 'ordinary',
        projectId: project === undefined ? null : Number(project),
      },
    );
    ctx.remove(ENFORCED);
    for (const [name, value] of headers) ctx.append(name, value);
    try {
      await next();
    } catch (error) {
      withoutSources(ctx, plain);
      throw error;
    }
    if (ctx.status >= 400) withoutSources(ctx, plain);
  };
}

function withoutSources(ctx: WebContext, plain: string): void {
  ctx.remove(REPORT_ONLY);
  ctx.set(ENFORCED, plain);
}
