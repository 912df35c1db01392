import { DAY_MS, type DayCount, type Tally } from './tally.ts';

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

/** Faces found, verdicts reached, statements on the wiki. Null before the first face. */
export function projectProgress({ faces, verdicts, claims }: Tally, now: number): Progress | null {
  if (faces.length === 0) return null;
  const decided = verdicts.filter((one) => one.verdict !== 'open');
  const written = claims.filter((one) => one.state === 'written');
  return inSteps({ faces, decided, written }, now);
}

/** Days gathered into so many steps as a chart can show. */
export function inSteps(
  found: {
    readonly faces: readonly DayCount[];
    readonly decided: readonly DayCount[];
    readonly written: readonly DayCount[];
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
  const gather = (list: readonly DayCount[]) => {
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
