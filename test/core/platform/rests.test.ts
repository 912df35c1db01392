import { expect, it } from 'vitest';
import { createRests } from '../../../src/core/platform/rests.ts';

it('rests so many times as long as the work took, for each by itself', () => {
  const rests = createRests(4);
  rests.worked(1, 1_000, 2_000);
  expect(rests.rests(1, 2_000)).toBe(true);
  expect(rests.rests(1, 5_999)).toBe(true);
  expect(rests.rests(1, 6_000)).toBe(false);
  expect(rests.rests(2, 2_000)).toBe(false);
});

it('does not rest after what took no time, and not for long when a clock is set', () => {
  const rests = createRests(4);
  rests.worked(1, 1_000, 2_000);
  rests.worked(1, 6_000, 6_050);
  expect(rests.rests(1, 6_051)).toBe(false);
  rests.worked(1, 10_000, 11_000);
  expect(rests.rests(1, 11_001 - 3_600_000)).toBe(false);
});
