import { statSync } from 'node:fs';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DetectedFace, type Detection, distance } from '../../src/core/faces/detector.ts';
import { createDetector, type ProcessDetector } from '../../src/detect/detector.ts';
import { BUNDLES } from '../../src/detect/models/catalogue.ts';
import { dataDir, photo, preparedPhotos } from './prepared.ts';

const begunAt = Date.now();
let photos: Buffer[] = [];
let detector: ProcessDetector;
let detections: Detection[] = [];

beforeAll(async () => {
  photos = await preparedPhotos();
  detector = createDetector({ dataDir, threads: 2 });
  detections = await Promise.all(photos.map((bytes) => detector.detect(bytes)));
});
afterAll(() => detector?.close());

function detectionOf(number: number): Detection {
  const detection = detections[number - 1];
  if (!detection) throw new Error(`photo ${number} was not detected`);
  return detection;
}

const middle = ({ box }: DetectedFace) => box[0] + box[2] / 2;
const byPlace = (faces: readonly DetectedFace[]) => [...faces].sort((a, b) => middle(a) - middle(b));

/** Largest difference between the edges of two sets of boxes, as a fraction of the picture. */
function difference(a: readonly DetectedFace[], b: readonly DetectedFace[]): number {
  expect(a.length).toBe(b.length);
  const other = byPlace(b);
  return Math.max(
    ...byPlace(a).flatMap(({ box }, i) => box.map((v, k) => Math.abs(v - (other[i]?.box[k] ?? 9)))),
  );
}

it('keeps no record for the maker of onnxruntime', () => {
  expect(detector.pid).toEqual(expect.any(Number));
  // An older process of that number may have left one.
  const left = statSync(`/tmp/mat-debug-${detector.pid}.log`, { throwIfNoEntry: false });
  expect(left?.mtimeMs ?? 0).toBeLessThan(begunAt);
});

describe('the practice photos', () => {
  it('have 22 faces, found within one, each with score, landmarks and embedding', () => {
    const faces = detections.flatMap((detection) => detection.faces);
    expect(Math.abs(faces.length - 22)).toBeLessThanOrEqual(1);
    for (const { box, score, landmarks, embedding } of faces) {
      const [x, y, w, h] = box;
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x + w, y + h)).toBeLessThanOrEqual(1 + 1e-9);
      expect(score).toBeGreaterThan(0.6);
      expect(landmarks).toHaveLength(5);
      // Left eye left of right eye, eyes above the mouth.
      expect(landmarks[0]?.[0]).toBeLessThan(landmarks[1]?.[0] ?? 0);
      expect(landmarks[0]?.[1]).toBeLessThan(landmarks[3]?.[1] ?? 0);
      expect(embedding).toHaveLength(128);
    }
    expect(detectionOf(1)).toMatchObject({ width: 1920, height: 1280, model: BUNDLES.default.model });
  });

  it('know the one woman who is on two of them, and nobody else', () => {
    const faces = detections.flatMap(({ faces }, i) =>
      byPlace(faces).map((face, k) => ({ face, name: `${i + 1}/${k}` })),
    );
    const pairs = faces.flatMap((a, i) =>
      faces.slice(0, i).map((b) => ({
        names: [b.name, a.name],
        distance: distance(a.face.embedding ?? new Float32Array(), b.face.embedding ?? new Float32Array()),
      })),
    );
    expect(pairs.every((pair) => pair.distance > 0)).toBe(true);
    // At the right of the first photo, in the middle of the third.
    expect(pairs.filter((pair) => pair.distance < 0.5).map(({ names }) => names)).toEqual([['1/2', '3/1']]);
    expect(pairs.filter((pair) => pair.distance < 0.6).length - 1).toBeLessThanOrEqual(14);
  });
});

