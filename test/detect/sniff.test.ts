import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../src/detect/header.ts';
import { checkPicture, type PictureType } from '../../src/detect/sniff.ts';
import { blackPng, dice, gif, mutated, png, tiff } from './limits/bombs.ts';

const canvas = (channels: 3 | 4 = 3) =>
  sharp({ create: { width: 37, height: 21, channels, background: 'red' } });

describe('the header', () => {
  it.each<[string, PictureType, () => Promise<Buffer>, number]>([
    ['a JPEG', 'jpeg', () => canvas().jpeg().toBuffer(), 3],
    ['a progressive JPEG', 'jpeg', () => canvas().jpeg({ progressive: true }).toBuffer(), 3],
    ['a grey JPEG', 'jpeg', () => canvas().toColourspace('b-w').jpeg().toBuffer(), 1],
    ['a PNG', 'png', () => canvas(4).png().toBuffer(), 4],
    ['a PNG of 16 bits', 'png', () => canvas().toColourspace('rgb16').png().toBuffer(), 6],
    ['a GIF', 'gif', () => canvas().gif().toBuffer(), 4],
    ['a WebP', 'webp', () => canvas().webp().toBuffer(), 4],
    ['a lossless WebP', 'webp', () => canvas().webp({ lossless: true }).toBuffer(), 4],
    ['a WebP with metadata', 'webp', () => canvas(4).withMetadata().webp().toBuffer(), 4],
    ['a TIFF', 'tiff', () => canvas().tiff().toBuffer(), 3],
  ])('of %s tells its size', async (_what, type, make, pixelBytes) => {
    const bytes = await make();
    expect(readHeader(bytes, type)).toEqual({ width: 37, height: 21, pixelBytes, pages: 1 });
    expect(checkPicture(bytes)).toBe(type);
  });

  it('that ends early or lies ends nothing', async () => {
    const random = dice(7);
    const pictures = await Promise.all([
      canvas().jpeg().toBuffer(),
      canvas().gif().toBuffer(),
      canvas().withMetadata().webp().toBuffer(),
      canvas().tiff().toBuffer(),
    ]);
    for (let i = 0; i < 4000; i++) {
      const [type, bytes] = [
        (['jpeg', 'gif', 'webp', 'tiff'] as const)[i % 4] ?? 'jpeg',
        pictures[i % 4] ?? Buffer.alloc(0),
      ];
      expect(() => readHeader(mutated(bytes, random), type)).not.toThrow();
    }
  });
});

describe('refused before anything is decoded', () => {
  it.each<[string, () => Buffer, RegExp]>([
    ['900 megapixels', () => png(30_000, 30_000, Buffer.alloc(9)), /100 megapixels/],
    ['10,000 frames', () => gif(10_000), /10000 frames/],
    ['6,000 pages', () => tiff(6000), /6000 frames or pages/],
    ['pages that never end', () => tiff(3, { loop: true }), /≥ 100000 frames/],
    ['a zip bomb', () => blackPng(9900, 9900), /unpack from \d+ kB to 98 MB/],
    ['a TIFF that claims too much', () => tiff(1, { width: 20_000, height: 20_000 }), /100 megapixels/],
    ['more than 50 MB', () => Buffer.alloc(50 * 2 ** 20 + 1), /50 MB/],
  ])('%s', (_what, make, reason) => {
    expect(() => checkPicture(make())).toThrow(expect.objectContaining({ code: 'picture_too_large' }));
    expect(() => checkPicture(make())).toThrow(reason);
  });

  it.each([
    ['nothing', ''],
    ['text', 'GIF87 is not here'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ['PDF', '%PDF-1.7 and so on'],
  ])('%s', (_what, text) => {
    expect(() => checkPicture(Buffer.from(text))).toThrow(expect.objectContaining({ code: 'not_a_picture' }));
  });
});

it('long animations and flat drawings are welcome', () => {
  expect(checkPicture(gif(500))).toBe('gif');
  expect(checkPicture(blackPng(4000, 4000))).toBe('png');
  expect(checkPicture(tiff(300))).toBe('tiff');
});
