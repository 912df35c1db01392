/** Pictures that nobody should decode, made by hand: small files that claim or hold far too much. */
import { crc32, deflateSync } from 'node:zlib';

/** A grey PNG of this size, all black; zlib packs it about a thousand times. */
export function blackPng(width: number, height: number): Buffer {
  const rows = deflateSync(Buffer.alloc((width + 1) * height), { level: 9 });
  return png(width, height, rows);
}

/** A PNG that says it is so large, around a stream that holds less. */
export function png(width: number, height: number, stream: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.writeUInt8(8, 8);
  const chunk = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
    return Buffer.concat([uint32(data.length), body, uint32(crc32(body))]);
  };
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', stream),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** A GIF of one pixel and so many frames. */
export function gif(frames: number): Buffer {
  const head = Buffer.from('GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff', 'latin1');
  const frame = Buffer.from('\x21\xf9\x04\0\x01\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0', 'latin1');
  return Buffer.concat([head, ...Array.from({ length: frames }, () => frame), Buffer.from(';')]);
}

/** A TIFF of so many pages of one grey pixel; `loop` leads the last page back to the first. */
export function tiff(pages: number, { loop = false, width = 1, height = 1 } = {}): Buffer {
  const size = 2 + 12 * 8 + 4;
  const file = Buffer.alloc(10 + size * pages);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(10, 4);
  for (let page = 0; page < pages; page++) {
    const at = 10 + size * page;
    file.writeUInt16LE(8, at);
    const entries = [
      [256, width],
      [257, height],
      [258, 8],
      [259, 1],
      [262, 1],
      [273, 8],
      [278, height],
      [279, 1],
    ] as const;
    entries.forEach(([tag, value], i) => {
      const entry = at + 2 + 12 * i;
      file.writeUInt16LE(tag, entry);
      file.writeUInt16LE(4, entry + 2);
      file.writeUInt32LE(1, entry + 4);
      file.writeUInt32LE(value, entry + 8);
    });
    const last = page === pages - 1;
    file.writeUInt32LE(last ? (loop ? 10 : 0) : at + size, at + size - 4);
  }
  return file;
}

/** The same numbers for the same seed, 0 to 1 (mulberry32). */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A copy in which a few bytes are others, or that ends early. */
export function mutated(bytes: Buffer, random: () => number): Buffer {
  const copy = Buffer.from(bytes);
  const changes = 1 + Math.floor(random() * 20);
  for (let i = 0; i < changes; i++)
    copy[Math.floor(random() ** 2 * copy.length)] = Math.floor(random() * 256);
  return random() < 0.2 ? copy.subarray(0, Math.floor(random() * copy.length)) : copy;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
