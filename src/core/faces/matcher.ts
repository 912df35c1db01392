import { distance } from './detector.ts';

/** What the matcher knows of a face. */
export interface MatchFace {
  readonly faceId: number;
  readonly fileId: number;
  readonly vector: Float32Array;
  /** Height in pixels of the picture it was seen in. */
  readonly heightPx: number;
  /** How good an example it would be, 0..1; null: not known. */
  readonly quality: number | null;
}

export interface Examples {
  /** Faces that people (or the wiki, by bootstrap) say are the person. Never suggestions. */
  readonly confirmed: readonly MatchFace[];
  /** Faces that people say are not the person. */
  readonly rejected: readonly MatchFace[];
}

export interface Opinion {
  readonly faceId: number;
  /** Mean Euclidean distance to the nearest confirmed examples. */
  readonly distance: number;
  readonly suggested: boolean;
}

/** The mean over the nearest few: measured 99.1 % true and 0.01 % false accepts at 0.6 with three examples. */
const NEAREST = 7;
/** Below this height the networks mistake people for each other (17.5 % false accepts at 0.6). */
export const SMALLEST_FACE_PX = 48;

/**
 * Worse faces are no examples. Measured on the 22 practice faces and 308 copies of them, made smaller (120 to 12 px)
 * or blurred: of the 204 copies below this 53 % are nearer to somebody else than to their own original, of the 126
 * others none, and none is farther from it than 0.5. It is about 53 px of height, or a face turned so far that the
 * nose stands over an eye.
 */
export const EXAMPLE_QUALITY = 0.4;

/** May a face be measured against? Faces of unknown quality may: people confirmed them. */
function isExample({ quality }: MatchFace): boolean {
  return quality === null || quality >= EXAMPLE_QUALITY;
}

/**
 * The matcher's opinion of each candidate about one person (PRODUCT B4). A face is suggested when its mean
 * distance to the nearest confirmed examples is below the threshold, no rejected face is nearer to it than
 * that, it is tall enough, and it is the best of its file; at most one in a file, none where the person is
 * confirmed already.
 */
export function match(candidates: readonly MatchFace[], examples: Examples, threshold: number): Opinion[] {
  const good = examples.confirmed.filter(isExample);
  if (good.length === 0) return [];
  const rejected = examples.rejected.filter(isExample);
  const taken = new Set(examples.confirmed.map((face) => face.fileId));
  const scored = candidates.map((face) => {
    const near = meanOfNearest(face, good);
    const fits =
      near < threshold &&
      face.heightPx >= SMALLEST_FACE_PX &&
      !taken.has(face.fileId) &&
      rejected.every((other) => distance(face.vector, other.vector) > near);
    return { face, near, fits };
  });
  const best = new Map<number, { faceId: number; near: number }>();
  for (const { face, near, fits } of scored) {
    const rival = best.get(face.fileId);
    if (!fits) continue;
    // Of two that are equally near the older row, so that the order of the candidates does not matter.
    const nearer = !rival || near < rival.near || (near === rival.near && face.faceId < rival.faceId);
    if (nearer) best.set(face.fileId, { faceId: face.faceId, near });
  }
  return scored.map(({ face, near }) => ({
    faceId: face.faceId,
    distance: near,
    suggested: best.get(face.fileId)?.faceId === face.faceId,
  }));
}

function meanOfNearest(face: MatchFace, examples: readonly MatchFace[]): number {
  const distances = examples.map((example) => distance(face.vector, example.vector)).sort((a, b) => a - b);
  const nearest = distances.slice(0, NEAREST);
  return nearest.reduce((sum, value) => sum + value, 0) / nearest.length;
}
