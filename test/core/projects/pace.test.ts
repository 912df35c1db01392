import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PACE_MS, paceAllows } from '../../../src/core/projects/pace.ts';

/** Somebody asks again and again, and shows one whenever that is allowed. */
function shown(pace: number | null, pauses: readonly number[]): { at: number[]; refused: number[] } {
  const at: number[] = [];
  const refused: number[] = [];
  let now = 0;
  for (const pause of pauses) {
    now += pause;
    (paceAllows(pace, at, now) ? at : refused).push(now);
  }
  return { at, refused };
}
const within = (at: readonly number[], end: number) =>
  at.filter((one) => one <= end && one > end - PACE_MS).length;

const anyPauses = fc.array(fc.integer({ min: 0, max: 25 * 60_000 }), { maxLength: 200 });

it('never allows more than the pace within any hour, and refuses only where it is reached', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), anyPauses, (pace, pauses) => {
      const { at, refused } = shown(pace, pauses);
      for (const one of at) expect(within(at, one)).toBeLessThanOrEqual(pace);
      for (const one of refused) expect(within(at, one)).toBe(pace);
    }),
  );
});

it('does not depend on the order, nor on what is older than an hour', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), anyPauses, (pace, pauses) => {
      const { at } = shown(pace, pauses);
      const now = (at.at(-1) ?? 0) + 1;
      const young = at.filter((one) => one > now - PACE_MS);
      expect(paceAllows(pace, at.toReversed(), now)).toBe(paceAllows(pace, young, now));
    }),
  );
});

it('allows everything without a pace', () => {
  expect(shown(null, Array(100).fill(0)).at).toHaveLength(100);
});

it('allows the next one exactly an hour after the first', () => {
  expect(paceAllows(1, [0], PACE_MS - 1)).toBe(false);
  expect(paceAllows(1, [0], PACE_MS)).toBe(true);
});
