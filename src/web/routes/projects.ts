import { VisavisError } from '../../core/platform/errors.ts';
import { type GalleryFilter, projectFaces } from '../../core/projects/gallery.ts';
import { listMembers } from '../../core/projects/members.ts';
import { ownAnswers } from '../../core/review/own.ts';
import type { VerdictValue } from '../../core/store/schema.ts';
import { rightsIn } from '../access.ts';
import { distanceChart } from '../charts/distance-chart.ts';
import { progressChart } from '../charts/progress-chart.ts';
import { newRouter, type WebContext, type WebRouter } from '../context.ts';
import { idParam, query } from '../form.ts';
import { lastChange } from '../middleware/own-changes.ts';
import { createProjectNumbers, type ProjectNumbers } from '../project-numbers.ts';
import type { RouteDeps } from './index.ts';

const PER_PAGE = 24;
const VERDICT_FILTERS: readonly VerdictValue[] = ['match', 'no_match', 'disputed', 'open'];
const SOURCE_FILTERS = ['votes', 'owner', 'bootstrap'] as const;
const CLAIM_FILTERS = ['written', 'failed', 'none'] as const;
/** Below the project's threshold, or not. */
const DISTANCE_FILTERS = ['near', 'far'] as const;

/** The list of projects and the page of one. */
export function projectRoutes(deps: RouteDeps): WebRouter {
  const { view, store, live } = deps;
  const numbers = createProjectNumbers(deps);
  const router = newRouter();

  router.get('/projects', async (ctx) => {
    view.render(ctx, 'projects', { projects: await deps.projects.get(lastChange(ctx)) });
  });

  router.get('/projects/:id', async (ctx) => {
    const counted = await numbers.of(idParam(ctx, 'id'), lastChange(ctx));
    view.render(ctx, 'project', await pageData(ctx, counted));
  });

  /** The parts that change by themselves. Who has heard of another version waits for the newest one. */
  router.get('/projects/:id/live', async (ctx) => {
    const id = idParam(ctx, 'id');
    const heard = ctx.get('X-Version');
    const kept = await numbers.of(id, lastChange(ctx));
    const isNewest = heard === '' || kept?.version === heard;
    const counted = isNewest ? kept : await numbers.of(id, deps.clock.now());
    view.fragment(ctx, 'project-live', await pageData(ctx, counted));
  });

  router.get('/projects/:id/events', async (ctx) => {
    const id = idParam(ctx, 'id');
    if (!(await numbers.of(id))) throw new VisavisError('not_found', ctx.state.t('web-project-unknown'));
    live.stream(ctx, {
      topics: [`project:${id}`, 'runs'],
      version: async () => {
        const counted = await numbers.of(id);
        return counted?.version ?? 'gone';
      },
      isBehind: () => numbers.isBehind(id),
      since: query(ctx, 'since'),
      everyMs: 10_000,
    });
  });

  return router;

  async function pageData(ctx: WebContext, counted: ProjectNumbers | null) {
    const id = idParam(ctx, 'id');
    if (!counted) throw new VisavisError('not_found', ctx.state.t('web-project-unknown'));
    const { overview, progress, distances } = counted;
    const { threshold } = overview.project;
    const filters = filtersOf(ctx, overview.persons);
    const gallery = await projectFaces(store, id, {
      filter: galleryFilter(filters, threshold),
      perPage: PER_PAGE,
      after: query(ctx, 'after'),
      before: query(ctx, 'before'),
    });
    const { account, t } = ctx.state;
    const rights = await rightsIn(deps, ctx, id);
    const faceIds = gallery.faces.map((face) => face.faceId);
    const isRtl = t.direction === 'rtl';
    return {
      ...counted,
      members: await listMembers(store, id),
      rights,
      advice: rights.role === 'owner' ? counted.advice : null,
      own:
        account && rights.role
          ? await ownAnswers(store, { projectId: id, accountId: account.id, faceIds })
          : null,
      charts: {
        progress: progress && progressChart(progress, isRtl),
        distances: distances && distanceChart(distances, threshold, isRtl),
      },
      gallery,
      filters,
      choices: {
        verdict: VERDICT_FILTERS,
        source: SOURCE_FILTERS,
        claim: CLAIM_FILTERS,
        distance: DISTANCE_FILTERS,
      },
      itemPage: deps.itemPage,
    };
  }
}

/** What the address asks for, as it stands there; empty: everything. */
interface GalleryFilters {
  readonly verdict: VerdictValue | '';
  readonly person: string;
  readonly source: (typeof SOURCE_FILTERS)[number] | '';
  readonly claim: (typeof CLAIM_FILTERS)[number] | '';
  readonly distance: (typeof DISTANCE_FILTERS)[number] | '';
}

function filtersOf(ctx: WebContext, persons: readonly { readonly person: string }[]): GalleryFilters {
  const oneOf = <T extends string>(name: string, known: readonly T[]): T | '' =>
    known.find((one) => one === query(ctx, name)) ?? '';
  return {
    verdict: oneOf('verdict', VERDICT_FILTERS),
    person: oneOf(
      'person',
      persons.map((one) => one.person),
    ),
    source: oneOf('source', SOURCE_FILTERS),
    claim: oneOf('claim', CLAIM_FILTERS),
    distance: oneOf('distance', DISTANCE_FILTERS),
  };
}

function galleryFilter(
  { verdict, person, source, claim, distance }: GalleryFilters,
  threshold: number,
): GalleryFilter {
  return {
    ...(verdict ? { verdict } : {}),
    ...(person ? { person } : {}),
    ...(source ? { source } : {}),
    ...(claim ? { claim } : {}),
    ...(distance === 'near' ? { nearerThan: threshold } : {}),
    ...(distance === 'far' ? { notNearerThan: threshold } : {}),
  };
}
