import type { DetectedFace, Detection } from './detector.ts';

/** A face with the size of the picture that its embedding was made from. */
export interface KnownFace {
  readonly face: DetectedFace;
  /** Pixels of that picture, which may be larger than the one the face was found in. */
  readonly seen: { readonly width: number; readonly height: number };
}

export function asSeen({ width, height, faces }: Detection): KnownFace[] {
  return faces.map((face) => ({ face, seen: { width, height } }));
}
