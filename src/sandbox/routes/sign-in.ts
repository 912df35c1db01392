import type { Context } from 'koa';
import type { Wiki } from '../context.ts';
import { approvePage, grantsPage, loginPage, message } from '../pages/special-pages.ts';
import { fingerprint } from '../state/secrets.ts';
import { pagePath } from '../urls.ts';
import {
  formOf,
  openSession,
  queryOf,
  refuse,
  sendPage,
  sessionFor,
  sessionOf,
  viewerOf,
} from './browser.ts';

const AUTHORIZE = '/w/rest.php/oauth2/authorize';

export function login(wiki: Wiki, ctx: Context): void {
  const { returnto = '', returntoquery = '' } = queryOf(ctx);
  const viewer = viewerOf(wiki, sessionFor(wiki, ctx));
  sendPage(wiki, ctx, 'Log in', loginPage(wiki, viewer, { returnto, returntoquery }));
}

export function postLogin(wiki: Wiki, ctx: Context) {
  const form = formOf(ctx);
  const session = sessionOf(wiki, ctx);
  const user = wiki.store.users.byId(Number(form.user));
  if (!session || form.wpLoginToken !== session.csrf || !user?.maySignIn) {
    return refuse(wiki, ctx, 'This form is out of date. Open the login page again.', 403);
  }
  wiki.store.sessions.close(session.id);
  openSession(wiki, ctx, user.id);
  ctx.redirect(wayBack(form.returnto ?? '', form.returntoquery ?? ''));
}

/** Only to our own pages, and to the authorization endpoint on whose behalf somebody logged in. */
function wayBack(returnto: string, returntoquery: string): string {
  if (returnto === 'Special:OAuth/rest redirect') {
    const rest = new URLSearchParams(returntoquery).get('rest_url') ?? '';
    return rest.startsWith(`${AUTHORIZE}?`) ? rest : '/';
  }
  return returnto === '' ? '/' : pagePath(returnto);
}

export function postLogout(wiki: Wiki, ctx: Context): void {
  const session = sessionOf(wiki, ctx);
  if (session && formOf(ctx).wpEditToken === session.csrf) wiki.store.sessions.close(session.id);
  ctx.redirect('/');
}

export function consent(wiki: Wiki, ctx: Context) {
  const { client_id: id, scope = '', returnto = '', returntoquery = '' } = queryOf(ctx);
  const viewer = viewerOf(wiki, sessionOf(wiki, ctx));
  const client = wiki.clients.find((one) => one.id === id);
  if (!viewer.user) return login(wiki, ctx);
  if (!client) return refuse(wiki, ctx, 'Unknown application.', 404);
  sendPage(
    wiki,
    ctx,
    'Connect an application',
    approvePage(viewer, client, { scope, returnto, returntoquery }),
  );
}

/** Back to the authorization endpoint with the person's answer, which counts once and for this request alone. */
export function postConsent(wiki: Wiki, ctx: Context) {
  const form = formOf(ctx);
  const session = sessionOf(wiki, ctx);
  if (!session || form.wpEditToken !== `${session.csrf}+\\` || form.returnto !== AUTHORIZE) {
    return refuse(wiki, ctx, 'This form is out of date. Start again at the application.', 403);
  }
  const asked = form.returntoquery ?? '';
  const allowed = form.accept !== undefined && form.cancel === undefined;
  wiki.store.sessions.setApproved(session.id, allowed ? fingerprint(asked) : null);
  const flag = allowed ? 'approval_pass' : 'approval_cancel';
  ctx.redirect(`${wiki.urls.origin}${AUTHORIZE}?${asked}&${flag}=1`);
}

export function postRevoke(wiki: Wiki, ctx: Context) {
  const form = formOf(ctx);
  const session = sessionOf(wiki, ctx);
  const viewer = viewerOf(wiki, session);
  if (!session || !viewer.user || form.wpEditToken !== session.csrf || !form.revoke) {
    return refuse(wiki, ctx, 'This form is out of date.', 403);
  }
  wiki.store.tokens.revokeGrant(viewer.user.id, form.revoke);
  const done = message("The application's access to your account has been revoked.");
  const left = wiki.store.tokens.grantsOf(viewer.user.id);
  sendPage(wiki, ctx, 'Connected applications', left.length > 0 ? grantsPage(wiki, viewer) : done);
}
