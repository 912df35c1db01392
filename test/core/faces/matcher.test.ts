import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distance } from '../../../src/core/faces/detector.ts';
import { EXAMPLE_QUALITY, match, type Opinion, SMALLEST_FACE_PX } from '../../../src/core/faces/matcher.ts';
import { plainMeasures } from '../../../src/core/faces/measures.ts';
import { at } from '../../support/pictures.ts';

interface Face {
  readonly faceId: number;
  readonly fileId: number;
  readonly vector: Float32Array;
  readonly heightPx: number;
  readonly quality: number | null;
}

interface Person {
  readonly person: string;
  readonly confirmed?: readonly Face[];
  readonly rejected?: readonly Face[];
  readonly portrait?: Float32Array;
  readonly enough?: boolean;
}

let ids = 0;
const face = (position: number, given: Partial<Face> = {}): Face => {
  const id = ++ids;
  return { faceId: id, fileId: 10_000 + id, vector: at(position), heightPx: 100, quality: null, ...given };
};

/** What the matcher thinks of the candidates; faces that the persons hold are in the project too. */
async function opinions(
  candidates: readonly Face[],
  persons: readonly Person[],
  threshold = 0.6,
): Promise<Opinion[]> {
  const known = persons.flatMap(({ confirmed = [], rejected = [] }) => [...confirmed, ...rejected]);
  const all = [...new Set([...candidates, ...known])];
  const vectors = new Float32Array(all.length * 128);
  for (const [i, { vector }] of all.entries()) vectors.set(vector, i * 128);
  const places = (faces: readonly Face[] = []) => faces.map((one) => all.indexOf(one));
  const found = await match(
    plainMeasures,
    {
      faceIds: all.map((one) => one.faceId),
      fileIds: all.map((one) => one.fileId),
      heights: Float32Array.from(all, (one) => one.heightPx),
      qualities: Float32Array.from(all, (one) => one.quality ?? Number.NaN),
      vectors,
      dims: 128,
    },
    persons.map(({ person, confirmed, rejected, portrait, enough }) => ({
      person,
      confirmed: places(confirmed),
      rejected: places(rejected),
      settled: places([...(confirmed ?? []), ...(rejected ?? [])]),
      portrait: portrait ?? null,
      enough: enough ?? true,
    })),
    threshold,
  );
  const asked = new Set(candidates.map((one) => one.faceId));
  return found.filter((opinion) => asked.has(opinion.faceId));
}

const aboutOne = (candidates: readonly Face[], confirmed: Face[], rejected: Face[] = [], threshold = 0.6) =>
  opinions(candidates, [{ person: 'Q1', confirmed, rejected }], threshold);
const suggested = async (candidates: Face[], confirmed: Face[], rejected: Face[] = []) =>
  (await aboutOne(candidates, confirmed, rejected))
    .filter((opinion) => opinion.suggested)
    .map((opinion) => opinion.faceId);

