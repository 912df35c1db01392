import type { Box } from '../faces/detector.ts';
import type { FaceRow, ImageRow } from './rows.ts';

/**
 * Names the old tool's embeddings: dlib's network, on faces that dlib's HOG detector found in a picture of 500
 * pixels and that five landmarks aligned. Ours come from the same network with another detector, alignment and
 * size of picture, which moves them by a good part of the distance that tells two persons apart. So they are kept
 * under a name of their own, compared with nothing of ours, and replaced in the background by embeddings of the
 * model in use.
 */
export const OLD_MODEL = 'wikivisage/dlib-hog-5-landmarks/dlib-resnet-v1';

/** The face's box as fractions of the picture; null when it cannot be known, or holds nothing. */
export function boxOf(face: FaceRow, image: ImageRow): Box | null {
  const { detection_width: width, detection_height: height } = image;
  if (!width || !height) return null;
  // dlib's boxes reach a little over the edge.
  const clamp = (value: number) => Math.min(1, Math.max(0, value));
  const [x, y] = [clamp(face.bbox_left / width), clamp(face.bbox_top / height)];
  const [w, h] = [clamp(face.bbox_right / width) - x, clamp(face.bbox_bottom / height) - y];
  return w > 0 && h > 0 ? [x, y, w, h] : null;
}

/** The worker kept all faces of a picture at once. */
const SAME_MOMENT_MS = 60_000;

/**
 * Whether a person drew the box. The old tool does not say; its detector's boxes are square (but for the edges of
 * the picture) and were all kept when the picture was looked at, and a redrawn one replaces another.
 */
export function isDrawn(
  face: FaceRow,
  image: ImageRow,
  { redrawn, first }: { redrawn: boolean; first: number },
): boolean {
  if (redrawn || face.created_at - first > SAME_MOMENT_MS) return true;
  const width = face.bbox_right - face.bbox_left;
  const height = face.bbox_bottom - face.bbox_top;
  const atEdge =
    face.bbox_left <= 0 ||
    face.bbox_top <= 0 ||
    face.bbox_right >= (image.detection_width ?? 0) - 1 ||
    face.bbox_bottom >= (image.detection_height ?? 0) - 1;
  return !atEdge && Math.abs(width - height) > 2;
}

/** 128 little-endian float64 as float32; null for anything else. */
export function readEncoding(bytes: Uint8Array | null): Float32Array | null {
  if (bytes?.byteLength !== 1024) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const vector = Float32Array.from({ length: 128 }, (_, i) => view.getFloat64(i * 8, true));
  const length = Math.hypot(...vector);
  return vector.every(Number.isFinite) && length > 0 ? vector : null;
}
