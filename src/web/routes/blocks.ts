import { VisavisError } from '../../core/platform/errors.ts';
import { wordsOf } from '../../core/platform/words.ts';
import { blockFile, blockList, blockPerson, unblock } from '../../core/privacy/blocklist.ts';
import { requireAdmin } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, seeOther } from '../form.ts';
import { rateLimit } from '../middleware/rate-limit.ts';
import type { RouteDeps } from './index.ts';

const THUMB_PX = 330;

/** Persons and files that no project may have; for administrators. */
export function blockRoutes(deps: RouteDeps): WebRouter {
  const { view, store, wiki, limits } = deps;
  const router = newRouter();

  router.get('/admin/blocks', async (ctx) => {
    await show(ctx, {});
  });

  router.post('/admin/blocks/person', rateLimit(limits, 'category'), async (ctx) => {
    const account = requireAdmin(ctx);
    await orShow(ctx, async () => {
      const person = field(ctx, 'person').trim().toUpperCase();
      const found = /^Q[1-9]\d*$/.test(person) ? await wiki.items([person], ctx.state.t.language) : new Map();
      const item = found.get(person);
      const { written } = await blockPerson(deps, {
        accountId: account.id,
        // A merged item's name is that of the one that it was merged into.
        person: item?.id ?? person,
        label: item?.label ?? person,
        reason: field(ctx, 'reason'),
      });
      await show(ctx, { note: ctx.state.t('web-blocks-written', written) });
    });
  });

  router.post('/admin/blocks/file', rateLimit(limits, 'category'), async (ctx) => {
    const account = requireAdmin(ctx);
    await orShow(ctx, async () => {
      const title = `File:${field(ctx, 'file')
        .trim()
        .replace(/^[Ff]ile:/, '')
        .replaceAll('_', ' ')}`;
      const files = title === 'File:' ? new Map() : await wiki.thumbnails([title], THUMB_PX);
      const file = files.get(title);
      if (!file) throw new VisavisError('bad_input', ctx.state.t('web-blocks-unknown-file'));
      await blockFile(deps, {
        accountId: account.id,
        pageId: file.pageId,
        label: file.title,
        reason: field(ctx, 'reason'),
      });
      seeOther(ctx, '/admin/blocks?done=saved');
    });
  });

  router.post('/admin/blocks/:id/remove', async (ctx) => {
    const account = requireAdmin(ctx);
    await unblock(deps, { accountId: account.id, id: idParam(ctx, 'id') });
    seeOther(ctx, '/admin/blocks?done=saved');
  });

  return router;

  /** What was filled in stays, with the reason above it. */
  async function orShow(ctx: WebContext, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      if (!(error instanceof VisavisError) || error.status >= 500 || error.code === 'forbidden') throw error;
      ctx.status = error.status;
      await show(ctx, { problem: wordsOf(ctx.state.t, error) });
    }
  }

  async function show(ctx: WebContext, said: { note?: string; problem?: string }): Promise<void> {
    requireAdmin(ctx);
    ctx.set('Cache-Control', 'no-store');
    view.render(ctx, 'blocks', {
      blocked: await blockList(store),
      note: said.note ?? null,
      problem: said.problem ?? null,
      form: {
        person: said.problem ? field(ctx, 'person') : '',
        file: said.problem ? field(ctx, 'file') : '',
        reason: said.problem ? field(ctx, 'reason') : '',
      },
      itemPage: deps.itemPage,
    });
  }
}
