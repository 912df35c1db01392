/** Decoding: encoded bytes → upright sRGB pixels. The only door through which foreign pictures come in. */
import sharp, { type Sharp, type SharpOptions } from 'sharp';
import { release } from './memory.ts';

/** 8 bit RGB, rows from the top, no padding. */
export interface Raster {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Pixels of the upright picture before it is made smaller. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is wrong with the picture, in the words of protocol.ts. */
export class PictureError extends Error {
  readonly code: 'broken_picture' | 'picture_too_large';

  constructor(code: PictureError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const MAX_PIXELS = 1e8;
/** With `none` a file that was cut at 40 % decodes without an error. */
const READING: SharpOptions = { failOn: 'truncated', limitInputPixels: MAX_PIXELS };

/** A picture of which nothing was read yet but the header. */
export interface Opened {
  readonly upright: Sharp;
  readonly size: Size;
}

/** The upright picture, no longer than `longest` on either side, never enlarged. Throws PictureError. */
export async function decode(bytes: Uint8Array, longest: number): Promise<Raster> {
  return decodeOpened(await open(bytes), longest);
}

/** The same of a picture that is open; it may be decoded again. */
export function decodeOpened({ upright }: Opened, longest: number): Promise<Raster> {
  const smaller = upright.clone().resize(longest, longest, { fit: 'inside', withoutEnlargement: true });
  return orBroken(toRaster(smaller));
}

/** Throws PictureError. */
export async function open(bytes: Uint8Array): Promise<Opened> {
  const { autoOrient, icc } = await orBroken(sharp(bytes, READING).metadata());
  const { width, height } = autoOrient;
  if (width * height > MAX_PIXELS) throw tooLarge();
  // Converting sRGB to sRGB changes nothing and takes three times as long as all the rest of decoding.
  const upright = sharp(bytes, { ...READING, ignoreIcc: icc !== undefined && namesSrgb(icc) }).autoOrient();
  return { upright, size: { width, height } };
}

export function fromRaster({ data, width, height }: Raster): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** Runs a pipeline to three channels of eight bits; transparency becomes white. */
export async function toRaster(pipeline: Sharp): Promise<Raster> {
  const { data, info } = await pipeline
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels === 3) return { data, width, height };
  // Grey pictures keep one channel (or two, with transparency that was flattened away).
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) rgb.fill(data[i * channels] ?? 0, i * 3, i * 3 + 3);
  release(data);
  return { data: rgb, width, height };
}

/** The description is ASCII in version 2 profiles, UTF-16 in version 4. */
function namesSrgb(icc: Buffer): boolean {
  return icc.includes('sRGB') || icc.includes('\0s\0R\0G\0B', 0, 'latin1');
}

/** For pipelines that decode: their errors are about the picture. */
export async function orBroken<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (/pixel limit|exceeds|too large/i.test(reason)) throw tooLarge();
    // libvips gives one line for each stage that failed; the last one is the cause.
    const cause = reason.trim().split('\n').at(-1) ?? '';
    throw new PictureError('broken_picture', cause);
  }
}

function tooLarge(): PictureError {
  return new PictureError('picture_too_large', 'the picture has more than 100 megapixels');
}
