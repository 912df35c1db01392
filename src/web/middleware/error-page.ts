import { type ErrorCode, VisavisError } from '../../core/platform/errors.ts';
import { refusal } from '../../core/platform/refusals.ts';
import { wordsOf } from '../../core/platform/words.ts';
import type { WebContext, WebMiddleware } from '../context.ts';
import { safePath } from '../safe-path.ts';
import type { View } from '../view.ts';

/**
 * Turns whatever was thrown into a page or JSON. Our own errors keep their words; others are logged with the
 * request's id, and the reader gets that id and nothing else.
 */
export function errorPage(view: View): WebMiddleware {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body == null) {
        throw new VisavisError('not_found', ctx.state.t('web-error-no-page'));
      }
    } catch (thrown) {
      const error = asVisavisError(thrown);
      if (error.status >= 500 && error.code !== 'read_only')
        ctx.state.log.error({ err: thrown, code: error.code }, 'request failed');
      const retryAfter = error.details.retryAfter;
      if (typeof retryAfter === 'number') ctx.set('Retry-After', String(retryAfter));
      ctx.status = error.status;
      const message = wordsOf(ctx.state.t, error);
      const wantsJson = ctx.path.startsWith('/api/') || ctx.accepts('html', 'json') === 'json';
      if (wantsJson) {
        ctx.body = { error: error.code, message, request: ctx.state.requestId };
        return;
      }
      view.render(ctx, 'error', {
        title: ctx.state.t(titleKey(error.code)),
        message,
        code: error.code,
        requestId: error.status >= 500 && error.code !== 'read_only' ? ctx.state.requestId : null,
        path: ctx.method === 'GET' ? ctx.path + ctx.search : cameFrom(ctx),
        back: ctx.method === 'GET' ? '/' : cameFrom(ctx),
      });
    }
  };
}

/** The page with the form that was sent, as the browser tells it; `/` when it does not, or names another site. */
function cameFrom(ctx: WebContext): string {
  const referrer = ctx.get('Referer');
  if (!URL.canParse(referrer)) return '/';
  const url = new URL(referrer);
  if (url.host !== ctx.host) return '/';
  // What it said was done belongs to an earlier form.
  url.searchParams.delete('done');
  return safePath(url.pathname + url.search);
}

function asVisavisError(thrown: unknown): VisavisError {
  if (thrown instanceof VisavisError) return thrown;
  // Koa and its parsers throw http-errors.
  const status = (thrown as { status?: unknown } | null)?.status;
  if (status === 413) return refusal('too-much-at-once', [], { cause: thrown });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return refusal('unreadable-request', [], { cause: thrown });
  }
  return new VisavisError('internal', 'internal', { cause: thrown });
}

const TITLES: Partial<Record<ErrorCode, string>> = {
  bad_input: 'web-error-title-bad-input',
  not_signed_in: 'web-error-title-not-signed-in',
  forbidden: 'web-error-title-forbidden',
  not_found: 'web-error-title-not-found',
  file_unreadable: 'web-error-title-not-found',
  conflict: 'web-error-title-conflict',
  too_large: 'web-error-title-too-large',
  rate_limited: 'web-error-title-rate-limited',
  link_expired: 'web-error-title-link-expired',
  sign_in_refused: 'web-error-title-sign-in',
  read_only: 'web-error-title-read-only',
  wiki: 'web-error-title-wiki',
};

function titleKey(code: ErrorCode): string {
  return TITLES[code] ?? 'web-error-title-internal';
}
