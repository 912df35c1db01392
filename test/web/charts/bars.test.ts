import { expect, test } from 'vitest';
import { barsPath } from '../../../src/web/charts/bars.ts';

test('the highest bar fills the box, the others are as high as their share', () => {
  expect(barsPath([1, 4, 2], false)).toBe('M0.1 100V75H0.9V100ZM1.1 100V0H1.9V100ZM2.1 100V50H2.9V100Z');
});

test('nothing has no bar, and very little has one that can be seen', () => {
  expect(barsPath([0, 10_000, 1], false)).toBe('M1.1 100V0H1.9V100ZM2.1 100V97H2.9V100Z');
  expect(barsPath([0, 0], false)).toBe('');
});

test('from right to left the first value stands on the right', () => {
  expect(barsPath([1, 2], true)).toBe('M1.1 100V50H1.9V100ZM0.1 100V0H0.9V100Z');
});
