import { ACTIVE, previewRun } from '../depicts/runs.ts';
import { type Outlook, outlooks } from '../faces/outlook.ts';
import { projectTally, sumOf, type Tally } from '../statistics/tally.ts';
import type {
  ClaimState,
  FileState,
  PausedReason,
  ProjectState,
  RunState,
  VerdictValue,
} from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { type Portrait, portraitOf } from './portraits.ts';

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
    readonly portrait: Portrait | null;
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

/** Everything that is shown of a project. All of it is counted anew: there are no counters to drift. */
export async function projectOverview(store: Store, projectId: number): Promise<ProjectOverview | null> {
  return overviewOf(store, projectId, await projectTally(store, projectId));
}

/** As above, of a project whose faces, verdicts and claims are counted already. */
export async function overviewOf(
  store: Store,
  projectId: number,
  tally: Tally,
): Promise<ProjectOverview | null> {
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
      portrait: portraitOf(row),
    })),
    outlooks: await outlooks(store, projectId),
    files: await countFiles(store, projectId),
    faces: sumOf(tally.faces),
    verdicts: verdictsIn(tally),
    claims: claimsIn(tally),
    openQuestions: await countOpenQuestions(store, projectId),
    suggestions: await countSuggestions(store, projectId),
  };
  const byPeople = tally.verdicts.filter((one) => one.verdict === 'match' && one.source !== 'bootstrap');
  const waiting = { pausedReason: project.paused_reason, confirmedByPeople: sumOf(byPeople) };
  return { ...view, waitingFor: await waitingFor(store, view, waiting) };
}

interface Waiting {
  readonly pausedReason: PausedReason | null;
  /** Matches that people confirmed, whom suggestions wait for. */
  readonly confirmedByPeople: number;
}

/**
 * What the project waits for, in the order of the way of a picture. What takes long to find out is asked last, and
 * only when nothing else is to be said.
 */
async function waitingFor(
  store: Store,
  view: Omit<ProjectOverview, 'waitingFor'>,
  waiting: Waiting,
): Promise<ProjectOverview['waitingFor']> {
  const { project, files, claims, verdicts } = view;
  if (project.state === 'paused') {
    const key = waiting.pausedReason ? `bot-paused-${waiting.pausedReason}` : 'project-waits-paused';
    return { key, params: [] };
  }
  if (project.state === 'completed') return { key: 'project-waits-completed', params: [] };
  const run = await activeRun(store, project.id);
  if (run === 'paused') return { key: 'project-waits-run-paused', params: [] };
  if (run !== null) {
    const left = claims.queued + claims.writing + claims.removing;
    return { key: 'project-waits-run', params: [left] };
  }
  if (project.crawledAt === null) return { key: 'project-waits-crawl', params: [files.total] };
  if (files.waiting > 0) return { key: 'project-waits-detection', params: [files.waiting] };
  const missing = project.minConfirmed - waiting.confirmedByPeople;
  if (project.matching && missing > 0 && view.openQuestions > 0)
    return { key: 'project-waits-examples', params: [missing] };
  if (view.openQuestions > 0) return { key: 'project-waits-answers', params: [view.openQuestions] };
  const { pairs, takenBack } = await previewRun(store, project.id);
  if (pairs.length > 0) return { key: 'project-waits-write', params: [pairs.length] };
  if (verdicts.disputed > 0) return { key: 'project-waits-disputes', params: [verdicts.disputed] };
  const isDone = view.outlooks.length > 0 && view.outlooks.every((one) => one.state === 'done');
  const left = view.outlooks.reduce((sum, one) => sum + one.left, 0);
  if (isDone && left > 0) return { key: 'project-waits-new-faces', params: [left, nearestOf(view.outlooks)] };
  if (!isDone && (await hasOpenFaces(store, project.id))) {
    const isAsked = (await countChannels(store, project.id)) > 0;
    return { key: isAsked ? 'project-waits-question' : 'project-waits-channel', params: [] };
  }
  if (takenBack.length > 0) return { key: 'project-waits-taken-back', params: [takenBack.length] };
  if (files.total === 0) return { key: 'project-waits-files', params: [] };
  return { key: 'project-waits-nothing', params: [] };
}

/** As people read it: 0.75. */
function nearestOf(all: readonly Outlook[]): string {
  return Math.min(...all.flatMap((one) => one.nearest ?? [])).toFixed(2);
}

/** Most files are detected: those that are not are few, and found by their state. */
async function countFiles(store: Store, projectId: number): Promise<ProjectOverview['files']> {
  const { n: all } = await store.db
    .selectFrom('project_files')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow();
  const rows = await store.db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select((eb) => ['files.state', eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .where('files.state', 'in', NOT_DETECTED)
    .groupBy('files.state')
    .execute();
  const count = (state: FileState) => rows.find((row) => row.state === state)?.n ?? 0;
  return {
    total: all - count('gone'),
    waiting: count('waiting'),
    detected: all - sumOf(rows),
    setAside: count('set_aside'),
    setAsideReasons: count('set_aside') > 0 ? await setAsideReasons(store, projectId) : [],
  };
}

const NOT_DETECTED: readonly FileState[] = ['waiting', 'set_aside', 'gone'];

async function setAsideReasons(
  store: Store,
  projectId: number,
): Promise<ProjectOverview['files']['setAsideReasons']> {
  const rows = await store.db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select(['title', 'page_url', 'reason'])
    .where('project_id', '=', projectId)
    .where('files.state', '=', 'set_aside')
    .orderBy('title')
    .limit(50)
    .execute();
  return rows.map((row) => ({ title: row.title, pageUrl: row.page_url, reason: row.reason ?? '' }));
}

function verdictsIn(tally: Tally): ProjectOverview['verdicts'] {
  const count = (verdict: VerdictValue) => sumOf(tally.verdicts.filter((one) => one.verdict === verdict));
  return {
    match: count('match'),
    noMatch: count('no_match'),
    disputed: count('disputed'),
    open: count('open'),
  };
}

function claimsIn(tally: Tally): ProjectOverview['claims'] {
  const count = (state: ClaimState) => sumOf(tally.claims.filter((one) => one.state === state));
  return {
    queued: count('queued'),
    writing: count('writing'),
    written: count('written'),
    removing: count('removing'),
    removed: count('removed'),
    failed: count('failed'),
    present: count('present'),
  };
}

async function countOpenQuestions(store: Store, projectId: number): Promise<number> {
  const { n } = await store.db
    .selectFrom('questions')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('project_id', '=', projectId)
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow();
  return n;
}

async function countSuggestions(store: Store, projectId: number): Promise<number> {
  const { n } = await store.db
    .selectFrom('matched_persons')
    .select((eb) => eb.fn.sum<number | null>('suggested').as('n'))
    .where('project_id', '=', projectId)
    .executeTakeFirstOrThrow();
  return Number(n ?? 0);
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
