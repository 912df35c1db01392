import { describe, expect, it } from 'vitest';
import { apply, fitSimilarity, warp, type XY } from '../../src/detect/geometry.ts';
import { intersectionOverUnion, suppress } from '../../src/detect/steps/ultraface.ts';

const SQUARE: readonly XY[] = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
];

describe('fitSimilarity', () => {
  it('finds rotation, scale and translation', () => {
    const truth = { a: 2 * Math.cos(0.3), b: 2 * Math.sin(0.3), dx: 5, dy: -7 };
    const found = fitSimilarity(
      SQUARE,
      SQUARE.map((point) => apply(truth, point)),
    );
    for (const key of ['a', 'b', 'dx', 'dy'] as const) expect(found[key]).toBeCloseTo(truth[key], 9);
  });

  it('has an answer when all points are one', () => {
    const one: readonly XY[] = [
      [3, 4],
      [3, 4],
    ];
    expect(apply(fitSimilarity(one, SQUARE.slice(0, 2)), [3, 4])).toEqual([5, 0]);
  });
});

describe('warp', () => {
  const width = 400;
  const height = 300;
  // Red grows to the right, green downwards: each pixel says where it is from.
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data.set([(x * 255) / width, (y * 255) / height, 200], (y * width + x) * 3);
  const picture = { data, width, height };

  it.each([0.5, 1, 1.5, 2.5, 4])('shows the right place at scale %d', async (scale) => {
    const size = 40;
    const angle = 0.4;
    const toPicture = { a: scale * Math.cos(angle), b: scale * Math.sin(angle), dx: 150, dy: 60 };
    const out = await warp(picture, toPicture, size);
    for (const [u, v] of [
      [2, 3],
      [20, 20],
      [38, 30],
    ] as const) {
      const [x, y] = apply(toPicture, [u + 0.5, v + 0.5]);
      const at = (v * size + u) * 3;
      expect(Math.abs((out[at] ?? 0) - (x * 255) / width)).toBeLessThan(2.5);
      expect(Math.abs((out[at + 1] ?? 0) - (y * 255) / height)).toBeLessThan(2.5);
      expect(out[at + 2]).toBe(200);
    }
  });

  it.each([0.7, 1.5, 3])('is black outside the picture at scale %d', async (scale) => {
    const out = await warp(picture, { a: scale, b: 0, dx: -20 * scale, dy: 10 }, 40);
    expect([...out.slice(0, 3)]).toEqual([0, 0, 0]);
    expect(out[39 * 3 + 2]).toBe(200);
    const far = await warp(picture, { a: scale, b: 0, dx: 1e6, dy: 1e6 }, 4);
    expect(far.every((value) => value === 0)).toBe(true);
  });
});

describe('suppress', () => {
  it('keeps the best of a pile and what stands apart', () => {
    const kept = suppress([
      { box: [0, 0, 10, 10], score: 0.7 },
      { box: [1, 1, 10, 10], score: 0.9 },
      { box: [30, 0, 10, 10], score: 0.65 },
    ]);
    expect(kept.map(({ score }) => score)).toEqual([0.9, 0.65]);
  });

  it('measures overlap', () => {
    expect(intersectionOverUnion([0, 0, 10, 10], [5, 0, 10, 10])).toBeCloseTo(1 / 3, 9);
    expect(intersectionOverUnion([0, 0, 10, 10], [10, 0, 10, 10])).toBe(0);
  });
});
