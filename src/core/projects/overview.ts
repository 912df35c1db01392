import { ACTIVE, previewRun } from '../depicts/runs.ts';
import { type Outlook, outlooks } from '../faces/outlook.ts';
import type {
  ClaimState,
  FileState,
  PausedReason,
  ProjectState,
  RunState,
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
  const waiting = {
    pausedReason: project.paused_reason,
    confirmedByPeople,
    toWrite: pairs.length,
    run: await activeRun(store, projectId),
    channels: await countChannels(store, projectId),
    // A look through all faces, for when nothing else is to be said.
    hasOpenFaces: openQuestions === 0 && pairs.length === 0 && (await hasOpenFaces(store, projectId)),
  };
  return { ...view, waitingFor: waitingFor(view, waiting) };
}

interface Waiting {
  readonly pausedReason: PausedReason | null;
  /** Matches that people confirmed, whom suggestions wait for. */
  readonly confirmedByPeople: number;
  readonly toWrite: number;
  /** The state of the run that is under way. */
  readonly run: RunState | null;
  readonly channels: number;
  /** A face is open that nobody has been asked about to the end. */
  readonly hasOpenFaces: boolean;
}

/** What the project waits for, in the order of the way of a picture. */
function waitingFor(
  view: Omit<ProjectOverview, 'waitingFor'>,
  waiting: Waiting,
): ProjectOverview['waitingFor'] {
  const { project, files, claims, verdicts } = view;
  if (project.state === 'paused') {
    const key = waiting.pausedReason ? `bot-paused-${waiting.pausedReason}` : 'project-waits-paused';
    return { key, params: [] };
  }
  if (project.state === 'completed') return { key: 'project-waits-completed', params: [] };
  if (waiting.run === 'paused') return { key: 'project-waits-run-paused', params: [] };
  if (waiting.run !== null) {
    const left = claims.queued + claims.writing + claims.removing;
    return { key: 'project-waits-run', params: [left] };
  }
  if (project.crawledAt === null) return { key: 'project-waits-crawl', params: [files.total] };
  if (files.waiting > 0) return { key: 'project-waits-detection', params: [files.waiting] };
  const missing = project.minConfirmed - waiting.confirmedByPeople;
  if (project.matching && missing > 0 && view.openQuestions > 0)
    return { key: 'project-waits-examples', params: [missing] };
  if (view.openQuestions > 0) return { key: 'project-waits-answers', params: [view.openQuestions] };
  if (waiting.toWrite > 0) return { key: 'project-waits-write', params: [waiting.toWrite] };
  if (verdicts.disputed > 0) return { key: 'project-waits-disputes', params: [verdicts.disputed] };
  const isDone = view.outlooks.length > 0 && view.outlooks.every((one) => one.state === 'done');
  const left = view.outlooks.reduce((sum, one) => sum + one.left, 0);
  if (isDone && left > 0) return { key: 'project-waits-new-faces', params: [left, nearestOf(view.outlooks)] };
  if (waiting.hasOpenFaces && !isDone) {
    const key = waiting.channels > 0 ? 'project-waits-question' : 'project-waits-channel';
    return { key, params: [] };
  }
  if (files.total === 0) return { key: 'project-waits-files', params: [] };
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
    .where('withdrawn_at', 'is', null)
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

async function activeRun(store: Store, projectId: number): Promise<RunState | null> {
  const run = await store.db
    .selectFrom('runs')
    .select('state')
    .where('project_id', '=', projectId)
    .where('state', 'in', ACTIVE)
    .executeTakeFirst();
  return run?.state ?? null;
}

/** Where its questions can be asked. */
async function countChannels(store: Store, projectId: number): Promise<number> {
  const { n } = await store.db
    .selectFrom('channels')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .where('for_disputes', '=', 0)
    .executeTakeFirstOrThrow();
  return n;
}

/** Whether there is a face that is nobody yet, and about one of the persons nothing was decided. */
async function hasOpenFaces(store: Store, projectId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom('project_files')
    // SQLite does not change the order of a cross join; for each face it looks up that face's verdicts.
    .crossJoin('files')
    .crossJoin('faces')
    .crossJoin('project_persons')
    .select('faces.id')
    .where('project_files.project_id', '=', projectId)
    .whereRef('files.id', '=', 'project_files.file_id')
    .whereRef('faces.file_id', '=', 'project_files.file_id')
    .where('project_persons.project_id', '=', projectId)
    .where('files.state', '=', 'detected')
    .where('faces.withdrawn_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('verdicts')
            .select('verdicts.face_id')
            .where('verdicts.project_id', '=', projectId)
            .whereRef('verdicts.face_id', '=', 'faces.id')
            .where((eb) =>
              eb.or([
                eb('verdicts.verdict', 'in', ['match', 'disputed']),
                eb.and([
                  eb('verdicts.person', '=', eb.ref('project_persons.person')),
                  eb('verdicts.verdict', '!=', 'open'),
                ]),
              ]),
            ),
        ),
      ),
    )
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
