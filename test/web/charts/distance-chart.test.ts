import fc from 'fast-check';
import { expect, test } from 'vitest';
import { distanceHistogram } from '../../../src/core/statistics/distances.ts';
import { distanceChart } from '../../../src/web/charts/distance-chart.ts';

const histogram = {
  from: 0.4,
  width: 0.1,
  confirmed: [4, 2, 0, 0],
  rejected: [0, 0, 0, 8],
  near: { confirmed: 6, rejected: 0 },
};

test('confirmed faces stand above the line and rejected ones hang below it, on one scale', () => {
  const { bars, middle, height } = distanceChart(histogram, 0.6, false);
  expect(bars.map(({ kind, count, from, to }) => [kind, count, from, to])).toEqual([
    ['confirmed', 4, 0.4, 0.5],
    ['confirmed', 2, 0.5, 0.6],
    ['rejected', 8, 0.7, 0.8],
  ]);
  const [first, second, last] = bars;
  expect(first?.height).toBe((last?.height ?? 0) / 2);
  expect(second?.height).toBe((last?.height ?? 0) / 4);
  expect((first?.y ?? 0) + (first?.height ?? 0)).toBe(middle);
  expect(last?.y).toBe(middle);
  expect(middle + (last?.height ?? 0)).toBeLessThan(height);
});

test('the threshold stands where its distance is, its label where there is room', () => {
  expect(distanceChart(histogram, 0.6, false)).toMatchObject({ threshold: 50, thresholdAnchor: 'start' });
  expect(distanceChart(histogram, 0.7, false)).toMatchObject({ threshold: 75, thresholdAnchor: 'end' });
  expect(distanceChart(histogram, 0.7, true)).toMatchObject({ threshold: 25, thresholdAnchor: 'end' });
});

test('the numbers below it, the legend and the table', () => {
  const { ticks, confirmed, rejected, table } = distanceChart(histogram, 0.6, false);
  expect(ticks).toEqual([
    { x: 25, value: 0.5 },
    { x: 50, value: 0.6 },
    { x: 75, value: 0.7 },
  ]);
  expect([confirmed, rejected]).toEqual([
    { all: 6, near: 6 },
    { all: 8, near: 0 },
  ]);
  expect(table).toEqual([
    { from: 0.4, to: 0.5, confirmed: 4, rejected: 0 },
    { from: 0.5, to: 0.6, confirmed: 2, rejected: 0 },
    { from: 0.7, to: 0.8, confirmed: 0, rejected: 8 },
  ]);
});

test('whatever was decided, everything lies within the picture', () => {
  const face = fc.record({
    isPerson: fc.boolean(),
    distance: fc.double({ min: 0, max: 2, noNaN: true }),
    rejectedNearer: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(face, { minLength: 1, maxLength: 60 }),
      fc.double({ min: 0.2, max: 1, noNaN: true }),
      fc.boolean(),
      (faces, threshold, rightToLeft) => {
        const found = distanceHistogram(faces, threshold);
        if (!found) throw new Error('nothing was counted');
        const chart = distanceChart(found, threshold, rightToLeft);
        expect(chart.bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(faces.length);
        for (const { x, width, y, height } of chart.bars) {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x + width).toBeLessThanOrEqual(100.01);
          expect(y).toBeGreaterThan(0);
          expect(y + height).toBeLessThan(chart.height);
        }
        expect(chart.threshold).toBeGreaterThan(0);
        expect(chart.threshold).toBeLessThan(100);
        expect(chart.ticks.length).toBeLessThanOrEqual(6);
      },
    ),
  );
});
