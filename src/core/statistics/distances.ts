import type { DecidedDistance } from '../faces/advice.ts';

/** How many decided faces lie how far from the examples of their person. */
export interface DistanceHistogram {
  /** Where the first bin begins, and how broad each is. */
  readonly from: number;
  readonly width: number;
  /** Faces in each bin: those that are the person, and those that are not. */
  readonly confirmed: readonly number[];
  readonly rejected: readonly number[];
  /** How many of them lie below the threshold. */
  readonly near: { readonly confirmed: number; readonly rejected: number };
}

const WIDTH = 0.05;
/** So that a threshold has something on both sides of it. */
const ASIDE = 0.1;

/** Null when there is nothing to show. @param threshold of the project; it lies within the bins */
export function distanceHistogram(
  decided: readonly DecidedDistance[],
  threshold: number,
): DistanceHistogram | null {
  if (decided.length === 0) return null;
  const distances = decided.map((face) => face.distance);
  const first = binOf(Math.max(0, Math.min(...distances, threshold - ASIDE)));
  const last = binOf(Math.max(...distances, threshold + ASIDE));
  const count = (isPerson: boolean) => {
    const bins = Array.from({ length: last - first + 1 }, () => 0);
    for (const face of decided.filter((one) => one.isPerson === isPerson)) {
      const bin = binOf(face.distance) - first;
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    return bins;
  };
  const near = (isPerson: boolean) =>
    decided.filter((face) => face.isPerson === isPerson && face.distance < threshold).length;
  return {
    from: first * WIDTH,
    width: WIDTH,
    confirmed: count(true),
    rejected: count(false),
    near: { confirmed: near(true), rejected: near(false) },
  };
}

/** A distance of exactly 0.6 belongs to the bin that begins there, whatever binary fractions say. */
function binOf(distance: number): number {
  return Math.floor(distance / WIDTH + 1e-9);
}
