import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Detection, distance } from '../../src/core/faces/detector.ts';
import { createDetector, type ProcessDetector } from '../../src/detect/detector.ts';
import { dataDir, photo, preparedPhotos } from './prepared.ts';

let photos: Buffer[] = [];
let detector: ProcessDetector;
beforeAll(async () => {
  photos = await preparedPhotos();
  detector = createDetector({ dataDir, threads: 2 });
});
afterAll(() => detector?.close());

/** The first photo (three faces) at this width, on a ground of another size. */
async function inset(width: number, ground: { width: number; height: number }, left: number, top: number) {
  const input = await sharp(photo(photos, 1)).resize(width).toBuffer();
  return sharp({ create: { ...ground, channels: 3, background: '#456' } })
    .composite([{ input, left, top }])
    .jpeg({ quality: 92 })
    .toBuffer();
}

describe('small faces', () => {
  it('are found piece by piece when that is asked for', async () => {
    // Faces of about 29 px: 7 px in what the detector sees of the whole picture.
    const picture = await inset(240, { width: 1280, height: 960 }, 300, 200);
    const plain = await detector.detect(picture, { embed: false });
    const closer = await detector.detect(picture, { embed: false, smallFaces: true });
    expect(plain.faces).toEqual([]);
    expect(closer.faces).toHaveLength(3);
    for (const { box } of closer.faces) {
      expect(box[0] * 1280).toBeGreaterThan(300);
      expect((box[0] + box[2]) * 1280).toBeLessThan(540);
    }
  });

  it('change nothing where all are large', async () => {
    const plain = await detector.detect(photo(photos, 2), { embed: false });
    const closer = await detector.detect(photo(photos, 2), { embed: false, smallFaces: true });
    expect(closer.faces.map(({ box }) => box)).toEqual(plain.faces.map(({ box }) => box));
  });

  it('are embedded from all the pixels that the picture has, in the order they were found', async () => {
    const big = await inset(1500, { width: 4500, height: 3000 }, 100, 1500);
    const reference = await detector.detect(photo(photos, 1));
    const own = await detector.detect(big, { smallFaces: true });
    const shrunk = await detector.detect(await sharp(big).resize(1280).png().toBuffer(), {
      smallFaces: true,
    });
    expect([own.width, own.faces.length, shrunk.faces.length]).toEqual([4500, 3, 3]);
    const error = (detection: Detection) =>
      detection.faces.map((face) =>
        Math.min(
          ...reference.faces.map((known) =>
            distance(known.embedding ?? new Float32Array(), face.embedding ?? new Float32Array(128).fill(9)),
          ),
        ),
      );
    expect(Math.max(...error(own))).toBeLessThan(0.3);
    expect(error(own).reduce((a, b) => a + b)).toBeLessThan(error(shrunk).reduce((a, b) => a + b));
    expect(own.faces.map(({ box }) => box[0])).toEqual(
      (await detector.detect(big, { embed: false, smallFaces: true })).faces.map(({ box }) => box[0]),
    );
  });
});
