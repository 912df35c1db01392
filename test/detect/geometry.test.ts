import { describe, expect, it } from 'vitest';
import { apply, fitSimilarity, type XY } from '../../src/detect/geometry.ts';
import { shrink, warp } from '../../src/detect/sampling.ts';
import { intersectionOverUnion, merge, suppress } from '../../src/detect/steps/boxes.ts';

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

  it.each([0.5, 1, 1.5, 2.5, 4])('shows the right place at scale %d', (scale) => {
    const size = 40;
    const angle = 0.4;
    const toPicture = { a: scale * Math.cos(angle), b: scale * Math.sin(angle), dx: 150, dy: 60 };
    const out = new Float32Array(3 * size * size);
    warp(picture, toPicture, size, out);
    for (const [u, v] of [
      [2, 3],
      [20, 20],
      [38, 30],
    ] as const) {
      const [x, y] = apply(toPicture, [u + 0.5, v + 0.5]);
      const at = v * size + u;
      expect(Math.abs((out[at] ?? 0) - (x * 255) / width)).toBeLessThan(2.5);
      expect(Math.abs((out[at + size * size] ?? 0) - (y * 255) / height)).toBeLessThan(2.5);
      expect(out[at + 2 * size * size]).toBeCloseTo(200, 3);
    }
  });

  it.each([0.7, 1.5, 3])('is black outside the picture at scale %d, on every side', (scale) => {
    const area = 40 * 40;
    for (const [dx, dy, black, seen] of [
      [-20 * scale, 10, 0, 39],
      [width - 20 * scale, 10, 39, 0],
      [10, -20 * scale, 0, 39 * 40],
      [10, height - 20 * scale, 39 * 40, 0],
    ] as const) {
      // What was there before is written over, and what lies before the offset stays.
      const out = new Float32Array(7 + 3 * area).fill(-1);
      warp(picture, { a: scale, b: 0, dx, dy }, 40, out, 7);
      expect(out[6]).toBe(-1);
      for (const plane of [0, 1, 2]) expect(out[7 + plane * area + black]).toBe(0);
      expect(out[7 + 2 * area + seen]).toBeCloseTo(200, 3);
      expect(out.slice(7).every((value) => value >= 0)).toBe(true);
    }
    const far = new Float32Array(3 * 16).fill(-1);
    warp(picture, { a: scale, b: 0, dx: 1e6, dy: 1e6 }, 4, far);
    expect(far.every((value) => value === 0)).toBe(true);
  });
});

describe('shrink', () => {
  const gradient = (width: number, height: number) => {
    const data = new Uint8Array(width * height * 3);
    for (let i = 0; i < width * height; i++) data.set([i % width, Math.floor(i / width), 77], i * 3);
    return { data, width, height };
  };

  it('gives each pixel the mean of what it covers, by a whole factor and by any other', () => {
    const picture = gradient(60, 40);
    const half = shrink(picture, { left: 10, top: 4, width: 40, height: 30 }, 20, 15);
    expect([...half.data.slice(0, 6)]).toEqual([11, 5, 77, 13, 5, 77]);
    expect([...half.data.slice(-3)]).toEqual([49, 33, 77]);
    const odd = shrink(picture, { left: 0, top: 0, width: 60, height: 40 }, 25, 7);
    // Middle of pixel u: (u + 0.5) * 2.4 - 0.5.
    for (const u of [0, 12, 24])
      expect(Math.abs((odd.data[u * 3] ?? 0) - ((u + 0.5) * 2.4 - 0.5))).toBeLessThanOrEqual(0.51);
    expect(odd.data.filter((_, i) => i % 3 === 2).every((value) => value === 77)).toBe(true);
  });

  it('leaves a part of the same size as it is', () => {
    const picture = gradient(20, 20);
    const same = shrink(picture, { left: 3, top: 5, width: 8, height: 6 }, 8, 6);
    expect([...same.data.slice(0, 3)]).toEqual([3, 5, 77]);
    expect([...same.data.slice(-3)]).toEqual([10, 10, 77]);
  });
});

describe('suppress', () => {
  it('keeps the best of a pile and what stands apart', () => {
    const kept = suppress(
      [
        { box: [0, 0, 10, 10], score: 0.7 },
        { box: [1, 1, 10, 10], score: 0.9 },
        { box: [30, 0, 10, 10], score: 0.65 },
      ],
      0.3,
    );
    expect(kept.map(({ score }) => score)).toEqual([0.9, 0.65]);
  });

  it('adds what was found by looking closer, unless it is there or is a part of what is there', () => {
    const there = [{ box: [0, 0, 100, 100], score: 0.7 }] as const;
    const closer = [
      { box: [40, 60, 20, 10], score: 0.99 },
      { box: [120, 0, 10, 10], score: 0.8 },
      { box: [121, 0, 10, 10], score: 0.9 },
      { box: [90, 90, 100, 100], score: 0.81 },
    ] as const;
    const merged = merge(there, closer, { union: 0.35, smaller: 0.6 });
    expect(merged.map(({ score }) => score)).toEqual([0.7, 0.9, 0.81]);
  });

  it('measures overlap', () => {
    expect(intersectionOverUnion([0, 0, 10, 10], [5, 0, 10, 10])).toBeCloseTo(1 / 3, 9);
    expect(intersectionOverUnion([0, 0, 10, 10], [10, 0, 10, 10])).toBe(0);
  });
});
