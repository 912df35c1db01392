/** face-api's 68 landmarks, brought down to the five that alignment needs. */
import type { XY } from '../geometry.ts';
import type { Raster } from '../picture.ts';
import { warp } from '../sampling.ts';
import { createBatches } from './batches.ts';
import type { PixelBox } from './boxes.ts';
import { openNetwork } from './session.ts';

const SIZE = 112;

/** Gives eye, eye, nose tip, mouth corner, mouth corner: left to right in the picture, in pixels. */
export async function openLandmarks68(
  model: Uint8Array,
): Promise<(picture: Raster, box: PixelBox) => Promise<readonly XY[]>> {
  const batches = createBatches(await openNetwork(model), SIZE);
  return async (picture, [x, y, width, height]) => {
    const side = Math.max(width, height);
    const left = x + (width - side) / 2;
    const top = y + (height - side) / 2;
    const square = { a: side / SIZE, b: 0, dx: left, dy: top };
    const output = await batches.run((planes, offset) => warp(picture, square, SIZE, planes, offset));
    const point = (i: number): XY => [
      left + (output[i * 2] ?? 0) * side,
      top + (output[i * 2 + 1] ?? 0) * side,
    ];
    return [centre(36, 41, point), centre(42, 47, point), point(30), point(48), point(54)];
  };
}

/** The numbering is that of the 300-W data set: 36–41 and 42–47 go around the eyes. */
function centre(first: number, last: number, point: (i: number) => XY): XY {
  let [x, y] = [0, 0];
  for (let i = first; i <= last; i++) {
    x += point(i)[0];
    y += point(i)[1];
  }
  const count = last - first + 1;
  return [x / count, y / count];
}
