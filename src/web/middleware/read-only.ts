import { VisavisError } from '../../core/platform/errors.ts';
import type { ReadOnly } from '../../core/platform/read-only.ts';
import type { WebMiddleware } from '../context.ts';

/** Whoever turns the switch off has to get in, and everybody can leave and read. */
const ALLOWED = ['/admin/read-only', '/sign-out', '/sign-out-everywhere', '/language'];

/**
 * While an administrator has made the site read-only, pages say so and nothing is taken from any form. What was under
 * way when the switch was turned is refused in the core, where the rights are checked.
 */
export function readOnly(switched: ReadOnly): WebMiddleware {
  return async (ctx, next) => {
    ctx.state.readOnly = await switched.state();
    const isForm = !['GET', 'HEAD', 'OPTIONS'].includes(ctx.method);
    if (ctx.state.readOnly && isForm && !ALLOWED.includes(ctx.path)) {
      throw new VisavisError('read_only', ctx.state.t('web-error-read-only'), {
        details: { retryAfter: 60 },
      });
    }
    await next();
  };
}
