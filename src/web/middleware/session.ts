import { randomBytes } from 'node:crypto';
import type Koa from 'koa';
import createSession from 'koa-session';
import { SESSION_LIFETIME_MS, type SessionData, type Sessions } from '../../core/accounts/sessions.ts';
import type { WebContext, WebMiddleware, WebState } from '../context.ts';

/** The browser's session. What is put into `data` is kept. */
export interface BrowserSession {
  readonly data: SessionData;
  /** A new id for the same data, and the old id is worth nothing: after every sign-in. */
  rotate(): Promise<void>;
  end(): void;
}

/** What koa-session puts on the context. */
interface KoaSession {
  regenerate(): Promise<void>;
}
interface SessionHolder {
  session: (SessionData & KoaSession) | null;
}

/** Browsers take a __Host- cookie only over https, for this host and all its paths. */
export function sessionCookie(production: boolean): string {
  return production ? '__Host-visavis' : 'visavis';
}

/**
 * Sessions on the server; the cookie holds nothing but a random id. An id that the server does not know is
 * never taken over, so nobody can be given a session that somebody else knows.
 */
export function session(
  app: Koa<WebState, object>,
  sessions: Sessions,
  production: boolean,
): WebMiddleware[] {
  const loaded = new WeakMap<object, string>();
  const keep = createSession(
    {
      key: sessionCookie(production),
      maxAge: SESSION_LIFETIME_MS,
      httpOnly: true,
      sameSite: 'lax',
      secure: production,
      overwrite: true,
      signed: false,
      genid: () => randomBytes(32).toString('base64url'),
      store: {
        async get(id: string, _maxAge: unknown, { ctx }: { ctx?: object }) {
          const data = await sessions.read(id);
          if (data && ctx) loaded.set(ctx, id);
          return data;
        },
        async set(id: string, data: SessionData, _maxAge: unknown, { ctx }: { ctx?: object }) {
          if (ctx && loaded.get(ctx) === id) return sessions.update(id, data);
          await sessions.create(id, data);
          if (ctx) loaded.set(ctx, id);
        },
        destroy: (id: string) => sessions.end(id),
      },
    },
    app,
  );

  const begin: WebMiddleware = async (ctx, next) => {
    // Behind a proxy that ends https the connection itself is plain; in production the cookie is Secure always.
    if (production) ctx.cookies.secure = true;
    await next();
  };
  const expose: WebMiddleware = async (ctx, next) => {
    ctx.state.session = {
      get data() {
        return holder(ctx).session ?? {};
      },
      async rotate() {
        await holder(ctx).session?.regenerate();
      },
      end() {
        holder(ctx).session = null;
      },
    };
    await next();
  };
  return [begin, keep, expose];
}

function holder(ctx: WebContext): SessionHolder {
  return ctx as unknown as SessionHolder;
}