describe('the matcher', () => {
  it('has no opinion without examples', async () => {
    expect(await aboutOne([face(0)], [], [face(5)])).toEqual([]);
  });

  it('measures against good examples and rejections alone; of unknown quality is good', async () => {
    const candidate = face(0.25);
    const [poor, good] = [
      face(0.25, { quality: EXAMPLE_QUALITY - 0.01 }),
      face(0, { quality: EXAMPLE_QUALITY }),
    ];
    expect(await aboutOne([candidate], [poor])).toEqual([]);
    const bad = face(0.25, { quality: 0 });
    expect(await aboutOne([candidate], [poor, good, face(0)], [bad])).toEqual([
      { faceId: candidate.faceId, person: 'Q1', distance: 0.25, suggested: true, near: true },
    ]);
  });

  it('suggests nobody in a file where the person is confirmed, however poor that face is', async () => {
    const poor = face(0, { quality: 0, fileId: 1 });
    expect(await suggested([face(0, { fileId: 1 })], [poor, face(0.1)])).toEqual([]);
  });

  it('suggests poor faces too: people look at every one', async () => {
    const poor = face(0.1, { quality: 0 });
    expect(await suggested([poor], [face(0)])).toEqual([poor.faceId]);
  });

  it('gives the distance of every candidate and suggests the near ones', async () => {
    const [near, far] = [face(0.25), face(0.75)];
    expect(await aboutOne([near, far], [face(0)])).toEqual([
      { faceId: near.faceId, person: 'Q1', distance: 0.25, suggested: true, near: true },
      { faceId: far.faceId, person: 'Q1', distance: 0.75, suggested: false, near: false },
    ]);
  });

  it('draws the line at the threshold, which itself is too far', async () => {
    const [on, below] = [face(0.5), face(0.499)];
    const found = await aboutOne([on, below], [face(0)], [], 0.5);
    expect(found.map((opinion) => opinion.suggested)).toEqual([false, true]);
  });

  it('means the nearest seven examples, not the others', async () => {
    const examples = [...Array.from({ length: 7 }, (_, i) => face((i + 1) / 8)), face(5), face(9)];
    const [opinion] = await aboutOne([face(0)], examples);
    expect(opinion).toMatchObject({ distance: 0.5, suggested: true });
    const [few] = await aboutOne([face(0)], examples.slice(0, 3));
    expect(few?.distance).toBe(0.25);
  });

  it('is kept from a suggestion by a rejected face that is nearer', async () => {
    const candidate = face(0.25);
    expect(await suggested([candidate], [face(0)], [face(0.375)])).toEqual([]);
    expect(await suggested([candidate], [face(0)], [face(0.5)])).toEqual([]);
    expect(await suggested([candidate], [face(0)], [face(0.75)])).toEqual([candidate.faceId]);
    expect(await suggested([candidate], [face(0)], [face(0.75), face(0.3125)])).toEqual([]);
  });

  it('suggests the best face of a file alone', async () => {
    const [second, best, elsewhere] = [
      face(0.25, { fileId: 1 }),
      face(0.125, { fileId: 1 }),
      face(0.25, { fileId: 2 }),
    ];
    expect(await suggested([second, best, elsewhere], [face(0)])).toEqual([best.faceId, elsewhere.faceId]);
  });

  it('does not let a face that cannot be suggested keep out another of its file', async () => {
    const small = face(0.125, { fileId: 1, heightPx: 20 });
    const tall = face(0.25, { fileId: 1 });
    expect(await suggested([small, tall], [face(0)])).toEqual([tall.faceId]);
  });

  it('suggests nobody in a file where the person is confirmed', async () => {
    expect(await suggested([face(0.1, { fileId: 1 })], [face(0, { fileId: 1 })])).toEqual([]);
  });

  it('suggests no face below 48 pixels, but tells its distance', async () => {
    expect(SMALLEST_FACE_PX).toBe(48);
    const [small, enough] = [face(0.25, { heightPx: 47.9 }), face(0.25, { heightPx: 48 })];
    expect(await aboutOne([small, enough], [face(0)])).toMatchObject([
      { distance: 0.25, suggested: false, near: false },
      { distance: 0.25, suggested: true, near: true },
    ]);
  });

  /** Few different numbers, which products of matrices do not round, so that ties come up. */
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
          face(position / 8, { faceId: from + i, fileId, heightPx }),
        ),
      );
  const sets = fc.record({ candidates: faces(1), confirmed: faces(100), rejected: faces(200) });
  const byId = (found: Opinion[]) => found.toSorted((a, b) => a.faceId - b.faceId);
  const all = (given: { candidates: Face[]; confirmed: Face[]; rejected: Face[] }, threshold = 0.6) =>
    aboutOne(given.candidates, given.confirmed, given.rejected, threshold);

  it('thinks the same whatever the order of what it is given', async () => {
    await fc.assert(
      fc.asyncProperty(
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
        async ([one, other]) => {
          expect(byId(await all(other))).toEqual(byId(await all(one)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('keeps its rules for every set of faces', async () => {
    await fc.assert(
      fc.asyncProperty(sets, fc.double({ min: 0.1, max: 1, noNaN: true }), async (given, threshold) => {
        const found = await all(given, threshold);
        if (given.confirmed.length === 0) {
          expect(found).toEqual([]);
          return;
        }
        const taken = given.confirmed.map((one) => one.fileId);
        const left = given.candidates.filter((one) => !taken.includes(one.fileId));
        expect(found.map((one) => one.faceId)).toEqual(left.map((one) => one.faceId));
        const files: number[] = [];
        for (const { faceId, distance: near, suggested } of found) {
          const own = given.candidates.find((one) => one.faceId === faceId);
          if (!own) throw new Error('an opinion about nobody');
          const spread = given.confirmed.map((one) => distance(own.vector, one.vector));
          expect(near).toBeGreaterThanOrEqual(Math.min(...spread) - 1e-6);
          expect(near).toBeLessThanOrEqual(Math.max(...spread) + 1e-6);
          if (!suggested) continue;
          files.push(own.fileId);
          expect(near).toBeLessThan(threshold);
          expect(own.heightPx).toBeGreaterThanOrEqual(48);
          for (const one of given.rejected)
            expect(distance(own.vector, one.vector)).toBeGreaterThan(near - 1e-6);
        }
        expect(new Set(files).size).toBe(files.length);
      }),
      { numRuns: 300 },
    );
  });

  it('only suggests more with a higher threshold', async () => {
    await fc.assert(
      fc.asyncProperty(sets, fc.double({ min: 0.1, max: 1, noNaN: true }), async (given, threshold) => {
        const count = async (value: number) =>
          (await all(given, value)).filter((opinion) => opinion.suggested).length;
        expect(await count(threshold + 0.2)).toBeGreaterThanOrEqual(await count(threshold));
      }),
    );
  });

  describe('with several persons', () => {
    const two = (q1: Partial<Person> = {}, q2: Partial<Person> = {}) => [
      { person: 'Q1', confirmed: [face(0)], ...q1 },
      { person: 'Q2', confirmed: [face(1)], ...q2 },
    ];

    it('says of each face whom it is most likely to be', async () => {
      const [left, right] = [face(0.25), face(0.875)];
      expect(await opinions([left, right], two())).toMatchObject([
        { faceId: left.faceId, person: 'Q1', distance: 0.25, suggested: true },
        { faceId: right.faceId, person: 'Q2', distance: 0.125, suggested: true },
      ]);
    });

    it('goes on to the next likely person after a no', async () => {
      const candidate = face(0.25);
      expect(await opinions([candidate], two({ rejected: [candidate] }))).toMatchObject([
        { person: 'Q2', distance: 0.75, suggested: false },
      ]);
      expect(await opinions([candidate], two({ rejected: [candidate] }, { rejected: [candidate] }))).toEqual(
        [],
      );
    });

    it('takes the earlier person of two that are equally near', async () => {
      const [first] = await opinions([face(0.5)], two());
      expect(first?.person).toBe('Q1');
      const [other] = await opinions([face(0.5)], two().toReversed());
      expect(other?.person).toBe('Q2');
    });

    it('takes confirmed faces of one person for rejected ones of the others', async () => {
      const [opinion] = await opinions(
        [face(0.5)],
        two({ confirmed: [face(0)] }, { confirmed: [face(0.9375)] }),
      );
      expect(opinion).toMatchObject({ person: 'Q2', near: true });
      const [between] = await opinions(
        [face(0.375)],
        [
          { person: 'Q1', confirmed: [face(0), face(0)] },
          { person: 'Q2', confirmed: [face(0.5), face(5)] },
        ],
      );
      // The mean to Q1 is nearer, but the nearest face of all is somebody else.
      expect(between).toMatchObject({ person: 'Q1', distance: 0.375, suggested: false, near: false });
    });

    it('suggests each of them once in a file', async () => {
      const [hers, his, third] = [face(0.125), face(0.875), face(0.25)].map((one) => ({ ...one, fileId: 7 }));
      if (!hers || !his || !third) throw new Error('no faces');
      const found = await opinions([hers, his, third], two());
      expect(found.filter((one) => one.suggested).map((one) => one.faceId)).toEqual([
        hers.faceId,
        his.faceId,
      ]);
    });
  });

  describe('with a portrait', () => {
    it('orders faces by it while there is no example, and suggests nothing', async () => {
      const found = await opinions([face(0.25), face(2)], [{ person: 'Q1', portrait: at(0), enough: false }]);
      expect(found).toMatchObject([
        { distance: 0.25, suggested: false, near: true },
        { distance: 2, suggested: false, near: false },
      ]);
    });

    it('does without it as soon as there is one', async () => {
      const found = await opinions(
        [face(0.25)],
        [{ person: 'Q1', portrait: at(0.25), confirmed: [face(0)] }],
      );
      expect(found).toMatchObject([{ distance: 0.25 }]);
    });
  });
});
