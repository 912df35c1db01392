import type { Context, Middleware, Next } from 'koa';
import type { Wiki } from '../context.ts';
import type { MischiefRule } from '../misbehave.ts';
import { formOf, queryOf } from './browser.ts';

/** Writes every request down, and carries out what a test asked to go wrong on the way. */
export function watchAndMisbehave(wiki: Wiki): Middleware {
  return async (ctx, next) => {
    const params = { ...queryOf(ctx), ...formOf(ctx) };
    const end = wiki.requests.begin({
      method: ctx.method,
      path: ctx.path,
      params,
      userAgent: ctx.get('User-Agent'),
      authorized: ctx.get('Authorization') !== '',
      at: wiki.clock.now(),
    });
    let status: number | null = null;
    try {
      const mischief = wiki.misbehave.take({ method: ctx.method, path: ctx.path, params });
      ctx.state.mischief = mischief;
      await onTheWay(ctx, next, mischief);
      status = ctx.respond === false ? null : ctx.status;
    } finally {
      end(status);
    }
  };
}

async function onTheWay(ctx: Context, next: Next, mischief: MischiefRule | null): Promise<void> {
  switch (mischief?.kind) {
    case 'lost_request':
      return cut(ctx);
    case 'lost_answer':
      await next();
      return cut(ctx);
    case 'http503':
      return fail(
        ctx,
        503,
        mischief,
        'Our servers are currently under maintenance or experiencing a technical problem.',
      );
    case 'http429':
      return fail(ctx, 429, mischief, 'Too many requests');
    case 'html':
      return fail(ctx, 200, mischief, 'This is not what you asked for.');
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, mischief.ms ?? 1000));
      return await next();
    default:
      return await next();
  }
}

function cut(ctx: Context): void {
  ctx.respond = false;
  ctx.req.socket.destroy();
}

function fail(ctx: Context, status: number, { seconds }: MischiefRule, text: string): void {
  ctx.status = status;
  ctx.type = 'text/html; charset=utf-8';
  if (seconds !== undefined) ctx.set('Retry-After', String(seconds));
  ctx.body = `<!doctype html><title>Error</title><h1>Error</h1><p>${text}</p>`;
}
