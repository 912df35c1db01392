/**
 * How good an example a face would be, 0..1: as good as the worst of its size, its sharpness and its angle. What
 * the numbers mean was measured on the practice photos and on copies of them that were made smaller, blurred,
 * and compressed; see test/detect/quality.test.ts.
 */
import { CHIP_PX } from './alignment.ts';
import type { XY } from './geometry.ts';

/** Face heights between which the networks go from mistaking people for each other to telling them apart. */
const TOO_SMALL_PX = 24;
const TALL_PX = 96;

/** Logarithms of the sharpness below which nothing is to be seen, and from which more does not help. */
const BLURRED = -7.5;
const SHARP = -3.5;

/** Parts of the way between the eyes: a nose in the middle is 0.5, in profile it lies beyond an eye. */
const TURNED = 0.05;
const FRONTAL = 0.35;

export function qualityOf(face: { heightPx: number; points: readonly XY[]; sharpness: number }): number {
  return Math.min(
    ramp(face.heightPx, TOO_SMALL_PX, TALL_PX),
    ramp(Math.log(face.sharpness), BLURRED, SHARP),
    ramp(frontality(face.points), TURNED, FRONTAL),
  );
}

/**
 * Share of fine detail in the contrast of a chip's middle: mean square of the second differences over the
 * variance of the grey values. Blur, enlargement and strong compression lower it by orders of magnitude.
 */
export function sharpnessOf(planes: Float32Array, offset: number): number {
  const area = CHIP_PX * CHIP_PX;
  // Eyes to mouth: hair and background are often sharper or softer than the face.
  const from = Math.round(CHIP_PX * 0.24);
  const to = CHIP_PX - from;
  const grey = (x: number, y: number) => {
    const i = offset + y * CHIP_PX + x;
    return 0.299 * (planes[i] ?? 0) + 0.587 * (planes[i + area] ?? 0) + 0.114 * (planes[i + 2 * area] ?? 0);
  };
  let sum = 0;
  let squares = 0;
  let detail = 0;
  let count = 0;
  for (let y = from; y < to; y++) {
    for (let x = from; x < to; x++) {
      const value = grey(x, y);
      const second = 4 * value - grey(x - 1, y) - grey(x + 1, y) - grey(x, y - 1) - grey(x, y + 1);
      sum += value;
      squares += value * value;
      detail += second * second;
      count++;
    }
  }
  const variance = squares / count - (sum / count) ** 2;
  // A plain area has no contrast, and its noise is no detail.
  return detail / count / (variance + 25);
}

/** Where the nose stands between the eyes, seen along the line through them: 0.5 in front, less at an angle. */
export function frontality(points: readonly XY[]): number {
  const [left, right, nose] = points;
  if (!left || !right || !nose) return 0;
  const [dx, dy] = [right[0] - left[0], right[1] - left[1]];
  const length = dx * dx + dy * dy;
  if (length === 0) return 0;
  const place = ((nose[0] - left[0]) * dx + (nose[1] - left[1]) * dy) / length;
  return Math.min(place, 1 - place);
}

function ramp(value: number, from: number, to: number): number {
  return Math.min(Math.max((value - from) / (to - from), 0), 1) || 0;
}
