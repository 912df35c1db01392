/** One picture: decode → find → landmarks → embeddings. */
import type { Box } from '../core/faces/detector.ts';
import { decode, open, type Raster } from './picture.ts';
import type { Found, FoundFace, Task } from './protocol.ts';
import type { Steps } from './steps/bundles.ts';
import type { PixelBox } from './steps/ultraface.ts';

/** The networks see the picture in at most this many pixels a side: all figures were measured so. */
const LONGEST = 1280;
/** Embeddings of smaller faces (longer side, at LONGEST) mistake people for each other ever more often. */
const SMALL_FACE = 80;
/** What a small face is brought to when the picture has the pixels, and the most that are decoded for it. */
const FACE_GOAL = 160;
const LONGEST_FOR_SMALL = 5120;

export async function findFaces(task: Extract<Task, { kind: 'detect' }>, steps: Steps): Promise<Found> {
  const longest = task.boxes ? await longestFor(task.picture, task.boxes) : LONGEST;
  const { picture, original } = await decode(task.picture, longest);
  const candidates: Awaited<ReturnType<Steps['find']>> = task.boxes
    ? task.boxes.map((box) => ({ box: toPixels(box, picture), score: 1 }))
    : await steps.find(picture);
  const located = [];
  for (const { box, score, points } of candidates)
    located.push({ box, score, points: points ?? (await steps.locate(picture, box)) });
  const embeddings = task.embed
    ? await steps.embed(
        picture,
        located.map(({ points }) => points),
      )
    : [];
  const faces = located.map(({ score, points, box }, i): FoundFace => {
    // A box that a person drew comes back as it was, not as the pixels round it.
    const fractions = task.boxes?.[i] ?? toFractions(box, picture);
    return {
      box: fractions,
      score,
      landmarks: points.map(([x, y]) => [x / picture.width, y / picture.height] as const),
      embedding: embeddings[i] ?? null,
    };
  });
  return { ...original, faces };
}

/** Known boxes need no detector, so the picture may be larger than it likes: small faces gain by it. */
async function longestFor(bytes: Uint8Array, boxes: readonly Box[]): Promise<number> {
  const { size } = await open(bytes);
  const scale = LONGEST / Math.max(size.width, size.height, LONGEST);
  const sides = boxes.map(([, , width, height]) => Math.max(width * size.width, height * size.height));
  const smallest = Math.min(...sides.filter((side) => side > 0)) * scale;
  if (smallest >= SMALL_FACE) return LONGEST;
  return Math.min(Math.ceil((LONGEST * FACE_GOAL) / smallest), LONGEST_FOR_SMALL);
}

function toPixels(
  [x, y, width, height]: readonly [number, number, number, number],
  picture: Raster,
): PixelBox {
  return [x * picture.width, y * picture.height, width * picture.width, height * picture.height];
}

function toFractions([x, y, width, height]: PixelBox, picture: Raster) {
  return [x / picture.width, y / picture.height, width / picture.width, height / picture.height] as const;
}
