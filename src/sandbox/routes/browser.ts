import type { Context } from 'koa';
import type { Wiki } from '../context.ts';
import type { Html } from '../html.ts';
import { layout, type Viewer } from '../pages/layout.ts';
import { message } from '../pages/special-pages.ts';
import type { BrowserSession } from '../state/browser-sessions.ts';

/** Cookies of `localhost` are shared by all ports, so the name says whose it is. */
const COOKIE = 'pocketwiki_session';

/** The form of a request, as plain text fields. */
export function formOf(ctx: Context): Record<string, string> {
  const body = (ctx.request as { body?: unknown }).body;
  return textFields(typeof body === 'object' && body !== null ? Object.entries(body) : []);
}

export function queryOf(ctx: Context): Record<string, string> {
  return textFields(Object.entries(ctx.query));
}

/** Of a field that comes twice the last one counts, as in PHP. */
function textFields(entries: [string, unknown][]): Record<string, string> {
  return Object.fromEntries(
    entries.map(([name, value]) => [name, String(Array.isArray(value) ? value.at(-1) : value)]),
  );
}

export function sessionOf(wiki: Wiki, ctx: Context): BrowserSession | undefined {
  const secret = ctx.cookies.get(COOKIE);
  return secret === undefined ? undefined : wiki.store.sessions.find(secret);
}

/** The session of this browser; a new one of nobody when it has none, so that forms can be guarded. */
export function sessionFor(wiki: Wiki, ctx: Context): BrowserSession {
  return sessionOf(wiki, ctx) ?? openSession(wiki, ctx, null);
}

export function openSession(wiki: Wiki, ctx: Context, userId: number | null): BrowserSession {
  const secret = wiki.store.sessions.open(userId, wiki.clock.now());
  ctx.cookies.set(COOKIE, secret, { httpOnly: true, sameSite: 'lax', overwrite: true });
  const session = wiki.store.sessions.find(secret);
  if (!session) throw new Error('the session was not kept');
  return session;
}

export function viewerOf(wiki: Wiki, session: BrowserSession | undefined): Viewer {
  const id = session?.user_id ?? null;
  return { user: id === null ? null : (wiki.store.users.byId(id) ?? null), csrf: session?.csrf ?? '' };
}

/** Sends a page for people, with headers that allow nothing but our own style and pictures. */
export function sendPage(wiki: Wiki, ctx: Context, title: string, content: Html, status = 200): void {
  // Answering the consent form leads on to the client, which counts as a target of the form.
  const targets = wiki.clients.map((client) => new URL(client.redirectUri).origin);
  ctx.status = status;
  ctx.type = 'text/html; charset=UTF-8';
  ctx.set(
    'Content-Security-Policy',
    `default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action ${[...new Set(["'self'", ...targets])].join(' ')}`,
  );
  ctx.set('X-Frame-Options', 'DENY');
  ctx.body = layout(title, viewerOf(wiki, sessionOf(wiki, ctx)), content);
}

export function refuse(wiki: Wiki, ctx: Context, text: string, status: number): void {
  sendPage(wiki, ctx, 'Something is not right', message(text), status);
}
