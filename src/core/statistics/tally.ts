import { type RawBuilder, sql } from 'kysely';
import type { ClaimState, VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export const DAY_MS = 24 * 60 * 60_000;

/** How many of a kind there are from one UTC day. */
export interface DayCount {
  /** The day's first millisecond. */
  readonly day: number;
  readonly n: number;
}

/** What a project has, by UTC day: one look at each table serves everything that is shown of it. */
export interface Tally {
  /** By the day on which they were found; those that were withdrawn are left out. */
  readonly faces: readonly DayCount[];
  /** By the day on which they last changed. */
  readonly verdicts: readonly (DayCount & {
    readonly verdict: VerdictValue;
    readonly source: VerdictsTable['source'];
  })[];
  readonly claims: readonly (DayCount & { readonly state: ClaimState })[];
}

export async function projectTally(store: Store, projectId: number): Promise<Tally> {
  return tallyWith(store, projectId, await facesByDay(store, projectId));
}

/** Takes longest: every file is looked at. */
export async function facesByDay(store: Store, projectId: number): Promise<DayCount[]> {
  return store.db
    .selectFrom('project_files')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .select((eb) => [dayOf('faces.created_at').as('day'), eb.fn.countAll<number>().as('n')])
    .where('project_files.project_id', '=', projectId)
    .where('faces.withdrawn_at', 'is', null)
    .groupBy(dayOf('faces.created_at'))
    .execute();
}

/** As `projectTally`, of a project whose faces are counted already. */
export async function tallyWith(store: Store, projectId: number, faces: readonly DayCount[]): Promise<Tally> {
  const verdicts = await store.db
    .selectFrom('verdicts')
    .select((eb) => ['verdict', 'source', dayOf('changed_at').as('day'), eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .groupBy(['verdict', 'source', dayOf('changed_at')])
    .execute();
  const claims = await store.db
    .selectFrom('sdc_claims')
    .select((eb) => ['state', dayOf('changed_at').as('day'), eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .groupBy(['state', dayOf('changed_at')])
    .execute();
  return { faces, verdicts, claims };
}

/** How many there are in all. */
export function sumOf(counts: readonly { readonly n: number }[]): number {
  return counts.reduce((sum, { n }) => sum + n, 0);
}

/** The first millisecond of a time's UTC day, in a way that both databases count in whole numbers. */
export function dayOf(column: string): RawBuilder<number> {
  return sql<number>`${sql.ref(column)} - ${sql.ref(column)} % ${sql.lit(DAY_MS)}`;
}
