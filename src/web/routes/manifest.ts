import { declareOrigin, manifestOf, withdrawOrigin } from '../../core/origins/manifest.ts';
import { addReference, projectReferences, removeReference } from '../../core/origins/references.ts';
import { personsOf } from '../../core/projects/persons.ts';
import { requireActive } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { field, idParam, seeOther } from '../form.ts';
import { originDeps } from '../middleware/data-sources.ts';
import { projectHead } from '../project-head.ts';
import { orShow } from '../refusals.ts';
import type { RouteDeps } from './index.ts';

/** What a project asks its members to allow, for everybody to read, and what its owners put beside its persons. */
export function manifestRoutes(deps: RouteDeps): WebRouter {
  const { view, store } = deps;
  const origins = originDeps(deps);
  const router = newRouter();

  router.get('/projects/:id/data-sources', (ctx) => show(ctx, null));

  on('', (ctx, ids) =>
    declareOrigin(origins, {
      ...ids,
      origin: field(ctx, 'origin'),
      who: field(ctx, 'who'),
      purpose: field(ctx, 'purpose'),
    }),
  );
  on('/withdraw', (ctx, ids) => withdrawOrigin(deps, { ...ids, origin: field(ctx, 'origin') }));
  on('/references', (ctx, ids) =>
    addReference(deps, {
      ...ids,
      person: field(ctx, 'person'),
      kind: field(ctx, 'kind') === 'portrait' ? 'portrait' : 'page',
      url: field(ctx, 'url'),
      title: field(ctx, 'title'),
    }),
  );
  on('/references/:reference/remove', (ctx, ids) =>
    removeReference(deps, { ...ids, id: idParam(ctx, 'reference') }),
  );

  return router;

  function on(
    path: string,
    act: (ctx: WebContext, ids: { projectId: number; accountId: number }) => Promise<unknown>,
  ): void {
    router.post(`/projects/:id/data-sources${path}`, async (ctx) => {
      const account = requireActive(ctx);
      const projectId = idParam(ctx, 'id');
      await orShow(
        ctx,
        async () => {
          await act(ctx, { projectId, accountId: account.id });
          seeOther(ctx, `/projects/${projectId}/data-sources?done=saved`);
        },
        (problem) => show(ctx, problem),
      );
    });
  }

  async function show(ctx: WebContext, problem: string | null): Promise<void> {
    const project = await projectHead(deps, ctx);
    const isOwner = project.rights.role === 'owner' && ctx.state.account?.blocked === false;
    view.render(ctx, 'manifest', {
      project,
      problem,
      isOwner,
      manifest: await manifestOf(store, project.id),
      references: project.rights.role === null ? [] : await projectReferences(store, project.id),
      persons: await personsOf(store.db, project.id),
      form: Object.fromEntries(
        ['origin', 'who', 'purpose', 'person', 'kind', 'url', 'title'].map((name) => [
          name,
          problem === null ? '' : field(ctx, name),
        ]),
      ),
    });
  }
}
