import type { DistanceHistogram } from '../../core/statistics/distances.ts';
import { short } from './bars.ts';

export interface DistanceBar {
  readonly kind: 'confirmed' | 'rejected';
  readonly count: number;
  /** The distances that it stands for. */
  readonly from: number;
  readonly to: number;
  /** Percent of the breadth. */
  readonly x: number;
  readonly width: number;
  /** Pixels. */
  readonly y: number;
  readonly height: number;
}

/** Confirmed faces above a line, rejected ones below it: they are told apart by where they are, whatever the colour. */
export interface DistanceChart {
  /** Pixels: of the whole, and where the line between the two is. */
  readonly height: number;
  readonly middle: number;
  readonly bars: readonly DistanceBar[];
  /** Percent of the breadth. */
  readonly threshold: number;
  /** Which side of the line its label has more room on. */
  readonly thresholdAnchor: 'start' | 'end';
  readonly ticks: readonly { readonly x: number; readonly value: number }[];
  /** For the table; bins without a face are left out. */
  readonly table: readonly {
    readonly from: number;
    readonly to: number;
    readonly confirmed: number;
    readonly rejected: number;
  }[];
  readonly confirmed: { readonly all: number; readonly near: number };
  readonly rejected: { readonly all: number; readonly near: number };
}

/** Pixels: for the label of the threshold, for each half, and for the numbers below. */
const TOP = 22;
const HALF = 76;
const BOTTOM = 22;
/** Percent of a bin that its bar takes. */
const BAR_SHARE = 0.84;
const LEAST_HEIGHT = 3;
/** Of a telephone's breadth more labels would run into each other. */
const MOST_TICKS = 6;

export function distanceChart(
  { from, width, confirmed, rejected, near }: DistanceHistogram,
  threshold: number,
  rightToLeft: boolean,
): DistanceChart {
  const count = confirmed.length;
  const most = Math.max(1, ...confirmed, ...rejected);
  const middle = TOP + HALF;
  const edge = (bin: number) => Math.round((from + bin * width) * 1e6) / 1e6;
  const bar = (kind: DistanceBar['kind'], value: number, bin: number): DistanceBar => {
    const height = short(Math.max(LEAST_HEIGHT, (value / most) * HALF));
    const place = rightToLeft ? count - 1 - bin : bin;
    return {
      kind,
      count: value,
      from: edge(bin),
      to: edge(bin + 1),
      x: short(((place + (1 - BAR_SHARE) / 2) / count) * 100),
      width: short((BAR_SHARE / count) * 100),
      y: kind === 'confirmed' ? short(middle - height) : middle,
      height,
    };
  };
  const percent = (distance: number) => {
    const share = ((distance - from) / (width * count)) * 100;
    return short(rightToLeft ? 100 - share : share);
  };
  const each = Math.ceil(count / MOST_TICKS);
  const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);
  return {
    height: TOP + 2 * HALF + BOTTOM,
    middle,
    bars: [...confirmed.entries()]
      .flatMap(([bin, value]) => [bar('confirmed', value, bin), bar('rejected', rejected[bin] ?? 0, bin)])
      .filter((one) => one.count > 0),
    threshold: percent(threshold),
    thresholdAnchor: (threshold - from) / (width * count) > 0.5 ? 'end' : 'start',
    // Not at the very ends, where half of a label would be cut off.
    ticks: Array.from({ length: count - 1 }, (_, i) => i + 1)
      .filter((bin) => bin % each === 0)
      .map((bin) => ({ x: percent(edge(bin)), value: edge(bin) })),
    table: [...confirmed.entries()]
      .map(([bin, value]) => ({
        from: edge(bin),
        to: edge(bin + 1),
        confirmed: value,
        rejected: rejected[bin] ?? 0,
      }))
      .filter((row) => row.confirmed + row.rejected > 0),
    confirmed: { all: sum(confirmed), near: near.confirmed },
    rejected: { all: sum(rejected), near: near.rejected },
  };
}
