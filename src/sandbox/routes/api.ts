import Router from '@koa/router';
import type { Context } from 'koa';
import { answerApi } from '../api/api.ts';
import type { Wiki } from '../context.ts';
import { html } from '../html.ts';
import type { MischiefRule } from '../misbehave.ts';
import { formOf, queryOf, sendPage } from './browser.ts';

/** `/w/api.php`. */
export function apiRoutes(wiki: Wiki): Router {
  const router = new Router();
  router.all('/w/api.php', (ctx) => {
    const answer = answerApi(wiki, {
      method: ctx.method,
      query: queryOf(ctx),
      form: formOf(ctx),
      authorization: ctx.get('Authorization'),
      mischief: ctx.state.mischief as MischiefRule | null,
    });
    if (!answer.body) return help(wiki, ctx);
    ctx.status = answer.status;
    ctx.body = JSON.stringify(answer.body);
    ctx.type = 'application/json; charset=utf-8';
    ctx.set({
      'Cache-Control': 'private, must-revalidate, max-age=0',
      'Content-Disposition': 'inline; filename=api-result.json',
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      ...answer.headers,
    });
  });
  return router;
}

/** What a request without an action gets, such as one whose form came as JSON. */
function help(wiki: Wiki, ctx: Context): void {
  sendPage(
    wiki,
    ctx,
    'MediaWiki API help',
    html`<p>This is the Action API of the pocket wiki. Send <code>action</code> and <code>format=json</code> in the
address or as a form.</p>`,
  );
}
