import { previewRun } from '../depicts/runs.ts';
import { type Outlook, outlooks } from '../faces/outlook.ts';
import type { ClaimState, FileState, ProjectState, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface ProjectOverview {
  readonly project: {
    readonly id: number;
    readonly title: string;
    readonly category: string;
    readonly state: ProjectState;
    readonly votesNeeded: number;
    readonly threshold: number;
    readonly minConfirmed: number;
    readonly open: boolean;
    readonly matching: boolean;
    readonly depth: number;
    readonly createdAt: number;
    readonly crawledAt: number | null;
  };
  readonly persons: readonly {
    readonly person: string;
    readonly label: string;
    readonly description: string;
    readonly portraitUrl: string | null;
  }[];
  /** How far the search for each of them has come, in their order. */
  readonly outlooks: readonly Outlook[];
  readonly files: {
    readonly total: number;
    readonly waiting: number;
    readonly detected: number;
    readonly setAside: number;
    readonly setAsideReasons: readonly {
      readonly title: string;
      readonly pageUrl: string;
      readonly reason: string;
    }[];
  };
  readonly faces: number;
  readonly verdicts: {
    readonly match: number;
    readonly noMatch: number;
    readonly disputed: number;
    readonly open: number;
  };
  readonly claims: Readonly<Record<ClaimState, number>>;
  readonly openQuestions: number;
  readonly suggestions: number;
  /** Message key and parameters. */
  readonly waitingFor: { readonly key: string; readonly params: readonly (string | number)[] };
}

/** Everything that the project page counts. All of it is counted anew: there are no counters to drift. */
export async function projectOverview(store: Store, projectId: number): Promise<ProjectOverview | null> {
  const project = await store.db
    .selectFrom('projects')
    .selectAll()
    .where('id', '=', projectId)
    .executeTakeFirst();
  if (!project || project.state === 'deleted') return null;
  const persons = await store.db
    .selectFrom('project_persons')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('position')
    .execute();
  const files = await countFiles(store, projectId);
  const verdicts = await countVerdicts(store, projectId);
  const claims = await countClaims(store, projectId);
  const { faces, openQuestions, suggestions, confirmedByPeople } = await countRest(store, projectId);
  const { pairs } = await previewRun(store, projectId);
  const view: Omit<ProjectOverview, 'waitingFor'> = {
    project: {
      id: project.id,
      title: project.title,
      category: project.category,
      state: project.state,
      votesNeeded: project.votes_needed,
      threshold: project.threshold,
      minConfirmed: project.min_confirmed,
      open: project.open === 1,
      matching: project.matching === 1,
      depth: project.depth,
      createdAt: project.created_at,
      crawledAt: project.crawled_at,
    },
    persons: persons.map((row) => ({
      person: row.person,
      label: row.label,
      description: row.description,
      portraitUrl: row.portrait_url,
    })),
    outlooks: await outlooks(store, projectId),
    files,
    faces,
    verdicts,
    claims,
    openQuestions,
    suggestions,
  };
  return { ...view, waitingFor: waitingFor(view, confirmedByPeople, pairs.length) };
}

/** What the project waits for, in the order of the way of a picture. */
function waitingFor(
  view: Omit<ProjectOverview, 'waitingFor'>,
  confirmedByPeople: number,
  toWrite: number,
): ProjectOverview['waitingFor'] {
  const { project, files } = view;
  const missing = project.minConfirmed - confirmedByPeople;
  if (project.crawledAt === null) return { key: 'project-waits-crawl', params: [files.total] };
  if (files.waiting > 0) return { key: 'project-waits-detection', params: [files.waiting] };
  if (project.matching && missing > 0 && view.openQuestions > 0)
    return { key: 'project-waits-examples', params: [missing] };
  if (view.openQuestions > 0) return { key: 'project-waits-answers', params: [view.openQuestions] };
  if (toWrite > 0) return { key: 'project-waits-write', params: [toWrite] };
  const left = view.outlooks.filter((one) => one.state === 'done').reduce((sum, one) => sum + one.left, 0);
  if (left > 0 && view.outlooks.every((one) => one.state === 'done'))
    return { key: 'project-waits-new-faces', params: [left, nearestOf(view.outlooks)] };
  return { key: 'project-waits-nothing', params: [] };
}

/** As people read it: 0.75. */
function nearestOf(all: readonly Outlook[]): string {
  return Math.min(...all.flatMap((one) => one.nearest ?? [])).toFixed(2);
}

async function countFiles(store: Store, projectId: number): Promise<ProjectOverview['files']> {
  const rows = await store.db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select((eb) => ['files.state', eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .groupBy('files.state')
    .execute();
  const count = (state: FileState) => rows.find((row) => row.state === state)?.n ?? 0;
  const reasons = await store.db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select(['title', 'page_url', 'reason'])
    .where('project_id', '=', projectId)
    .where('files.state', '=', 'set_aside')
    .orderBy('title')
    .limit(50)
    .execute();
  return {
    total: rows.reduce((sum, row) => sum + row.n, 0) - count('gone'),
    waiting: count('waiting'),
    detected: count('detected'),
    setAside: count('set_aside'),
    setAsideReasons: reasons.map((row) => ({
      title: row.title,
      pageUrl: row.page_url,
      reason: row.reason ?? '',
    })),
  };
}

async function countVerdicts(store: Store, projectId: number): Promise<ProjectOverview['verdicts']> {
  const rows = await store.db
    .selectFrom('verdicts')
    .select((eb) => ['verdict', eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .groupBy('verdict')
    .execute();
  const count = (verdict: VerdictValue) => rows.find((row) => row.verdict === verdict)?.n ?? 0;
  return {
    match: count('match'),
    noMatch: count('no_match'),
    disputed: count('disputed'),
    open: count('open'),
  };
}

async function countClaims(store: Store, projectId: number): Promise<ProjectOverview['claims']> {
  const rows = await store.db
    .selectFrom('sdc_claims')
    .select((eb) => ['state', eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .groupBy('state')
    .execute();
  const none: Record<ClaimState, number> = {
    queued: 0,
    writing: 0,
    written: 0,
    removing: 0,
    removed: 0,
    failed: 0,
    present: 0,
  };
  return { ...none, ...Object.fromEntries(rows.map(({ state, n }) => [state, n])) };
}

async function countRest(store: Store, projectId: number) {
  const faces = await store.db
    .selectFrom('project_files')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow();
  const questions = await store.db
    .selectFrom('questions')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow();
  const suggestions = await store.db
    .selectFrom('matched_persons')
    .select((eb) => eb.fn.sum<number | null>('suggested').as('n'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow();
  const confirmed = await store.db
    .selectFrom('verdicts')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .where('verdict', '=', 'match')
    .where('source', '!=', 'bootstrap')
    .executeTakeFirstOrThrow();
  return {
    faces: faces.n,
    openQuestions: questions.n,
    suggestions: Number(suggestions.n ?? 0),
    confirmedByPeople: confirmed.n,
  };
}
