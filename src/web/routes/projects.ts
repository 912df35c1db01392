import { createHash } from 'node:crypto';
import { listRuns } from '../../core/depicts/history.ts';
import { adviseThreshold } from '../../core/faces/advice.ts';
import { VisavisError } from '../../core/platform/errors.ts';
import { projectFaces } from '../../core/projects/gallery.ts';
import { listMembers } from '../../core/projects/members.ts';
import { projectOverview } from '../../core/projects/overview.ts';
import { listProjects } from '../../core/projects/projects.ts';
import { ownAnswers } from '../../core/review/own.ts';
import { projectStatistics } from '../../core/statistics/project.ts';
import type { VerdictValue } from '../../core/store/schema.ts';
import { rightsIn } from '../access.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { idParam, query } from '../form.ts';
import type { RouteDeps } from './index.ts';

const PER_PAGE = 24;
export const VERDICT_FILTERS: readonly VerdictValue[] = ['match', 'no_match', 'disputed', 'open'];

/** The list of projects and the page of one. */
export function projectRoutes(deps: RouteDeps): WebRouter {
  const { view, store, live } = deps;
  const router = newRouter();

  router.get('/projects', async (ctx) => {
    view.render(ctx, 'projects', { projects: await listProjects(store) });
  });

  router.get('/projects/:id', async (ctx) => {
    view.render(ctx, 'project', await pageData(ctx));
  });

  /** The parts that change by themselves. */
  router.get('/projects/:id/live', async (ctx) => {
    view.fragment(ctx, 'project-live', await pageData(ctx));
  });

  router.get('/projects/:id/events', async (ctx) => {
    const id = idParam(ctx, 'id');
    const version = await versionOf(id);
    if (version === null) throw new VisavisError('not_found', ctx.state.t('web-project-unknown'));
    live.stream(ctx, {
      topics: [`project:${id}`, 'runs'],
      version: async () => (await versionOf(id)) ?? 'gone',
      since: query(ctx, 'since'),
      everyMs: 10_000,
    });
  });

  return router;

  async function pageData(ctx: WebContext) {
    const id = idParam(ctx, 'id');
    const overview = await projectOverview(store, id);
    if (!overview) throw new VisavisError('not_found', ctx.state.t('web-project-unknown'));
    const runs = await listRuns(store, id);
    const verdict = VERDICT_FILTERS.find((one) => one === query(ctx, 'verdict'));
    const page = Math.max(1, Number.parseInt(query(ctx, 'page'), 10) || 1);
    const person = overview.persons.find((one) => one.person === query(ctx, 'person'))?.person;
    const gallery = await projectFaces(store, id, {
      filter: { ...(verdict ? { verdict } : {}), ...(person ? { person } : {}) },
      page,
      perPage: PER_PAGE,
    });
    const { account } = ctx.state;
    const rights = await rightsIn(deps, ctx, id);
    const faceIds = gallery.faces.map((face) => face.faceId);
    return {
      overview,
      runs,
      version: fingerprint([overview, runs]),
      members: await listMembers(store, id),
      statistics: await projectStatistics(store, id),
      rights,
      advice: rights.role === 'owner' && overview.project.matching ? await adviseThreshold(store, id) : null,
      own:
        account && rights.role
          ? await ownAnswers(store, { projectId: id, accountId: account.id, faceIds })
          : null,
      gallery,
      verdict: verdict ?? '',
      person: person ?? '',
      filters: VERDICT_FILTERS,
      page,
      pages: Math.max(1, Math.ceil(gallery.total / PER_PAGE)),
      itemPage: deps.itemPage,
    };
  }

  async function versionOf(id: number): Promise<string | null> {
    const overview = await projectOverview(store, id);
    return overview && fingerprint([overview, await listRuns(store, id)]);
  }
}

function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);
}
