import Router from '@koa/router';
import type { Context } from 'koa';
import type { Wiki } from '../context.ts';
import { findItem, itemLabel } from '../entity/entities.ts';
import { categoryContent } from '../pages/category-page.ts';
import { filePageContent } from '../pages/file-page.ts';
import { itemContent } from '../pages/item-page.ts';
import { grantsPage, mainPage, message, recentChanges } from '../pages/special-pages.ts';
import { STYLE } from '../pages/style.ts';
import { parseTitle } from '../titles.ts';
import { pagePath } from '../urls.ts';
import { queryOf, refuse, sendPage, sessionOf, viewerOf } from './browser.ts';
import { consent, login, postConsent, postLogin, postLogout, postRevoke } from './sign-in.ts';

/** Pages for people. */
export function pageRoutes(wiki: Wiki): Router {
  const router = new Router();
  router.get('/pocket/style.css', (ctx) => {
    ctx.type = 'text/css; charset=utf-8';
    ctx.set('Cache-Control', 'max-age=300');
    ctx.body = STYLE;
  });
  router.get('/favicon.ico', (ctx) => {
    ctx.status = 204;
  });
  router.get('/', (ctx) => ctx.redirect(pagePath('Main Page')));
  router.get(/^\/entity\//, (ctx) => ctx.redirect(pagePath(`Item:${titleIn(ctx, '/entity/')}`)));
  router.get('/w/index.php', (ctx) => {
    const { title, curid } = queryOf(ctx);
    const named = curid === undefined ? title : wiki.store.pages.byId(Number(curid))?.title;
    return show(wiki, ctx, named ?? 'Main Page');
  });
  router.get(/^\/wiki\//, (ctx) => show(wiki, ctx, titleIn(ctx, '/wiki/')));
  router.post('/wiki/Special\\:UserLogin', (ctx) => postLogin(wiki, ctx));
  router.post('/wiki/Special\\:UserLogout', (ctx) => postLogout(wiki, ctx));
  router.post('/wiki/Special\\:OAuth/approve', (ctx) => postConsent(wiki, ctx));
  router.post('/wiki/Special\\:OAuthManageMyGrants', (ctx) => postRevoke(wiki, ctx));
  return router;
}

function titleIn(ctx: Context, prefix: string): string {
  try {
    return decodeURIComponent(ctx.path.slice(prefix.length));
  } catch {
    return '';
  }
}

function show(wiki: Wiki, ctx: Context, raw: string) {
  const title = parseTitle(raw);
  if (title.ns === -1) return special(wiki, ctx, title.text);
  if (title.full === 'Main Page') return sendPage(wiki, ctx, 'Welcome to the pocket wiki', mainPage());
  if (/^[QP]\d+$/i.test(title.full)) return ctx.redirect(pagePath(`Item:${title.full.toUpperCase()}`));
  const page = wiki.store.pages.byTitle(title.full);
  if (page?.redirect) return ctx.redirect(pagePath(page.redirect));
  if (title.ns === 14)
    return sendPage(wiki, ctx, title.full, categoryContent(wiki, title.full), page ? 200 : 404);
  const file = page && wiki.store.files.of(page.id);
  if (page && file) return sendPage(wiki, ctx, page.title, filePageContent(wiki, page, file));
  const found = title.ns === 120 ? findItem(wiki.store, title.text) : undefined;
  if (found) return sendPage(wiki, ctx, itemLabel(wiki.store, found.item.id), itemContent(wiki, found.item));
  sendPage(wiki, ctx, title.full, message('There is no page with this name here.'), 404);
}

function special(wiki: Wiki, ctx: Context, name: string) {
  switch (name) {
    case 'RecentChanges':
      return sendPage(wiki, ctx, 'Recent changes', recentChanges(wiki));
    case 'UserLogin':
      return login(wiki, ctx);
    case 'OAuth/approve':
      return consent(wiki, ctx);
    case 'OAuthManageMyGrants':
      return sendPage(
        wiki,
        ctx,
        'Connected applications',
        grantsPage(wiki, viewerOf(wiki, sessionOf(wiki, ctx))),
      );
    default:
      if (name.startsWith('EntityPage/'))
        return ctx.redirect(pagePath(`Item:${name.slice('EntityPage/'.length)}`));
      return refuse(wiki, ctx, 'There is no special page with this name here.', 404);
  }
}
