import type { Progress } from '../../core/statistics/progress.ts';
import { BOX_HEIGHT, barsPath } from './bars.ts';

export interface ProgressRow {
  readonly key: 'faces' | 'decided' | 'written';
  readonly total: number;
  /** In one step. */
  readonly most: number;
  /** When the step with the most began. */
  readonly mostAt: number;
  readonly path: string;
}

/** Three rows of bars over the same days, each with a scale of its own. */
export interface ProgressChart {
  readonly viewBox: string;
  readonly rows: readonly ProgressRow[];
  /** Days of one step. */
  readonly days: number;
  /** Times for the axis: where it begins, its middle and its end. */
  readonly axis: readonly number[];
  /** For the table; the oldest first, without steps in which nothing happened. */
  readonly table: readonly {
    readonly at: number;
    readonly faces: number;
    readonly decided: number;
    readonly written: number;
  }[];
}

export function progressChart(progress: Progress, rightToLeft: boolean): ProgressChart {
  const { steps, days } = progress;
  const row = (key: ProgressRow['key']): ProgressRow => {
    const values = progress[key];
    const most = Math.max(...values);
    return {
      key,
      total: values.reduce((sum, value) => sum + value, 0),
      most,
      mostAt: steps[values.indexOf(most)] ?? 0,
      path: barsPath(values, rightToLeft),
    };
  };
  const at = (step: number) => steps[step] ?? 0;
  return {
    viewBox: `0 0 ${steps.length} ${BOX_HEIGHT}`,
    rows: [row('faces'), row('decided'), row('written')],
    days,
    axis: [at(0), at(Math.floor((steps.length - 1) / 2)), at(steps.length - 1)],
    table: steps
      .map((step, i) => ({
        at: step,
        faces: progress.faces[i] ?? 0,
        decided: progress.decided[i] ?? 0,
        written: progress.written[i] ?? 0,
      }))
      .filter((one) => one.faces + one.decided + one.written > 0),
  };
}
