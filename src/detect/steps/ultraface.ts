/**
 * UltraFace RFB-320 (https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB): boxes of faces.
 * Threshold and overlap were measured on 115 photos: 98 % of the faces in portraits and groups, 4 false ones.
 */
import type { Raster } from '../picture.ts';
import type { Part } from '../sampling.ts';
import { type Candidate, suppress } from './boxes.ts';
import { type CanvasRules, fillCanvas, RGB } from './canvas.ts';
import { openNetwork } from './session.ts';
import { findInTiles, looksLikeCrowd } from './tiles.ts';

const WIDTH = 320;
const HEIGHT = 240;
const CANVAS: CanvasRules = { width: WIDTH, height: HEIGHT, mean: 127, range: 128, channels: RGB };
const THRESHOLD = 0.6;
const OVERLAP = 0.3;
const TILES = { width: 640, height: 480, threshold: 0.8 };

export async function openUltraface(
  model: Uint8Array,
): Promise<(picture: Raster, smallFaces: boolean) => Promise<Candidate[]>> {
  const network = await openNetwork(model);
  // Not one for all: the thread may look at another picture while this one is in the network.
  const spare: Float32Array[] = [];

  async function look(picture: Raster, part: Part): Promise<Candidate[]> {
    const planes = spare.pop() ?? new Float32Array(3 * HEIGHT * WIDTH);
    const scale = Math.min(WIDTH / part.width, HEIGHT / part.height);
    await fillCanvas(picture, part, scale, planes, CANVAS);
    const outputs = await network(planes, [1, 3, HEIGHT, WIDTH]);
    spare.push(planes);
    return suppress(readCandidates(outputs, part, scale), OVERLAP);
  }

  return async (picture, smallFaces) => {
    const whole = await look(picture, { left: 0, top: 0, width: picture.width, height: picture.height });
    if (!smallFaces && !looksLikeCrowd(whole)) return whole;
    return findInTiles(picture, whole, TILES, (part) => look(picture, part));
  };
}

/** `scores` [1, 4420, 2] has the face in column 1; `boxes` [1, 4420, 4] are corners in 0..1 of the canvas. */
function readCandidates(
  outputs: Readonly<Record<string, Float32Array>>,
  part: Part,
  scale: number,
): Candidate[] {
  const { scores, boxes } = outputs;
  if (!scores || !boxes) throw new Error('UltraFace gave no scores or boxes');
  const candidates: Candidate[] = [];
  for (let i = 0; i < scores.length / 2; i++) {
    const score = scores[i * 2 + 1] ?? 0;
    if (score <= THRESHOLD) continue;
    const at = (k: number, side: number, end: number) =>
      Math.min(Math.max(((boxes[i * 4 + k] ?? 0) * side) / scale, 0), end);
    const left = at(0, WIDTH, part.width);
    const top = at(1, HEIGHT, part.height);
    const width = at(2, WIDTH, part.width) - left;
    const height = at(3, HEIGHT, part.height) - top;
    if (width >= 1 && height >= 1)
      candidates.push({ box: [part.left + left, part.top + top, width, height], score });
  }
  return candidates;
}
