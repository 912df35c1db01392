import { identitiesOf, unlinkIdentity } from '../../core/accounts/linking.ts';
import { isHidden } from '../../core/statistics/leaderboard.ts';
import { requireAccount } from '../access.ts';
import { newRouter, type WebRouter } from '../context.ts';
import { field, idParam, seeOther } from '../form.ts';
import { LANGUAGE_COOKIE, setLanguage } from '../middleware/language.ts';
import { safePath } from '../safe-path.ts';
import type { RouteDeps } from './index.ts';

/** The page of one's own account, and the language that the pages speak. */
export function accountRoutes(deps: RouteDeps): WebRouter {
  const { view, store, messages } = deps;
  const router = newRouter();

  router.get('/account', async (ctx) => {
    const account = requireAccount(ctx);
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'account', {
      identities: await identitiesOf(store, account.id),
      hidden: await isHidden(store, account.id),
    });
  });

  router.post('/account/identities/:id/unlink', async (ctx) => {
    const account = requireAccount(ctx);
    await unlinkIdentity(deps, account.id, idParam(ctx, 'id'));
    seeOther(ctx, '/account?done=unlinked');
  });

  router.get('/language', (ctx) => {
    view.render(ctx, 'language', { next: safePath(String(ctx.query.next ?? '/')) });
  });

  router.post('/language', async (ctx) => {
    const language = messages.supported(field(ctx, 'language'));
    if (language) {
      const { account } = ctx.state;
      if (account) {
        await store.db
          .updateTable('account_profiles')
          .set({ language })
          .where('account_id', '=', account.id)
          .execute();
      }
      ctx.cookies.set(LANGUAGE_COOKIE, language, {
        maxAge: 365 * 24 * 60 * 60_000,
        sameSite: 'lax',
        secure: deps.production,
      });
      setLanguage(ctx, messages, account && { ...account, language });
    }
    seeOther(ctx, safePath(field(ctx, 'next')));
  });

  return router;
}
