import { randomBytes, timingSafeEqual } from 'node:crypto';
import { VisavisError } from '../../core/platform/errors.ts';
import type { WebContext, WebMiddleware } from '../context.ts';
import { field } from '../form.ts';

/** Every request that may change something states the token of its session, in a field or a header. */
export const requireCsrfToken: WebMiddleware = async (ctx, next) => {
  if (!['GET', 'HEAD', 'OPTIONS'].includes(ctx.method)) {
    const wanted = ctx.state.session.data.csrf;
    const given = field(ctx, 'csrf') || ctx.get('X-CSRF-Token');
    if (!wanted || !isEqual(wanted, given)) {
      throw new VisavisError('forbidden', ctx.state.t('web-error-csrf'), { details: { reason: 'csrf' } });
    }
  }
  await next();
};

/** The token for the forms of this session, made when the first form is shown. */
export function csrfToken(ctx: WebContext): string {
  const { data } = ctx.state.session;
  data.csrf ??= newCsrfToken();
  return data.csrf;
}

export function newCsrfToken(): string {
  return randomBytes(24).toString('base64url');
}

function isEqual(wanted: string, given: string): boolean {
  const a = Buffer.from(wanted);
  const b = Buffer.from(given);
  return a.length === b.length && timingSafeEqual(a, b);
}
