import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Box, Detection } from '../../src/core/faces/detector.ts';
import { EXAMPLE_QUALITY } from '../../src/core/faces/matcher.ts';
import { createDetector, type ProcessDetector } from '../../src/detect/detector.ts';
import { frontality, qualityOf, sharpnessOf } from '../../src/detect/quality.ts';
import { dataDir, photo, preparedPhotos } from './prepared.ts';

describe('quality', () => {
  const frontal = [
    [40, 40],
    [60, 40],
    [50, 50],
    [43, 60],
    [57, 60],
  ] as const;
  const fine = { heightPx: 200, points: frontal, sharpness: 0.1 };

  it('is that of the worst of size, sharpness and angle', () => {
    expect(qualityOf(fine)).toBe(1);
    expect(qualityOf({ ...fine, heightPx: 60 })).toBeCloseTo(0.5, 9);
    expect(qualityOf({ ...fine, heightPx: 60, sharpness: 0 })).toBe(0);
    const turned = frontal.map(([x, y], i) => [i === 2 ? 44 : x, y] as const);
    expect(qualityOf({ ...fine, points: turned })).toBeCloseTo(0.5, 9);
  });

  it('is 0 for what makes no sense, never NaN', () => {
    expect(qualityOf({ ...fine, points: [] })).toBe(0);
    expect(qualityOf({ ...fine, points: Array(5).fill([3, 3]) })).toBe(0);
    expect(qualityOf({ ...fine, heightPx: Number.NaN })).toBe(0);
  });

  it('does not mind how the head is tilted', () => {
    const turn = ([x, y]: readonly [number, number]) => [0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y] as const;
    expect(frontality(frontal.map(turn))).toBeCloseTo(0.5, 9);
    expect(frontality(frontal.map(([x, y]) => [100 - x, y] as const))).toBeCloseTo(0.5, 9);
  });

  it('a plain square has no sharpness, and noise at the offset counts', () => {
    const planes = new Float32Array(3 * 150 * 150 + 5).fill(100);
    expect(sharpnessOf(planes, 5)).toBe(0);
    for (let i = 5; i < planes.length; i += 2) planes[i] = 200;
    expect(sharpnessOf(planes, 5)).toBeGreaterThan(1);
  });
});

describe('quality of real faces', () => {
  let photos: Buffer[] = [];
  let detector: ProcessDetector;
  let known: Detection;
  let boxes: readonly Box[] = [];
  beforeAll(async () => {
    photos = await preparedPhotos();
    detector = createDetector({ dataDir, threads: 1 });
    known = await detector.detect(photo(photos, 6));
    boxes = known.faces.map(({ box }) => box);
  });
  afterAll(() => detector?.close());
  const qualities = async (picture: Promise<Buffer>) =>
    (await detector.detect(await picture, { boxes })).faces.map(({ quality }) => quality);

  it('those in front of the camera may be examples, with or without an embedding', async () => {
    const without = await detector.detect(photo(photos, 6), { embed: false });
    expect(Math.min(...known.faces.map(({ quality }) => quality))).toBeGreaterThan(EXAMPLE_QUALITY);
    without.faces.forEach(({ quality }, i) => {
      expect(quality).toBeCloseTo(known.faces[i]?.quality ?? 9, 6);
    });
  });

  it('their tiny and their blurred copies may not', async () => {
    const tiny = await qualities(sharp(photo(photos, 6)).resize(190).png().toBuffer());
    expect(Math.max(...tiny)).toBeLessThan(EXAMPLE_QUALITY);
    const blurred = await qualities(sharp(photo(photos, 6)).resize(1280).blur(7).png().toBuffer());
    expect(Math.max(...blurred)).toBeLessThan(EXAMPLE_QUALITY);
  });
});
