import { type Expression, type SqlBool, sql } from 'kysely';
import { previewRun } from '../depicts/runs.ts';
import type {
  Answer,
  ClaimState,
  FileState,
  ProjectState,
  VerdictsTable,
  VerdictValue,
} from '../store/schema.ts';
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
  return { key: 'project-waits-nothing', params: [] };
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
    .selectFrom('suggestions')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .where('suggested', '=', 1)
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
    suggestions: suggestions.n,
    confirmedByPeople: confirmed.n,
  };
}

export interface GalleryFace {
  readonly faceId: number;
  readonly fileId: number;
  readonly title: string;
  readonly pageUrl: string;
  readonly author: string;
  readonly licence: string;
  readonly licenceUrl: string | null;
  readonly box: readonly [number, number, number, number];
  readonly person: string;
  readonly verdict: VerdictValue;
  readonly source: VerdictsTable['source'] | null;
  readonly distance: number | null;
  readonly claim: ClaimState | null;
}

/**
 * Faces of a project with what is known of them, one row for each face and person; matches first, then the
 * nearest. Faces that nobody has said anything about are `open`.
 */
export async function projectFaces(
  store: Store,
  projectId: number,
  page: { verdict?: string; page: number; perPage: number },
): Promise<{ total: number; faces: GalleryFace[] }> {
  const base = store.db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .innerJoin('project_persons', 'project_persons.project_id', 'project_files.project_id')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.project_id', '=', 'project_files.project_id')
        .onRef('verdicts.face_id', '=', 'faces.id')
        .onRef('verdicts.person', '=', 'project_persons.person'),
    )
    .leftJoin('suggestions', (join) =>
      join
        .onRef('suggestions.project_id', '=', 'project_files.project_id')
        .onRef('suggestions.face_id', '=', 'faces.id')
        .onRef('suggestions.person', '=', 'project_persons.person'),
    )
    .leftJoin('sdc_claims', (join) =>
      join
        .onRef('sdc_claims.page_id', '=', 'files.page_id')
        .onRef('sdc_claims.person', '=', 'project_persons.person')
        .onRef('sdc_claims.face_id', '=', 'faces.id'),
    )
    .where('project_files.project_id', '=', projectId)
    .where('files.state', '=', 'detected')
    .$if(page.verdict !== undefined && page.verdict !== '', (query) =>
      query.where(sql`coalesce(verdicts.verdict, 'open')`, '=', page.verdict),
    );
  const { total } = await base.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const isMatch: Expression<SqlBool> = sql<SqlBool>`coalesce(verdicts.verdict, 'open') = 'match'`;
  const noDistance: Expression<SqlBool> = sql<SqlBool>`suggestions.distance is null`;
  const rows = await base
    .select([
      'faces.id',
      'faces.file_id',
      'files.title',
      'files.page_url',
      'files.author',
      'files.licence',
      'files.licence_url',
      'faces.x',
      'faces.y',
      'faces.w',
      'faces.h',
      'project_persons.person',
      'verdicts.verdict',
      'verdicts.source',
      'suggestions.distance',
      'sdc_claims.state as claim',
    ])
    .orderBy(isMatch, 'desc')
    .orderBy(noDistance)
    .orderBy('suggestions.distance')
    .orderBy('faces.id')
    .orderBy('project_persons.position')
    .limit(page.perPage)
    .offset((page.page - 1) * page.perPage)
    .execute();
  return {
    total,
    faces: rows.map((row) => ({
      faceId: row.id,
      fileId: row.file_id,
      title: row.title,
      pageUrl: row.page_url,
      author: row.author,
      licence: row.licence,
      licenceUrl: row.licence_url,
      box: [row.x, row.y, row.w, row.h],
      person: row.person,
      verdict: row.verdict ?? 'open',
      source: row.source,
      distance: row.distance,
      claim: row.claim,
    })),
  };
}

/** Every vote about a face in a project, the oldest first. Names of people who were forgotten are null. */
export async function faceHistory(
  store: Store,
  projectId: number,
  faceId: number,
): Promise<
  {
    at: number;
    username: string | null;
    person: string;
    answer: Answer | null;
    decides: boolean;
    platform: string;
  }[]
> {
  const rows = await store.db
    .selectFrom('votes')
    .leftJoin('account_profiles', 'account_profiles.account_id', 'votes.account_id')
    .select(['voted_at', 'username', 'person', 'answer', 'decides', 'platform'])
    .where('project_id', '=', projectId)
    .where('face_id', '=', faceId)
    .orderBy('votes.id')
    .execute();
  return rows.map((row) => ({
    at: row.voted_at,
    username: row.username,
    person: row.person,
    answer: row.answer,
    decides: row.decides === 1,
    platform: row.platform,
  }));
}
