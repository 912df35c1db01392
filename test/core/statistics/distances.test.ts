import { expect, test } from 'vitest';
import { distanceHistogram } from '../../../src/core/statistics/distances.ts';

const faces = (isPerson: boolean, ...distances: number[]) =>
  distances.map((distance) => ({ isPerson, distance, rejectedNearer: false }));

test('counts decided faces in bins of 0.05, the threshold among them', () => {
  const found = distanceHistogram([...faces(true, 0.52, 0.54, 0.6), ...faces(false, 0.58, 0.71)], 0.6);
  expect(found?.from).toBeCloseTo(0.5);
  expect(found).toMatchObject({
    width: 0.05,
    confirmed: [2, 0, 1, 0, 0],
    rejected: [0, 1, 0, 0, 1],
    near: { confirmed: 2, rejected: 1 },
  });
});

test('a threshold beyond all faces is shown all the same', () => {
  const found = distanceHistogram(faces(true, 0.3, 0.33), 0.7);
  expect(found?.from).toBeCloseTo(0.3);
  expect(found?.confirmed).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('nothing measured is no histogram', () => {
  expect(distanceHistogram([], 0.6)).toBeNull();
});
