/** Checks that need no decoding: size, and the type by content (names lie: two of the test `.jpg` were WebP). */
import { VisavisError } from '../core/platform/errors.ts';

export type PictureType = 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff';

export const MAX_PICTURE_BYTES = 50 * 1024 * 1024;

/** Throws VisavisError `not_a_picture` or `picture_too_large`. */
export function checkPicture(bytes: Uint8Array): PictureType {
  if (bytes.length > MAX_PICTURE_BYTES)
    throw new VisavisError('picture_too_large', 'the picture is larger than 50 MB');
  const type = sniff(bytes);
  if (!type)
    throw new VisavisError(
      'not_a_picture',
      bytes.length === 0 ? 'the file is empty' : 'not a JPEG, PNG, GIF, WebP or TIFF picture',
    );
  return type;
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
