/**
 * What the header of a picture says about its size, read without decoding anything. Lenient: null when it
 * cannot be told, and then the decoder's own limits decide.
 */
export type PictureType = 'jpeg' | 'png' | 'gif' | 'webp' | 'tiff';

export interface Header {
  readonly width: number;
  readonly height: number;
  /** Bytes that one pixel takes when it is decoded. */
  readonly pixelBytes: number;
  /** Frames or pages that the file holds; counting ends at MOST_PAGES. */
  readonly pages: number;
}

/** More is counted by nobody. */
export const MOST_PAGES = 100_000;

export function readHeader(bytes: Uint8Array, type: PictureType): Header | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return READERS[type](view);
  } catch (error) {
    // It points behind its own end.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const READERS: Readonly<Record<PictureType, (view: Buffer) => Header | null>> = {
  jpeg,
  png,
  gif,
  webp,
  tiff,
};

/** ITU T.81, B.1.1.3: the frame header is one of the markers C0 to CF but C4, C8 and CC. */
function jpeg(view: Buffer): Header | null {
  for (let at = 2; ; ) {
    if (view.readUInt8(at) !== 0xff) return null;
    const marker = view.readUInt8(at + 1);
    if (marker === 0xff) at++;
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      const [height, width] = [view.readUInt16BE(at + 5), view.readUInt16BE(at + 7)];
      return { width, height, pixelBytes: view.readUInt8(at + 9), pages: 1 };
    } else if (marker === 0xda || marker === 0xd9) return null;
    else at += 2 + view.readUInt16BE(at + 2);
  }
}

/** PNG, 11.2.1: IHDR comes first. Palettes decode to three channels. */
function png(view: Buffer): Header | null {
  if (view.toString('latin1', 12, 16) !== 'IHDR') return null;
  const channels = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 }[view.readUInt8(25)] ?? 4;
  return {
    width: view.readUInt32BE(16),
    height: view.readUInt32BE(20),
    pixelBytes: channels * (view.readUInt8(24) > 8 ? 2 : 1),
    pages: 1,
  };
}

/** GIF 89a: blocks of sub-blocks. A frame may be larger than the screen that the header names. */
function gif(view: Buffer): Header {
  let [width, height, pages] = [view.readUInt16LE(6), view.readUInt16LE(8), 0];
  const header = () => ({ width, height, pixelBytes: 4, pages });
  const colours = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + colours(view.readUInt8(10));
  while (at < view.length && pages < MOST_PAGES) {
    const block = view[at];
    if (block === 0x2c) {
      if (at + 10 > view.length) break;
      pages++;
      width = Math.max(width, view.readUInt16LE(at + 1) + view.readUInt16LE(at + 5));
      height = Math.max(height, view.readUInt16LE(at + 3) + view.readUInt16LE(at + 7));
      at += 10 + colours(view.readUInt8(at + 9)) + 1;
    } else if (block === 0x21) at += 2;
    else break;
    while (at < view.length && view[at] !== 0) at += 1 + (view[at] ?? 0);
    at++;
  }
  return header();
}

/** RFC 9649. */
function webp(view: Buffer): Header | null {
  const kind = view.toString('latin1', 12, 16);
  const size = (width: number, height: number, pages = 1) => ({ width, height, pixelBytes: 4, pages });
  if (kind === 'VP8 ') return size(view.readUInt16LE(26) & 0x3fff, view.readUInt16LE(28) & 0x3fff);
  if (kind === 'VP8L') {
    const bits = view.readUInt32LE(21);
    return size((bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
  }
  if (kind !== 'VP8X') return null;
  let pages = 0;
  for (let at = 12; at + 8 <= view.length && pages < MOST_PAGES; ) {
    if (view.toString('latin1', at, at + 4) === 'ANMF') pages++;
    at += 8 + view.readUInt32LE(at + 4) + (view.readUInt32LE(at + 4) & 1);
  }
  return size(view.readUIntLE(24, 3) + 1, view.readUIntLE(27, 3) + 1, Math.max(1, pages));
}

/** TIFF 6.0: directories are a list, and every page has one. Tiles count with what they are padded to. */
function tiff(view: Buffer): Header | null {
  const big = view.toString('latin1', 0, 2) === 'MM';
  const short = (at: number) => (big ? view.readUInt16BE(at) : view.readUInt16LE(at));
  const long = (at: number) => (big ? view.readUInt32BE(at) : view.readUInt32LE(at));
  const first = new Map<number, number>();
  let pages = 0;
  for (let at = long(4); at !== 0 && pages < MOST_PAGES; pages++) {
    const entries = short(at);
    for (let i = 0; pages === 0 && i < entries; i++) {
      const entry = at + 2 + 12 * i;
      // The type 3 is 16 bits wide; several values lie elsewhere, and their first one would do.
      const wide = short(entry + 2) === 3 && long(entry + 4) <= 2;
      first.set(short(entry), wide ? short(entry + 8) : long(entry + 8));
    }
    const next = at + 2 + 12 * entries;
    at = next + 4 <= view.length ? long(next) : 0;
  }
  const [width, height] = [first.get(256), first.get(257)];
  if (width === undefined || height === undefined) return null;
  const samples = Math.min(first.get(277) ?? 1, 16);
  return {
    width: Math.max(width, first.get(322) ?? 0),
    height: Math.max(height, first.get(323) ?? 0),
    // Bits of several samples stand elsewhere, as an address; photographs have 8 or 16.
    pixelBytes: Math.max(1, samples) * (samples === 1 && (first.get(258) ?? 8) > 8 ? 2 : 1),
    pages,
  };
}