describe('options', () => {
  it('leave embeddings out', async () => {
    const { faces } = await detector.detect(photo(photos, 1), { embed: false });
    expect(faces.map(({ embedding }) => embedding)).toEqual([null, null, null]);
  });

  it('take boxes that people drew instead of detecting', async () => {
    const [known] = byPlace(detectionOf(3).faces);
    if (!known?.embedding) throw new Error('no face');
    const boxes = [known.box, [0.9, 0.9, 0.1, 0.1]] as const;
    const { faces } = await detector.detect(photo(photos, 3), { boxes });
    expect(faces.map(({ box }) => box)).toEqual(boxes);
    expect(faces.map(({ score }) => score)).toEqual([1, 1]);
    expect(distance(faces[0]?.embedding ?? new Float32Array(128), known.embedding)).toBeLessThan(1e-3);
    expect(faces[1]?.embedding).toHaveLength(128);
  });

  it('see more of small faces when the boxes are known', async () => {
    // The first photo as a fifth of a large picture: faces of 30 px when that is 1280 px wide.
    const inset = await sharp(photo(photos, 1)).resize(960).toBuffer();
    const ground = { width: 5000, height: 3000, channels: 3, background: '#456' } as const;
    const picture = await sharp({ create: ground })
      .composite([{ input: inset, left: 2000, top: 1000 }])
      .jpeg()
      .toBuffer();
    const known = byPlace(detectionOf(1).faces);
    const boxes = known.map(
      ({ box: [x, y, w, h] }) =>
        [(2000 + x * 960) / 5000, (1000 + y * 640) / 3000, (w * 960) / 5000, (h * 640) / 3000] as const,
    );
    const { width, faces } = await detector.detect(picture, { boxes });
    expect(width).toBe(5000);
    faces.forEach(({ embedding }, i) => {
      const before = known[i]?.embedding ?? new Float32Array();
      expect(distance(before, embedding ?? new Float32Array())).toBeLessThan(0.25);
    });
    const atOnce = await sharp(picture).resize(1280).jpeg().toBuffer();
    const blurred = await detector.detect(atOnce, { boxes });
    const sum = (faces: readonly DetectedFace[]) =>
      faces.reduce(
        (total, face, i) =>
          total + distance(known[i]?.embedding ?? new Float32Array(), face.embedding ?? new Float32Array()),
        0,
      );
    expect(sum(faces)).toBeLessThan(sum(blurred.faces));
  });

  it('an empty list of boxes means no faces', async () => {
    expect((await detector.detect(photo(photos, 1), { boxes: [] })).faces).toEqual([]);
  });
});

describe('kinds of pictures', () => {
  const small = () => sharp(photo(photos, 1)).resize(1280);

  it.each([3, 6, 8, 2])('orientation %d: boxes are fractions of the upright picture', async (orientation) => {
    // Undo what a viewer will do for this value, then say so in EXIF.
    const upright = small();
    const turned =
      orientation === 3
        ? upright.rotate(180)
        : orientation === 6
          ? upright.rotate(270)
          : orientation === 8
            ? upright.rotate(90)
            : upright.flop();
    const bytes = await turned.withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer();
    const { width, height, faces } = await detector.detect(bytes, { embed: false });
    expect([width, height]).toEqual([1280, 853]);
    expect(difference(faces, detectionOf(1).faces)).toBeLessThan(0.02);
  });

  it.each([
    { kind: 'grey JPEG', encode: () => small().greyscale().jpeg() },
    { kind: 'CMYK JPEG', encode: () => small().toColourspace('cmyk').jpeg() },
    { kind: 'progressive JPEG', encode: () => small().jpeg({ progressive: true }) },
    { kind: 'palette PNG', encode: () => small().png({ palette: true }) },
    { kind: 'PNG with alpha', encode: () => small().ensureAlpha(0.8).png() },
    { kind: 'grey PNG with alpha', encode: () => small().greyscale().ensureAlpha(0.9).png() },
    { kind: '16 bit PNG', encode: () => small().toColourspace('rgb16').png() },
    { kind: '16 bit grey PNG', encode: () => small().toColourspace('grey16').png() },
    { kind: 'WebP', encode: () => small().webp() },
    { kind: 'GIF', encode: () => small().gif() },
    { kind: 'TIFF', encode: () => small().tiff() },
    { kind: 'wide-gamut JPEG', encode: () => small().withIccProfile('p3').jpeg() },
  ])('$kind', async ({ encode }) => {
    const { faces } = await detector.detect(await encode().toBuffer(), { embed: false });
    expect(difference(faces, detectionOf(1).faces)).toBeLessThan(0.03);
  });

  it('one pixel, a line, and pictures without faces', async () => {
    for (const [width, height] of [
      [1, 1],
      [2000, 1],
      [1, 2000],
      [300, 300],
    ] as const) {
      const bytes = await sharp({ create: { width, height, channels: 3, background: '#456' } })
        .png()
        .toBuffer();
      expect(await detector.detect(bytes)).toMatchObject({ width, height, faces: [] });
    }
  });

  it('a drawn box on one pixel gives an embedding and no error', async () => {
    const bytes = await sharp({ create: { width: 1, height: 1, channels: 3, background: '#456' } })
      .png()
      .toBuffer();
    const { faces } = await detector.detect(bytes, { boxes: [[0, 0, 1, 1]] });
    expect(faces[0]?.embedding?.every(Number.isFinite)).toBe(true);
  });
});

