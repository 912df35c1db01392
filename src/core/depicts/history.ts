import type { ClaimState, RunKind, RunState } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface RunView {
  readonly id: number;
  readonly projectId: number;
  readonly accountId: number;
  readonly kind: RunKind;
  readonly undoes: number | null;
  readonly state: RunState;
  readonly reason: string | null;
  /** null for somebody who was forgotten. */
  readonly username: string | null;
  readonly editGroup: string;
  readonly stopRequested: boolean;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  /** Claims of the run by state. */
  readonly counts: Readonly<Partial<Record<ClaimState, number>>>;
}

/** Runs of a project, the newest first. */
export async function listRuns(store: Store, projectId: number): Promise<RunView[]> {
  const rows = await runRows(store)
    .where('runs.project_id', '=', projectId)
    .orderBy('runs.id', 'desc')
    .limit(50)
    .execute();
  return withCounts(store, rows);
}

export async function runById(store: Store, runId: number): Promise<RunView | null> {
  const [view] = await withCounts(store, await runRows(store).where('runs.id', '=', runId).execute());
  return view ?? null;
}

function runRows(store: Store) {
  return store.db
    .selectFrom('runs')
    .leftJoin('account_profiles', 'account_profiles.account_id', 'runs.account_id')
    .selectAll('runs')
    .select('account_profiles.username');
}

type RunRow = Awaited<ReturnType<ReturnType<typeof runRows>['execute']>>[number];

async function withCounts(store: Store, rows: readonly RunRow[]): Promise<RunView[]> {
  const of = (kind: RunKind) => rows.filter((row) => row.kind === kind).map((row) => row.id);
  const counts = [
    ...(await claimCounts(store, 'run_id', of('write'))),
    ...(await claimCounts(store, 'undo_run_id', of('undo'))),
  ];
  return rows.map((row) => ({
    id: row.id,
    projectId: row.project_id,
    accountId: row.account_id,
    kind: row.kind,
    undoes: row.undoes,
    state: row.state,
    reason: row.reason,
    username: row.username,
    editGroup: row.edit_group,
    stopRequested: row.stop_requested_at !== null,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    counts: Object.fromEntries(counts.filter((one) => one.run === row.id).map(({ state, n }) => [state, n])),
  }));
}

async function claimCounts(
  store: Store,
  column: 'run_id' | 'undo_run_id',
  runIds: readonly number[],
): Promise<{ run: number | null; state: ClaimState; n: number }[]> {
  if (runIds.length === 0) return [];
  return store.db
    .selectFrom('sdc_claims')
    .select((eb) => [eb.ref(column).as('run'), 'state', eb.fn.countAll<number>().as('n')])
    .where(column, 'in', runIds)
    .groupBy([column, 'state'])
    .execute();
}

export interface ClaimView {
  readonly id: number;
  readonly title: string;
  readonly pageUrl: string;
  readonly person: string;
  readonly label: string;
  readonly state: ClaimState;
  readonly reason: string | null;
  readonly prominent: boolean;
  /** The statement of somebody else that stands there, when the state is `present`. */
  readonly theirs: string | null;
}

export async function claimsOfRun(store: Store, runId: number): Promise<ClaimView[]> {
  const rows = await store.db
    .selectFrom('sdc_claims')
    .innerJoin('files', 'files.page_id', 'sdc_claims.page_id')
    .leftJoin('project_persons', (join) =>
      join
        .onRef('project_persons.project_id', '=', 'sdc_claims.project_id')
        .onRef('project_persons.person', '=', 'sdc_claims.person'),
    )
    .select([
      'sdc_claims.id',
      'files.title',
      'files.page_url',
      'sdc_claims.person',
      'project_persons.label',
      'sdc_claims.state',
      'sdc_claims.reason',
      'sdc_claims.prominent',
      'sdc_claims.other_statement_id',
    ])
    .where((eb) => eb.or([eb('sdc_claims.run_id', '=', runId), eb('sdc_claims.undo_run_id', '=', runId)]))
    .orderBy('files.title')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    title: row.title,
    pageUrl: row.page_url,
    person: row.person,
    label: row.label ?? row.person,
    state: row.state,
    reason: row.reason,
    prominent: row.prominent === 1,
    theirs: row.state === 'present' ? row.other_statement_id : null,
  }));
}
