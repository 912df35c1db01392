/**
 * Checks that need no decoding: size, the type by content (names lie: two of the test `.jpg` were WebP), and
 * what the header says that it will become.
 */
import { reasonError } from '../core/platform/reasons.ts';
import { MOST_PAGES, type PictureType, readHeader } from './header.ts';

export type { PictureType };

export const MAX_PICTURE_BYTES = 50 * 1024 * 1024;
export const MAX_PIXELS = 1e8;
/** Long animations have some hundred frames. The first one alone is looked at, but all are read over. */
const MAX_PAGES = 5000;
/** Below this, a picture of one colour may be as small as it likes. */
const HARMLESS_BYTES = 64 * 1024 * 1024;
/** Deflate packs nothing but a single colour a thousand times; photographs reach a hundred at most. */
const MAX_RATIO = 250;

/** Throws VisavisError `not_a_picture` or `picture_too_large`. */
export function checkPicture(bytes: Uint8Array): PictureType {
  if (bytes.length > MAX_PICTURE_BYTES) throw reasonError('picture_too_large', 'picture-bytes', [50]);
  const type = sniff(bytes);
  if (!type) throw reasonError('not_a_picture', bytes.length === 0 ? 'picture-empty' : 'picture-kind');
  checkHeader(bytes, type);
  return type;
}

function checkHeader(bytes: Uint8Array, type: PictureType): void {
  const header = readHeader(bytes, type);
  if (header === null) return;
  const { width, height, pixelBytes, pages } = header;
  if (width * height > MAX_PIXELS) throw reasonError('picture_too_large', 'picture-pixels', [100]);
  if (pages > MAX_PAGES) {
    const count = pages >= MOST_PAGES ? `≥ ${MOST_PAGES}` : pages;
    throw reasonError('picture_too_large', 'picture-frames', [count, MAX_PAGES]);
  }
  const unpacked = width * height * pixelBytes;
  if (unpacked > HARMLESS_BYTES && unpacked > MAX_RATIO * bytes.length) {
    const [mega, kilo] = [Math.round(unpacked / 1e6), Math.ceil(bytes.length / 1e3)];
    throw reasonError('picture_too_large', 'picture-unpacks', [kilo, mega]);
  }
}

function sniff(bytes: Uint8Array): PictureType | null {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'png';
  if (/^GIF8[79]a/.test(head)) return 'gif';
  if (head.startsWith('RIFF') && head.endsWith('WEBP')) return 'webp';
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return 'tiff';
  return null;
}
