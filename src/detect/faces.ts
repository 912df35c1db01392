/** One picture: decode → find → points → quality and embeddings. */
import type { Box } from '../core/faces/detector.ts';
import { CHIP_PX, fillChip } from './alignment.ts';
import type { XY } from './geometry.ts';
import { inTurn, release } from './memory.ts';
import { decodeOpened, type Opened, open, type Raster } from './picture.ts';
import type { Found, FoundFace, Task } from './protocol.ts';
import { qualityOf, sharpnessOf } from './quality.ts';
import type { PixelBox } from './steps/boxes.ts';
import type { Steps } from './steps/bundles.ts';

/** The detectors see the picture in at most this many pixels a side: all figures were measured so. */
const LONGEST = 1280;
/** Embeddings of smaller faces (height at LONGEST) mistake people for each other ever more often. */
const SMALL_FACE = 80;
/** What a small face is brought to when the picture has the pixels, and the most that are decoded for it. */
const FACE_GOAL = 160;
const LONGEST_FOR_SMALL = 5120;
/** Pixels from which on a picture is decoded alone: the thread looks at two at once otherwise. */
const LARGE = 8e6;

type DetectTask = Extract<Task, { kind: 'detect' }>;

/** A face before it is described: where it is, in fractions of the picture. */
interface Seen {
  readonly box: Box;
  readonly score: number;
  /** In fractions; null when they are still to be found. */
  readonly points: readonly XY[] | null;
}

export async function findFaces(task: DetectTask, steps: Steps): Promise<Found> {
  const opened = await open(task.picture);
  const look = async () => ({
    ...opened.size,
    faces: task.boxes
      ? await lookAtBoxes(task, task.boxes, opened, steps)
      : await lookForFaces(task, opened, steps),
  });
  return opened.size.width * opened.size.height > LARGE ? inTurn(look) : look();
}

function lookForFaces(task: DetectTask, opened: Opened, steps: Steps): Promise<FoundFace[]> {
  return withPixels(opened, LONGEST, async (picture) => {
    const seen = (await steps.find(picture, task.smallFaces)).map(({ box, score, points }): Seen => {
      return {
        box: toFractions(box, picture),
        score,
        points: points?.map(([x, y]) => [x / picture.width, y / picture.height] as const) ?? null,
      };
    });
    const scale = Math.max(opened.size.width, opened.size.height) / LONGEST;
    const small = seen.filter(({ box }) => scale > 1 && box[3] * picture.height < SMALL_FACE);
    if (!task.embed || small.length === 0) return describe(task, steps, picture, seen);
    // The picture has more pixels than the detector saw: small faces are embedded from those.
    const tall = seen.filter((face) => !small.includes(face));
    const [well, closely] = await Promise.all([
      describe(task, steps, picture, tall),
      withPixels(opened, longestFor(small, opened.size), (closer) => describe(task, steps, closer, small)),
    ]);
    return seen.flatMap((face) => (small.includes(face) ? closely : well).shift() ?? []);
  });
}

/** Known boxes need no detector, so the picture may be larger than it likes: small faces gain by it. */
function lookAtBoxes(
  task: DetectTask,
  boxes: readonly Box[],
  opened: Opened,
  steps: Steps,
): Promise<FoundFace[]> {
  const seen = boxes.map((box): Seen => ({ box, score: 1, points: null }));
  return withPixels(opened, longestFor(seen, opened.size), (picture) => describe(task, steps, picture, seen));
}

/** What `look` makes of the pixels, whose memory is given back after it. */
async function withPixels<T>(
  opened: Opened,
  longest: number,
  look: (picture: Raster) => Promise<T>,
): Promise<T> {
  const picture = await decodeOpened(opened, longest);
  try {
    return await look(picture);
  } finally {
    release(picture.data);
  }
}

function longestFor(faces: readonly Seen[], size: { width: number; height: number }): number {
  const scale = LONGEST / Math.max(size.width, size.height, LONGEST);
  const heights = faces.map(({ box }) => box[3] * size.height * scale).filter((height) => height > 0);
  const smallest = Math.min(...heights);
  if (!(smallest < SMALL_FACE)) return LONGEST;
  return Math.min(Math.ceil((LONGEST * FACE_GOAL) / smallest), LONGEST_FOR_SMALL);
}

function describe(
  task: DetectTask,
  steps: Steps,
  picture: Raster,
  faces: readonly Seen[],
): Promise<FoundFace[]> {
  return Promise.all(
    faces.map(async ({ box, score, points: known }): Promise<FoundFace> => {
      const pixels = toPixels(box, picture);
      const points =
        known?.map(([x, y]): XY => [x * picture.width, y * picture.height]) ??
        (await steps.locate(picture, pixels));
      let sharpness = 0;
      const fill = (planes: Float32Array, offset: number) => {
        fillChip(picture, points, planes, offset);
        sharpness = sharpnessOf(planes, offset);
      };
      const embedding = task.embed ? await steps.embed(fill) : null;
      if (!task.embed) fill(scratch, 0);
      return {
        box,
        score,
        landmarks: points.map(([x, y]) => [x / picture.width, y / picture.height] as const),
        quality: qualityOf({ heightPx: pixels[3], points, sharpness }),
        embedding,
      };
    }),
  );
}

/** For chips that nobody embeds. Nothing waits between filling and measuring it. */
const scratch = new Float32Array(3 * CHIP_PX * CHIP_PX);

function toPixels([x, y, width, height]: Box, picture: Raster): PixelBox {
  return [x * picture.width, y * picture.height, width * picture.width, height * picture.height];
}

function toFractions([x, y, width, height]: PixelBox, picture: Raster) {
  return [x / picture.width, y / picture.height, width / picture.width, height / picture.height] as const;
}
