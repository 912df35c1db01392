import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { distance } from '../../../src/core/faces/detector.ts';
import { type MeasureJob, plainMeasures } from '../../../src/core/faces/measures.ts';
import { createMeasures } from '../../../src/detect/products.ts';

const DIMS = 8;
const threaded = createMeasures();
afterAll(() => threaded.close());

/** What the job asks for, as it is said and not as it is computed. */
function slowly({ faces, rows, sets, barred, nearest }: MeasureJob) {
  const vector = (place: number) => faces.subarray(place * DIMS, (place + 1) * DIMS);
  return [...rows].map((place, row) => {
    let best = { set: -1, mean: Number.POSITIVE_INFINITY, least: Number.POSITIVE_INFINITY, others: 0 };
    const leasts: number[] = [];
    for (const [s, set] of sets.entries()) {
      const members =
        set instanceof Int32Array
          ? [...set].map(vector)
          : Array.from({ length: set.length / DIMS }, (_, i) => set.subarray(i * DIMS, (i + 1) * DIMS));
      const spread = members.map((one) => distance(vector(place), one)).sort((a, b) => a - b);
      leasts.push(spread[0] ?? Number.POSITIVE_INFINITY);
      const few = spread.slice(0, nearest);
      const mean = few.reduce((sum, value) => sum + value, 0) / few.length;
      const isBarred = barred?.[row * sets.length + s] === 1;
      if (!isBarred && few.length > 0 && mean < best.mean - 1e-5)
        best = { set: s, mean, least: spread[0] ?? 0, others: 0 };
    }
    return { ...best, others: Math.min(...leasts.filter((_, s) => s !== best.set)) };
  });
}

const jobs = fc
  .record({
    faces: fc.array(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: DIMS, maxLength: DIMS }),
      { minLength: 1, maxLength: 40 },
    ),
    sets: fc.array(fc.array(fc.nat(39), { maxLength: 20 }), { maxLength: 6 }),
    rows: fc.array(fc.nat(39), { maxLength: 12 }),
    barred: fc.array(fc.boolean(), { minLength: 72, maxLength: 72 }),
    nearest: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ faces, sets, rows, barred, nearest }): MeasureJob => {
    const place = (number: number) => number % faces.length;
    return {
      faces: Float32Array.from(faces.flat()),
      dims: DIMS,
      rows: Int32Array.from(rows, place),
      sets: sets.map((set) => Int32Array.from(set, place)),
      barred: Uint8Array.from(barred.slice(0, rows.length * sets.length), Number),
      nearest,
    };
  });

describe.each([
  ['in plain JavaScript', plainMeasures],
  ['with the library, in a thread', threaded],
])('measuring %s', (_, measures) => {
  it('gives the nearest set, its mean over the few nearest, and its nearest', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, async (job) => {
        const { set, mean, least, others } = await measures.measure(job);
        for (const [row, expected] of slowly(job).entries()) {
          // Where two sets are as good as equally near, either may be named.
          if (expected.set < 0) expect(set[row]).toBe(-1);
          else {
            expect(mean[row]).toBeCloseTo(expected.mean, 2);
            if (set[row] !== expected.set) continue;
            expect(least[row]).toBeCloseTo(expected.least, 2);
            expect(others[row]).toBeCloseTo(expected.others, 2);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('measures against embeddings too, and knows nothing of nobody', async () => {
    const faces = new Float32Array(2 * DIMS);
    faces[DIMS] = 3;
    const job = { faces, dims: DIMS, rows: Int32Array.of(0, 1), barred: null, nearest: 7 };
    const portrait = new Float32Array(DIMS);
    portrait[0] = 1;
    const found = await measures.measure({ ...job, sets: [new Int32Array(0), portrait] });
    expect([...found.set]).toEqual([1, 1]);
    expect([...found.mean]).toEqual([1, 2]);
    const none = await measures.measure({ ...job, sets: [] });
    expect([...none.set]).toEqual([-1, -1]);
  });

  it('measures more than goes into one product', async () => {
    const faces = Float32Array.from({ length: 5000 * DIMS }, (_, i) => Math.sin(i * i));
    const sets = [
      Int32Array.from({ length: 1000 }, (_, i) => i),
      Int32Array.from({ length: 7 }, (_, i) => 2000 + i),
    ];
    const rows = Int32Array.from({ length: 3000 }, (_, i) => i + 1500);
    const { set, least } = await measures.measure({
      faces,
      dims: DIMS,
      rows,
      sets,
      barred: null,
      nearest: 1,
    });
    for (const row of [0, 499, 500, 506, 1200, 2999]) {
      const place = rows[row] ?? 0;
      const to = (other: number) =>
        distance(
          faces.subarray(place * DIMS, (place + 1) * DIMS),
          faces.subarray(other * DIMS, (other + 1) * DIMS),
        );
      const nearest = sets.map((one) => Math.min(...[...one].map(to)));
      expect(set[row]).toBe((nearest[0] ?? 0) <= (nearest[1] ?? 0) ? 0 : 1);
      expect(least[row]).toBeCloseTo(Math.min(...nearest), 2);
    }
  });
});

describe('the thread', () => {
  it('does one job after the other, also when many are given at once', async () => {
    const faces = Float32Array.from({ length: 4 * DIMS }, (_, i) => (i % DIMS === 0 ? i / DIMS : 0));
    const found = await Promise.all(
      [0, 1, 2, 3].map((place) =>
        threaded.measure({
          faces,
          dims: DIMS,
          rows: Int32Array.of(place),
          sets: [Int32Array.of(0)],
          barred: null,
          nearest: 7,
        }),
      ),
    );
    expect(found.map(({ mean }) => mean[0])).toEqual([0, 1, 2, 3]);
  });

  it('says what went wrong, and goes on', async () => {
    const job = {
      faces: new Float32Array(DIMS),
      dims: DIMS,
      rows: Int32Array.of(0),
      barred: null,
      nearest: 7,
    };
    await expect(threaded.measure({ ...job, sets: null as never })).rejects.toThrow();
    const { mean } = await threaded.measure({ ...job, sets: [Int32Array.of(0)] });
    expect(mean[0]).toBe(0);
  });

  it.each([
    ['in this thread', plainMeasures],
    ['in a thread of its own', threaded],
  ])('has nothing to measure while no face has an embedding, %s', async (_, measures) => {
    const job = { faces: new Float32Array(), dims: 0, rows: new Int32Array(), barred: null, nearest: 7 };
    const measured = await measures.measure({ ...job, sets: [new Float32Array(DIMS)] });
    expect(measured.set).toEqual(new Int32Array());
  });

  it('is there again after it was ended', async () => {
    const once = createMeasures();
    const job = {
      faces: new Float32Array(DIMS),
      dims: DIMS,
      rows: Int32Array.of(0),
      sets: [Int32Array.of(0)],
    };
    await once.measure({ ...job, barred: null, nearest: 7 });
    await once.close();
    const { mean } = await once.measure({ ...job, barred: null, nearest: 7 });
    expect(mean[0]).toBe(0);
    await once.close();
  });
});
