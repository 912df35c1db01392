/** Boxes in pixels of a raster, and which of many that mean the same face stay. */
import type { XY } from '../geometry.ts';

/** x, y, width, height in pixels of the raster. */
export type PixelBox = readonly [x: number, y: number, width: number, height: number];

export interface Candidate {
  readonly box: PixelBox;
  readonly score: number;
  /** Eye, eye, nose tip, mouth corners, left to right; from detectors that find them. */
  readonly points?: readonly XY[];
}

/** Greedy non-maximum suppression: the best box of each pile stays. */
export function suppress(candidates: readonly Candidate[], overlap: number): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of [...candidates].sort((a, b) => b.score - a.score))
    if (kept.every((other) => intersectionOverUnion(other.box, candidate.box) <= overlap))
      kept.push(candidate);
  return kept;
}

/**
 * Adds faces that were found by looking closer to those that were there; of two that mean the same face the one
 * that was there stays, then the better one. A box inside another one (a mouth within a face) means the same.
 */
export function merge(
  there: readonly Candidate[],
  closer: readonly Candidate[],
  limits: { readonly union: number; readonly smaller: number },
): Candidate[] {
  const kept = [...there];
  for (const candidate of [...closer].sort((a, b) => b.score - a.score)) {
    const known = kept.some(
      ({ box }) =>
        intersectionOverUnion(box, candidate.box) > limits.union ||
        intersectionOverSmaller(box, candidate.box) > limits.smaller,
    );
    if (!known) kept.push(candidate);
  }
  return kept;
}

export function intersectionOverUnion(a: PixelBox, b: PixelBox): number {
  const shared = intersection(a, b);
  return shared === 0 ? 0 : shared / (a[2] * a[3] + b[2] * b[3] - shared);
}

function intersectionOverSmaller(a: PixelBox, b: PixelBox): number {
  const shared = intersection(a, b);
  return shared === 0 ? 0 : shared / Math.min(a[2] * a[3], b[2] * b[3]);
}

function intersection(a: PixelBox, b: PixelBox): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  return width > 0 && height > 0 ? width * height : 0;
}
