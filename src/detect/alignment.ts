/** How a face is turned and scaled before it is embedded. */
import { fitSimilarity, type XY } from './geometry.ts';
import type { Raster } from './picture.ts';
import { warp } from './sampling.ts';

/** Side of the square that the embedder looks at. */
export const CHIP_PX = 150;

/** Where eyes, nose tip and mouth corners lie in dlib's chip of 150 px with a padding of 0.25. */
const TEMPLATE: readonly XY[] = [
  [47.549, 46.599],
  [100.476, 46.599],
  [74.013, 76.563],
  [50.415, 103.023],
  [97.61, 103.023],
];

/** Writes the planes of the chip (RGB, 0..255) of a face with these five points, in pixels of the picture. */
export function fillChip(picture: Raster, points: readonly XY[], planes: Float32Array, offset: number): void {
  warp(picture, fitSimilarity(TEMPLATE, points), CHIP_PX, planes, offset);
}
