import { refusal } from '../platform/refusals.ts';
import type { Box } from './detector.ts';

/** Pixels of the original picture (SECURITY.md, S9). */
const LEAST_PX = 10;
/** Intersection over union from which on two boxes are about the same face: the measure of PASCAL VOC. */
export const SAME_FACE = 0.5;
/** Fractions are written with so many digits: a hundredth of a pixel of the largest pictures. */
const DIGITS = 1e7;

/**
 * A box that somebody drew: finite, inside the picture, at least 10x10 pixels of the original.
 * @param box fractions of the upright picture
 * @param size pixels of the original
 * @throws VisavisError `bad_input`
 */
export function checkedBox(box: Box, size: { readonly width: number; readonly height: number }): Box {
  if (!box.every(Number.isFinite)) throw refusal('box-numbers');
  const [x, y, w, h] = box.map((value) => Math.round(value * DIGITS) / DIGITS) as unknown as Box;
  // What was rounded on its way here may end a hair outside.
  const over = 2 / DIGITS;
  if (x < 0 || y < 0 || x + w > 1 + over || y + h > 1 + over) throw refusal('box-outside');
  if (w * size.width < LEAST_PX || h * size.height < LEAST_PX) {
    throw refusal('box-too-small', [LEAST_PX, LEAST_PX]);
  }
  return [x, y, Math.min(w, 1 - x), Math.min(h, 1 - y)];
}

/** How much two boxes have in common, 0..1: intersection over union. */
export function overlap(a: Box, b: Box): number {
  const w = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / (a[2] * a[3] + b[2] * b[3] - w * h);
}
