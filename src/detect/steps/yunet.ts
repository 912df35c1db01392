/**
 * YuNet (https://github.com/opencv/opencv_zoo/tree/main/models/face_detection_yunet): boxes and five points in one
 * network. Two files of the same weights are known: one takes any size, the other 640x640 alone.
 */
import type { XY } from '../geometry.ts';
import type { Raster } from '../picture.ts';
import type { Part } from '../sampling.ts';
import { type Candidate, intersectionOverUnion, type PixelBox, suppress } from './boxes.ts';
import { BGR, fillCanvas } from './canvas.ts';
import { type Network, openNetwork } from './session.ts';
import { findInTiles, looksLikeCrowd } from './tiles.ts';

const LONGEST = 640;
const STRIDES = [8, 16, 32];
/** Sides of the input are multiples of this. */
const STEP = 32;
const THRESHOLD = 0.6;
const OVERLAP = 0.3;
/** A tile is what the frozen network takes, at full size; scores are as good there as in the whole picture. */
const TILES = { width: LONGEST, height: LONGEST, threshold: THRESHOLD };
/** Where the points of a face stand that the detector does not see, as parts of its box: an average face. */
const USUAL: readonly XY[] = [
  [0.31, 0.4],
  [0.69, 0.4],
  [0.5, 0.6],
  [0.35, 0.79],
  [0.65, 0.79],
];
/**
 * Faces this tall are looked at again at their full size for their points: in the whole picture at 640 px those of
 * tilted faces are off by half the way between the eyes (a woman on two photos: distance 0.63, then 0.41).
 */
const CLOSER_PX = 48;
/** Room around the box of a face that is looked at alone, in sides of the box, and how well a face must fit the box. */
const ROOM = 1;
const SAME_FACE = 0.2;

export interface Yunet {
  find(picture: Raster, smallFaces: boolean): Promise<Candidate[]>;
  /** The points of the face that is seen in the box; those of an average face where none is. */
  locate(picture: Raster, box: PixelBox): Promise<readonly XY[]>;
}

export async function openYunet(model: Uint8Array): Promise<Yunet> {
  const network = await openNetwork(model);
  const [, , fixedHeight, fixedWidth] = network.inputShape;

  async function look(picture: Raster, part: Part): Promise<Candidate[]> {
    const longest = Math.max(part.width, part.height);
    const scale = Math.min(1, LONGEST / longest);
    const width = fixedWidth ?? padded(part.width * scale);
    const height = fixedHeight ?? padded(part.height * scale);
    const planes = new Float32Array(3 * width * height);
    const canvas = { width, height, mean: 0, range: 1, channels: BGR };
    await fillCanvas(picture, part, scale, planes, canvas);
    const candidates = readCandidates(await run(network, planes, width, height), width, height);
    return suppress(
      candidates.flatMap((candidate) => inPicture(candidate, part, scale) ?? []),
      OVERLAP,
    );
  }

  return {
    async find(picture, smallFaces) {
      const whole = await look(picture, { left: 0, top: 0, width: picture.width, height: picture.height });
      const found =
        smallFaces || looksLikeCrowd(whole)
          ? await findInTiles(picture, whole, TILES, (part) => look(picture, part))
          : whole;
      if (Math.max(picture.width, picture.height) <= LONGEST) return found;
      const sharper: Candidate[] = [];
      for (const face of found) {
        const points = face.box[3] < CLOSER_PX ? null : await pointsIn(picture, face.box);
        sharper.push(points ? { ...face, points } : face);
      }
      return sharper;
    },
    async locate(picture, box) {
      const usual = USUAL.map(([x, y]) => [box[0] + x * box[2], box[1] + y * box[3]] as const);
      return (await pointsIn(picture, box)) ?? usual;
    },
  };

  async function pointsIn(picture: Raster, box: PixelBox): Promise<readonly XY[] | null> {
    const seen = await look(picture, around(box, picture));
    const fits = seen.map((face) => ({ face, overlap: intersectionOverUnion(face.box, box) }));
    const [best] = fits.sort((a, b) => b.overlap - a.overlap);
    return best && best.overlap > SAME_FACE ? (best.face.points ?? null) : null;
  }
}

type Outputs = Readonly<Record<string, Float32Array>>;

function run(network: Network, planes: Float32Array, width: number, height: number): Promise<Outputs> {
  return network(planes, [1, 3, height, width]);
}

/**
 * Faces in pixels of the input. For each stride s and cell (row r, column c): score = √(cls · obj), middle =
 * ((c + b0)s, (r + b1)s), size = (e^b2 s, e^b3 s), point j = ((c + k2j)s, (r + k2j+1)s).
 */
function readCandidates(outputs: Outputs, width: number, height: number): Candidate[] {
  return STRIDES.flatMap((stride) => {
    const [cls, obj, bbox, kps] = ['cls', 'obj', 'bbox', 'kps'].map((name) => outputs[`${name}_${stride}`]);
    if (!cls || !obj || !bbox || !kps) throw new Error(`YuNet gave no outputs for stride ${stride}`);
    const columns = width / stride;
    const found: Candidate[] = [];
    for (let i = 0; i < columns * (height / stride); i++) {
      const score = Math.sqrt(unit(cls[i]) * unit(obj[i]));
      if (score <= THRESHOLD) continue;
      const [c, r] = [i % columns, Math.floor(i / columns)];
      const b = (k: number) => bbox[i * 4 + k] ?? 0;
      const [w, h] = [Math.exp(b(2)) * stride, Math.exp(b(3)) * stride];
      const points = [0, 1, 2, 3, 4].map(
        (j): XY => [(c + (kps[i * 10 + j * 2] ?? 0)) * stride, (r + (kps[i * 10 + j * 2 + 1] ?? 0)) * stride],
      );
      found.push({ box: [(c + b(0)) * stride - w / 2, (r + b(1)) * stride - h / 2, w, h], score, points });
    }
    return found;
  });
}

/** From pixels of the input to pixels of the picture, cut at the edges of the part; null when nothing is left. */
function inPicture(
  { box: [x, y, w, h], score, points = [] }: Candidate,
  part: Part,
  scale: number,
): Candidate | null {
  const left = Math.min(Math.max(x / scale, 0), part.width);
  const top = Math.min(Math.max(y / scale, 0), part.height);
  const width = Math.min((x + w) / scale, part.width) - left;
  const height = Math.min((y + h) / scale, part.height) - top;
  if (!(width >= 1 && height >= 1)) return null;
  return {
    box: [part.left + left, part.top + top, width, height],
    score,
    points: points.map(([px, py]): XY => [part.left + px / scale, part.top + py / scale]),
  };
}

/** A box with room on all sides, in whole pixels inside of the picture. */
function around([x, y, w, h]: PixelBox, picture: Raster): Part {
  const left = clamp(Math.floor(x - w * ROOM), 0, picture.width - 1);
  const top = clamp(Math.floor(y - h * ROOM), 0, picture.height - 1);
  return {
    left,
    top,
    width: clamp(Math.ceil(x + w * (1 + ROOM)), left + 1, picture.width) - left,
    height: clamp(Math.ceil(y + h * (1 + ROOM)), top + 1, picture.height) - top,
  };
}

function padded(length: number): number {
  return Math.max(STEP, Math.ceil(Math.round(length) / STEP) * STEP);
}

function unit(value: number | undefined): number {
  return clamp(value ?? 0, 0, 1);
}

function clamp(value: number, from: number, to: number): number {
  return Math.min(Math.max(value, from), to);
}
