import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance } from '../../../src/core/faces/detector.ts';
import { EXAMPLE_QUALITY, type MatchFace, match, SMALLEST_FACE_PX } from '../../../src/core/faces/matcher.ts';
import { at } from '../../support/pictures.ts';

let ids = 0;
const face = (position: number, given: Partial<MatchFace> = {}): MatchFace => {
  const id = ++ids;
  return { faceId: id, fileId: 10_000 + id, vector: at(position), heightPx: 100, quality: null, ...given };
};
const suggested = (candidates: MatchFace[], confirmed: MatchFace[], rejected: MatchFace[] = []) =>
  match(candidates, { confirmed, rejected }, 0.6)
    .filter((opinion) => opinion.suggested)
    .map((opinion) => opinion.faceId);

describe('the matcher', () => {
  it('has no opinion without examples', () => {
    expect(match([face(0)], { confirmed: [], rejected: [face(5)] }, 0.6)).toEqual([]);
  });

  it('measures against good examples and rejections alone; of unknown quality is good', () => {
    const candidate = face(0.25);
    const [poor, good] = [
      face(0.25, { quality: EXAMPLE_QUALITY - 0.01 }),
      face(0, { quality: EXAMPLE_QUALITY }),
    ];
    expect(match([candidate], { confirmed: [poor], rejected: [] }, 0.6)).toEqual([]);
    expect(match([candidate], { confirmed: [poor, good, face(0)], rejected: [poor] }, 0.6)).toEqual([
      { faceId: candidate.faceId, distance: 0.25, suggested: true },
    ]);
  });

  it('suggests nobody in a file where the person is confirmed, however poor that face is', () => {
    const poor = face(0, { quality: 0, fileId: 1 });
    expect(suggested([face(0, { fileId: 1 })], [poor, face(0.1)])).toEqual([]);
  });

  it('suggests poor faces too: people look at every one', () => {
    const poor = face(0.1, { quality: 0 });
    expect(suggested([poor], [face(0)])).toEqual([poor.faceId]);
  });

  it('gives the distance of every candidate and suggests the near ones', () => {
    const [near, far] = [face(0.25), face(0.75)];
    expect(match([near, far], { confirmed: [face(0)], rejected: [] }, 0.6)).toEqual([
      { faceId: near.faceId, distance: 0.25, suggested: true },
      { faceId: far.faceId, distance: 0.75, suggested: false },
    ]);
  });

  it('draws the line at the threshold, which itself is too far', () => {
    const [on, below] = [face(0.5), face(0.499)];
    const opinions = match([on, below], { confirmed: [face(0)], rejected: [] }, 0.5);
    expect(opinions.map((opinion) => opinion.suggested)).toEqual([false, true]);
  });

  it('means the nearest seven examples, not the others', () => {
    const examples = [...Array.from({ length: 7 }, (_, i) => face((i + 1) / 8)), face(5), face(9)];
    const [opinion] = match([face(0)], { confirmed: examples, rejected: [] }, 0.6);
    expect(opinion).toMatchObject({ distance: 0.5, suggested: true });
    const [few] = match([face(0)], { confirmed: examples.slice(0, 3), rejected: [] }, 0.6);
    expect(few?.distance).toBe(0.25);
  });

  it('is kept from a suggestion by a rejected face that is nearer', () => {
    const candidate = face(0.25);
    expect(suggested([candidate], [face(0)], [face(0.375)])).toEqual([]);
    expect(suggested([candidate], [face(0)], [face(0.5)])).toEqual([]);
    expect(suggested([candidate], [face(0)], [face(0.75)])).toEqual([candidate.faceId]);
    expect(suggested([candidate], [face(0)], [face(0.75), face(0.3125)])).toEqual([]);
  });

  it('suggests the best face of a file alone', () => {
    const [second, best, elsewhere] = [
      face(0.25, { fileId: 1 }),
      face(0.125, { fileId: 1 }),
      face(0.25, { fileId: 2 }),
    ];
    expect(suggested([second, best, elsewhere], [face(0)])).toEqual([best.faceId, elsewhere.faceId]);
  });

  it('does not let a face that cannot be suggested keep out another of its file', () => {
    const small = face(0.125, { fileId: 1, heightPx: 20 });
    const tall = face(0.25, { fileId: 1 });
    expect(suggested([small, tall], [face(0)])).toEqual([tall.faceId]);
  });

  it('suggests nobody in a file where the person is confirmed', () => {
    expect(suggested([face(0.1, { fileId: 1 })], [face(0, { fileId: 1 })])).toEqual([]);
  });

  it('suggests no face below 48 pixels, but tells its distance', () => {
    expect(SMALLEST_FACE_PX).toBe(48);
    const [small, enough] = [face(0.25, { heightPx: 47.9 }), face(0.25, { heightPx: 48 })];
    expect(match([small, enough], { confirmed: [face(0)], rejected: [] }, 0.6)).toMatchObject([
      { distance: 0.25, suggested: false },
      { distance: 0.25, suggested: true },
    ]);
  });

  it('takes thousands of rejected faces', () => {
    const rejected = Array.from({ length: 200_000 }, () => ({ ...face(5), vector: new Float32Array([5]) }));
    const candidate = { ...face(0), vector: new Float32Array([0.1]) };
    const confirmed = [{ ...face(0), vector: new Float32Array([0]) }];
    expect(suggested([candidate], confirmed, rejected)).toEqual([candidate.faceId]);
  });

  /** Few different numbers, so that ties come up. */
  const faces = (from: number) =>
    fc
      .array(
        fc.record({
          position: fc.integer({ min: 0, max: 12 }),
          fileId: fc.integer({ min: 1, max: 5 }),
          heightPx: fc.constantFrom(40, 48, 100),
        }),
        { maxLength: 12 },
      )
      .map((list) =>
        list.map(({ position, fileId, heightPx }, i) =>
          face(position / 10, { faceId: from + i, fileId, heightPx }),
        ),
      );
  const sets = fc.record({ candidates: faces(1), confirmed: faces(100), rejected: faces(200) });
  const byId = (opinions: ReturnType<typeof match>) => opinions.toSorted((a, b) => a.faceId - b.faceId);

  it('thinks the same whatever the order of what it is given', () => {
    fc.assert(
      fc.property(
        sets.chain((given) =>
          fc.tuple(
            fc.constant(given),
            fc.record({
              candidates: fc.shuffledSubarray(given.candidates, { minLength: given.candidates.length }),
              confirmed: fc.shuffledSubarray(given.confirmed, { minLength: given.confirmed.length }),
              rejected: fc.shuffledSubarray(given.rejected, { minLength: given.rejected.length }),
            }),
          ),
        ),
        ([one, other]) => {
          expect(byId(match(other.candidates, other, 0.6))).toEqual(byId(match(one.candidates, one, 0.6)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps its rules for every set of faces', () => {
    fc.assert(
      fc.property(sets, fc.double({ min: 0.1, max: 1, noNaN: true }), (given, threshold) => {
        const opinions = match(given.candidates, given, threshold);
        if (given.confirmed.length === 0) {
          expect(opinions).toEqual([]);
          return;
        }
        expect(opinions.map((one) => one.faceId)).toEqual(given.candidates.map((one) => one.faceId));
        const files: number[] = [];
        for (const { faceId, distance: near, suggested } of opinions) {
          const own = given.candidates.find((one) => one.faceId === faceId);
          if (!own) throw new Error('an opinion about nobody');
          const spread = given.confirmed.map((one) => distance(own.vector, one.vector));
          expect(near).toBeGreaterThanOrEqual(Math.min(...spread));
          expect(near).toBeLessThanOrEqual(Math.max(...spread) + 1e-9);
          if (!suggested) continue;
          files.push(own.fileId);
          expect(near).toBeLessThan(threshold);
          expect(own.heightPx).toBeGreaterThanOrEqual(48);
          expect(given.confirmed.map((one) => one.fileId)).not.toContain(own.fileId);
          for (const one of given.rejected) expect(distance(own.vector, one.vector)).toBeGreaterThan(near);
        }
        expect(new Set(files).size).toBe(files.length);
      }),
      { numRuns: 300 },
    );
  });

  it('only suggests more with a higher threshold', () => {
    fc.assert(
      fc.property(sets, fc.double({ min: 0.1, max: 1, noNaN: true }), (given, threshold) => {
        const count = (value: number) =>
          match(given.candidates, given, value).filter((opinion) => opinion.suggested).length;
        expect(count(threshold + 0.2)).toBeGreaterThanOrEqual(count(threshold));
      }),
    );
  });
});
