/**
 * What the core wants from face detection. `src/detect/` implements it; the core never decodes a picture.
 */

/** x, y, width, height as fractions (0..1) of the upright picture. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** x, y as fractions of the upright picture. */
export type Point = readonly [x: number, y: number];

export interface DetectedFace {
  readonly box: Box;
  /** The detector's own score, 0..1. 1 for a box that a person drew. */
  readonly score: number;
  /** Eye, eye, nose, mouth corner, mouth corner: left to right in the picture. */
  readonly landmarks: readonly Point[];
  /** How good an example it would be, 0..1: its size, sharpness and angle. See EXAMPLE_QUALITY in matcher.ts. */
  readonly quality: number;
  /** 128 numbers, compared by Euclidean distance; null when not asked for. */
  readonly embedding: Float32Array | null;
}

export interface Detection {
  /** Pixels of the upright picture as it was given (before it is made smaller for the networks). */
  readonly width: number;
  readonly height: number;
  /** Names detector, alignment and embedder. Embeddings of different models are never compared. */
  readonly model: string;
  readonly faces: readonly DetectedFace[];
}

export interface DetectOptions {
  /** Compute embeddings. Off for projects without matching. */
  readonly embed?: boolean;
  /** Boxes that are known (people drew them, or a smaller picture was looked at): no detection of others. */
  readonly boxes?: readonly Box[];
  /** Look for faces of a few pixels too, piece by piece: several times as slow. Crowds are noticed anyway. */
  readonly smallFaces?: boolean;
}

/** One box to draw, with the number or letter that stands beside it (at most two characters). */
export interface Mark {
  readonly box: Box;
  readonly label: string;
}

/** What to draw. Pictures are encoded bytes as downloaded. */
export type Drawing =
  /** The face alone, square, with some room around it; `size` is the side in pixels. */
  | { readonly kind: 'crop'; readonly picture: Uint8Array; readonly box: Box; readonly size: number }
  /**
   * A question about one file: the whole picture with numbered boxes, and each marked face enlarged below it or
   * beside it, with the person's portrait when there is one.
   */
  | {
      readonly kind: 'question';
      readonly picture: Uint8Array;
      readonly marks: readonly Mark[];
      readonly portrait?: Uint8Array;
    }
  /** Up to nine crops of different files in one sheet, each with its letter; portrait beside it. */
  | {
      readonly kind: 'sheet';
      readonly tiles: readonly { readonly picture: Uint8Array; readonly box: Box; readonly label: string }[];
      readonly portrait?: Uint8Array;
    }
  /** The whole picture at its full size (up to 6000 pixels a side) with labelled boxes. */
  | { readonly kind: 'annotated'; readonly picture: Uint8Array; readonly marks: readonly Mark[] };

export interface Drawn {
  readonly bytes: Uint8Array;
  readonly type: 'image/jpeg';
  readonly width: number;
  readonly height: number;
}

/**
 * Errors are VisavisError: `not_a_picture`, `broken_picture`, `picture_too_large` are about these bytes and
 * final; `detector_unavailable` is about us and may be tried again.
 */
export interface Detector {
  /** The model that `detect` uses now. */
  readonly model: string;
  /**
   * UTC milliseconds until which it refuses everything with `detector_unavailable`, because it fails with a picture
   * that is known to be good; no file need be claimed before.
   */
  readonly restsUntil?: number;
  detect(picture: Uint8Array, options?: DetectOptions): Promise<Detection>;
  draw(drawing: Drawing): Promise<Drawn>;
  close(): Promise<void>;
}

export function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const d = (a[i] ?? 0) - (b[i] ?? 0);
    sum += d * d;
  }
  return Math.sqrt(sum);
}
