import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Box, Drawing, Drawn } from '../../../src/core/faces/detector.ts';
import { createDetector, type ProcessDetector } from '../../../src/detect/detector.ts';
import { dataDir, photo, preparedPhotos } from '../prepared.ts';

const FACE: Box = [0.75, 0.17, 0.14, 0.17];
let photos: Buffer[] = [];
let detector: ProcessDetector;
beforeAll(async () => {
  photos = await preparedPhotos();
  detector = createDetector({ dataDir, threads: 2 });
});
afterAll(() => detector?.close());

/** Draws, and checks what holds for every card: a real JPEG of the told size, under 300 KB. */
async function draw(drawing: Drawing): Promise<Drawn> {
  const drawn = await detector.draw(drawing);
  const { format, width, height } = await sharp(drawn.bytes).metadata();
  expect({ format, width, height }).toEqual({ format: 'jpeg', width: drawn.width, height: drawn.height });
  expect(drawn.type).toBe('image/jpeg');
  expect(drawn.bytes.length).toBeLessThan(300_000);
  return drawn;
}

/** RGB of one pixel. */
async function pixel(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  const at = { left: Math.round(left), top: Math.round(top), width: 1, height: 1 };
  return [...(await sharp(bytes).extract(at).raw().toBuffer())];
}

/** Width, height and colour; noise is the hardest to make small. */
const plain = (width: number, height: number, background: string) =>
  sharp({ create: { width, height, channels: 3, background } });
const noise = (width: number, height: number) =>
  sharp({
    create: {
      width,
      height,
      channels: 3,
      background: '#000',
      noise: { type: 'gaussian', mean: 128, sigma: 60 },
    },
  });

describe('crop', () => {
  it('is a square of the size asked for, with the face in the middle', async () => {
    // A red square in a grey picture stands for the face.
    const picture = await plain(1000, 600, '#888')
      .composite([{ input: await plain(100, 100, '#f00').png().toBuffer(), left: 700, top: 300 }])
      .png()
      .toBuffer();
    const { bytes, width, height } = await draw({
      kind: 'crop',
      picture,
      box: [0.7, 0.5, 0.1, 1 / 6],
      size: 200,
    });
    expect([width, height]).toEqual([200, 200]);
    const [red, green] = await pixel(bytes, 100, 100);
    expect(red).toBeGreaterThan(240);
    expect(green).toBeLessThan(15);
    for (const [x, y] of [
      [5, 100],
      [195, 100],
      [100, 5],
      [100, 195],
    ] as const)
      expect(Math.abs(((await pixel(bytes, x, y))[0] ?? 0) - 0x88)).toBeLessThan(10);
  });

  it('shows the upright picture', async () => {
    const upright = await draw({ kind: 'crop', picture: photo(photos, 1), box: FACE, size: 64 });
    const turned = await sharp(photo(photos, 1))
      .rotate(270)
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 95 })
      .toBuffer();
    const same = await draw({ kind: 'crop', picture: turned, box: FACE, size: 64 });
    const [a, b] = await Promise.all([upright, same].map(({ bytes }) => sharp(bytes).raw().toBuffer()));
    const errors = [...(a ?? [])].map((value, i) => Math.abs(value - (b?.[i] ?? 999)));
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(8);
  });

  it.each([
    ['at the edge', [0.95, 0.9, 0.05, 0.1]],
    ['as large as the picture', [0, 0, 1, 1]],
    ['smaller than a pixel', [0.5, 0.5, 1e-5, 1e-5]],
    ['over the edge', [0.9, 0.9, 0.3, 0.3]],
  ] as [string, Box][])('of a box %s is a square too', async (_where, box) => {
    const { width, height } = await draw({ kind: 'crop', picture: photo(photos, 2), box, size: 150 });
    expect([width, height]).toEqual([150, 150]);
  });
});

