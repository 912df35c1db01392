import { type RawBuilder, sql } from 'kysely';
import type { Store } from '../store/store.ts';

export const DAY_MS = 24 * 60 * 60_000;

/** What a project did over time, in steps of a day or of several. Times are UTC. */
export interface Progress {
  /** Days of one step. */
  readonly days: number;
  /** When each step begins, the oldest first; the last one holds today. Milliseconds. */
  readonly steps: readonly number[];
  /** How many in each step. A verdict or a claim counts on the day on which it last changed. */
  readonly faces: readonly number[];
  readonly decided: readonly number[];
  readonly written: readonly number[];
}

/** A quarter of a year by day; more bars would be too thin to be seen on a telephone. */
const MOST_STEPS = 92;
/** So that the first day of a project is not one broad bar. */
const FEWEST_STEPS = 14;

/** Counted anew each time: faces found, verdicts reached, statements on the wiki. Null before the first face. */
export async function projectProgress(
  store: Store,
  projectId: number,
  now: number,
): Promise<Progress | null> {
  const faces = await store.db
    .selectFrom('project_files')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .select((eb) => [dayOf('faces.created_at').as('day'), eb.fn.countAll<number>().as('n')])
    .where('project_files.project_id', '=', projectId)
    .where('faces.withdrawn_at', 'is', null)
    .groupBy(dayOf('faces.created_at'))
    .execute();
  if (faces.length === 0) return null;
  const decided = await store.db
    .selectFrom('verdicts')
    .select((eb) => [dayOf('changed_at').as('day'), eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .where('verdict', '!=', 'open')
    .groupBy(dayOf('changed_at'))
    .execute();
  const written = await store.db
    .selectFrom('sdc_claims')
    .select((eb) => [dayOf('changed_at').as('day'), eb.fn.countAll<number>().as('n')])
    .where('project_id', '=', projectId)
    .where('state', '=', 'written')
    .groupBy(dayOf('changed_at'))
    .execute();
  return inSteps({ faces, decided, written }, now);
}

interface Day {
  /** Its first millisecond. */
  readonly day: number;
  readonly n: number;
}

/** Days gathered into so many steps as a chart can show. */
export function inSteps(
  found: {
    readonly faces: readonly Day[];
    readonly decided: readonly Day[];
    readonly written: readonly Day[];
  },
  now: number,
): Progress {
  const today = now - (now % DAY_MS);
  const all = [...found.faces, ...found.decided, ...found.written];
  const first = all.reduce((least, { day }) => Math.min(least, day), today);
  const span = (today - first) / DAY_MS + 1;
  const days = Math.ceil(span / MOST_STEPS);
  const count = Math.max(FEWEST_STEPS, Math.ceil(span / days));
  const from = today - (count * days - 1) * DAY_MS;
  const gather = (list: readonly Day[]) => {
    const counts = Array.from({ length: count }, () => 0);
    for (const { day, n } of list) {
      // A clock that was wrong does not put anything behind today.
      const step = Math.min(count - 1, Math.floor((day - from) / (days * DAY_MS)));
      counts[step] = (counts[step] ?? 0) + n;
    }
    return counts;
  };
  return {
    days,
    steps: Array.from({ length: count }, (_, step) => from + step * days * DAY_MS),
    faces: gather(found.faces),
    decided: gather(found.decided),
    written: gather(found.written),
  };
}

/** The first millisecond of a time's UTC day, in a way that both databases count in whole numbers. */
function dayOf(column: 'faces.created_at' | 'changed_at'): RawBuilder<number> {
  return sql<number>`${sql.ref(column)} - ${sql.ref(column)} % ${sql.lit(DAY_MS)}`;
}