describe('bytes that are no picture', () => {
  it.each([
    { what: 'an empty file', bytes: () => Buffer.alloc(0), code: 'not_a_picture' },
    { what: 'a text', bytes: () => Buffer.from('This is not a picture at all.'), code: 'not_a_picture' },
    {
      what: 'an SVG',
      bytes: () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      code: 'not_a_picture',
    },
    { what: 'a JPEG cut at 40 %', bytes: () => cut(0.4), code: 'broken_picture' },
    { what: 'a JPEG cut at 95 %', bytes: () => cut(0.95), code: 'broken_picture' },
    { what: 'a JPEG head alone', bytes: () => Buffer.from([0xff, 0xd8, 0xff, 0xe0]), code: 'broken_picture' },
    {
      what: '51 MB',
      bytes: () => Buffer.concat([photo(photos, 1), Buffer.alloc(51e6 * 1.05)]),
      code: 'picture_too_large',
    },
  ])('$what: $code', async ({ bytes, code }) => {
    const failure = await detector.detect(bytes()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'VisavisError', code });
    expect((failure as Error).message).not.toMatch(/\n/);
  });

  it('more than 100 megapixels: picture_too_large', async () => {
    const size = { width: 10_100, height: 10_000 };
    const bytes = await sharp({ create: { ...size, channels: 3, background: '#456' } })
      .png()
      .toBuffer();
    await expect(detector.detect(bytes)).rejects.toMatchObject({ code: 'picture_too_large' });
  });

  function cut(share: number): Buffer {
    const bytes = photo(photos, 1);
    return bytes.subarray(0, Math.floor(bytes.length * share));
  }
});

it('many inferences in two threads at once give each request its own answer, the same as before', async () => {
  const rounds = Array.from({ length: 8 }, () => photos).flat();
  const answers = await Promise.all(rounds.map((bytes) => detector.detect(bytes)));
  answers.forEach((answer, i) => {
    expect(answer).toEqual(detections[i % photos.length]);
  });
});

it('large pictures, which wait for each other, are answered as well as alone', async () => {
  const large = await sharp(photo(photos, 1)).resize(4200).jpeg().toBuffer();
  const drawing = { kind: 'annotated', picture: large, marks: [] } as const;
  const alone = await detector.detect(large);
  expect(alone.faces).toHaveLength(3);
  const answers = await Promise.all([
    detector.detect(large),
    detector.draw(drawing),
    detector.detect(large),
    detector.detect(photo(photos, 2)),
    detector.detect(large),
    detector.draw(drawing),
  ]);
  for (const i of [0, 2, 4]) expect(answers[i]).toEqual(alone);
  expect(answers[3]).toEqual(detectionOf(2));
  for (const i of [1, 5]) expect(answers[i]).toMatchObject({ width: 4200, type: 'image/jpeg' });
});

it('goes on without losing anything when the process is killed in the middle', async () => {
  const before = detector.pid;
  if (before === null) throw new Error('no process');
  const requests = Array.from({ length: 2 }, () => photos)
    .flat()
    .map((bytes) => detector.detect(bytes, { embed: true }));
  await Promise.any(requests);
  process.kill(before, 'SIGKILL');
  const answers = await Promise.all(requests);
  answers.forEach((answer, i) => {
    expect(answer).toEqual(detections[i % photos.length]);
  });
  expect(detector.pid).not.toBe(before);
});

it('refuses what comes after close', async () => {
  const closed = createDetector({ dataDir, threads: 1 });
  const early = closed.detect(photo(photos, 1)).catch((error: unknown) => error);
  await closed.close();
  expect(await early).toMatchObject({ code: 'detector_unavailable' });
  await expect(closed.detect(photo(photos, 1))).rejects.toMatchObject({ code: 'detector_unavailable' });
});
