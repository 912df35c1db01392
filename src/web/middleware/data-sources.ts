import type { OriginDeps } from '../../core/origins/deps.ts';
import { noticesFor } from '../../core/origins/notices.ts';
import { pagePolicy } from '../../core/origins/page-policy.ts';
import { ENFORCED, REPORT_ONLY } from '../../core/origins/policy.ts';
import type { WebContext, WebMiddleware } from '../context.ts';
import type { WebDeps } from '../deps.ts';
import { sitePolicy } from './security-headers.ts';

/**
 * Pages on which somebody shows who they are or decides what is allowed: never any data from elsewhere. The router
 * does not mind capital letters.
 */
const BARE = /^\/((sign-in|oauth|data-sources|admin|account|link|join)|projects\/\d+\/data-sources)(\/|$)/i;

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
    const accountId = ctx.state.account?.id ?? null;
    const project = /^\/projects\/([1-9]\d{0,14})(\/|$)/i.exec(ctx.path)?.[1];
    const { headers, sent } = await pagePolicy(
      { ...origins, log: ctx.state.log },
      {
        accountId,
        kind: BARE.test(ctx.path) ? 'bare' : 'ordinary',
        projectId: project === undefined ? null : Number(project),
      },
    );
    for (const [name] of headers) ctx.remove(name);
    // While the policy is only reported, there is none that is enforced.
    ctx.remove(ENFORCED);
    for (const [name, value] of headers) ctx.append(name, value);
    ctx.state.sentSources = sent;
    if (accountId !== null) ctx.state.notices = await noticesFor(deps.store, accountId);
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