describe('question', () => {
  const question = (marks: number, portrait?: Buffer): Drawing => ({
    kind: 'question',
    picture: photo(photos, 1),
    marks: Array.from({ length: marks }, (_, i) => ({
      box: [0.1 + i * 0.08, 0.4, 0.06, 0.1],
      label: String(i + 1),
    })),
    ...(portrait ? { portrait } : {}),
  });

  it('is the picture alone without marks', async () => {
    expect(await draw(question(0))).toMatchObject({ width: 900, height: 600 });
  });

  it.each([
    // One row of squares below the picture of 600 pixels, and two rows from seven on.
    [2, false, 600 + 12 + 440],
    [3, false, 600 + 12 + 292],
    [5, true, 600 + 12 + 140],
    [6, true, 600 + 2 * (12 + 216)],
    [9, true, 600 + 2 * (12 + 170)],
  ])('has %d faces below it, with the portrait: %s', async (marks, withPortrait, height) => {
    const drawn = await draw(question(marks, withPortrait ? photo(photos, 2) : undefined));
    expect(drawn).toMatchObject({ width: 900, height });
  });

  it('shows below the picture what is in each box', async () => {
    const colours = ['#ff0000', '#00ff00', '#0000ff'];
    const parts = await Promise.all(
      colours.map(async (colour, i) => ({
        input: await plain(100, 100, colour).png().toBuffer(),
        left: 100 + i * 250,
        top: 200,
      })),
    );
    const picture = await plain(900, 600, '#888').composite(parts).png().toBuffer();
    const { bytes } = await draw({
      kind: 'question',
      picture,
      marks: colours.map((_, i) => ({
        box: [(100 + i * 250) / 900, 200 / 600, 100 / 900, 100 / 600],
        label: String(i + 1),
      })),
    });
    for (const [i, colour] of colours.entries()) {
      const rgb = await pixel(bytes, i * 304 + 146, 612 + 146);
      const wanted = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
      for (const [at, value] of wanted.entries()) expect(Math.abs((rgb[at] ?? 0) - value)).toBeLessThan(12);
    }
  });

  it('has the face beside it when there is one', async () => {
    const { width, height } = await draw(question(1));
    expect(width).toBeGreaterThan(1200);
    expect(height).toBe(600);
  });

  it('has the face and the portrait below it, and beside it when it is tall', async () => {
    expect(await draw(question(1, photo(photos, 2)))).toMatchObject({ width: 900, height: 600 + 12 + 440 });
    const tall = await plain(600, 900, '#456').jpeg().toBuffer();
    const beside = await draw({
      kind: 'question',
      picture: tall,
      marks: [{ box: FACE, label: '1' }],
      portrait: photo(photos, 2),
    });
    expect(beside.height).toBe(760);
    expect(beside.width).toBeGreaterThan(507 + 280);
  });

  it('draws the box and its label over the picture', async () => {
    const picture = await plain(900, 600, '#3050a0').png().toBuffer();
    const { bytes } = await draw({
      kind: 'question',
      picture,
      marks: [
        { box: [0.4, 0.4, 0.2, 0.3], label: '1' },
        { box: [0.1, 0.4, 0.1, 0.2], label: '2' },
      ],
    });
    // White on the box's upper edge, a few pixels outside of the face; the picture's colour inside.
    const rows = await Promise.all([-7, -6, -5, -4, -3, -2].map((dy) => pixel(bytes, 500, 240 + dy)));
    expect(rows.some((rgb) => Math.min(...rgb) > 235)).toBe(true);
    expect(rows.some((rgb) => Math.max(...rgb) < 90)).toBe(true);
    expect(((await pixel(bytes, 450, 330))[2] ?? 0) - 0xa0).toBeLessThan(8);
    // A yellow tag above the left corner.
    expect((await pixel(bytes, 362, 225))[2]).toBeLessThan(90);
    expect((await pixel(bytes, 362, 225))[0]).toBeGreaterThan(200);
  });

  it.each([
    ['tall', 400, 3000],
    ['flat', 3000, 200],
    ['tiny', 20, 20],
  ])('fits a %s picture', async (_shape, width, height) => {
    const picture = await plain(width, height, '#456').jpeg().toBuffer();
    const drawn = await draw({
      kind: 'question',
      picture,
      marks: [{ box: [0.4, 0.4, 0.2, 0.2], label: '1' }],
      portrait: picture,
    });
    expect(drawn.width).toBeLessThanOrEqual(1400);
    expect(drawn.height).toBeLessThanOrEqual(900);
  });

  it('stays small even for noise', async () => {
    await draw({ kind: 'question', picture: await noise(1800, 1500).jpeg().toBuffer(), marks: [] });
  });
});

describe('sheet', () => {
  it.each([
    [1, 300, 300],
    [2, 612, 300],
    [4, 612, 612],
    [5, 924, 612],
    [9, 924, 924],
  ])('of %d', async (count, width, height) => {
    const tiles = Array.from({ length: count }, (_, i) => ({
      picture: photo(photos, (i % 6) + 1),
      box: FACE,
      label: 'ABCDEFGHI'.charAt(i),
    }));
    expect(await draw({ kind: 'sheet', tiles })).toMatchObject({ width, height });
    const beside = await draw({ kind: 'sheet', tiles, portrait: photo(photos, 3) });
    expect(beside.width).toBeGreaterThan(width + 200);
    expect(beside.height).toBe(height);
  });
});

describe('annotated', () => {
  it('keeps the size of the picture', async () => {
    const marks = [{ box: FACE, label: '12' }];
    const { bytes, width, height } = await detector.draw({
      kind: 'annotated',
      picture: photo(photos, 1),
      marks,
    });
    expect([width, height]).toEqual([1920, 1280]);
    expect(bytes.length).toBeGreaterThan(50_000);
  });
});

describe('bytes that are no picture', () => {
  it.each(['picture', 'portrait'])('as %s are refused', async (where) => {
    const text = Buffer.from('not a picture');
    const broken = photo(photos, 1).subarray(0, 60_000);
    const card = (bytes: Buffer): Drawing => ({
      kind: 'question',
      picture: photo(photos, 1),
      marks: [],
      [where]: bytes,
    });
    await expect(detector.draw(card(text))).rejects.toMatchObject({ code: 'not_a_picture' });
    await expect(detector.draw(card(broken))).rejects.toMatchObject({ code: 'broken_picture' });
  });
});
