import { beforeEach, describe, expect, test } from 'vitest';
import { createKept, type Kept } from '../../src/web/kept.ts';
import { type FakeClock, fakeClock } from '../core/wiki/fakes.ts';

/** A number that somebody changes, and counts of it that end when the test says so. */
describe('what is kept', () => {
  let clock: FakeClock;
  let truth: number;
  let ends: ((error?: Error) => void)[];
  let kept: Kept<number>;
  beforeEach(() => {
    clock = fakeClock();
    truth = 1;
    ends = [];
    kept = createKept(clock, () => {
      const seen = truth;
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      ends.push((error) => (error ? reject(error) : resolve(seen)));
      return promise;
    });
  });

  /** Ends the count under way, which took so long. */
  async function end(took = 0, error?: Error): Promise<void> {
    clock.advance(took);
    ends.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  }
  /** Counted once, so that there is something to show. */
  async function begun(took = 0): Promise<void> {
    const first = kept.get();
    await end(took);
    expect(await first).toBe(1);
  }

  test('all who ask at the same time share one count', async () => {
    const both = [kept.get(), kept.get()];
    expect(ends.length).toBe(1);
    await end();
    expect(await Promise.all(both)).toEqual([1, 1]);
  });

  test('for two seconds it is not counted again, then what is kept is shown meanwhile', async () => {
    await begun();
    truth = 2;
    clock.advance(1999);
    expect([await kept.get(), ends.length]).toEqual([1, 0]);
    clock.advance(1);
    expect([await kept.get(), await kept.get(), ends.length]).toEqual([1, 1, 1]);
    expect(kept.isBehind()).toBe(true);
    await end();
    expect([await kept.get(), kept.isBehind()]).toEqual([2, false]);
  });

  test('nobody is shown what is older than ten seconds', async () => {
    await begun();
    truth = 2;
    clock.advance(10_000);
    const asked = kept.get();
    await end();
    expect(await asked).toBe(2);
  });

  test('nor what was counted before the clock was set back', async () => {
    await begun();
    truth = 2;
    clock.advance(-3_600_000);
    const asked = kept.get();
    await end();
    expect(await asked).toBe(2);
  });

  test('after a change nobody waits, and it is counted again', async () => {
    await begun();
    truth = 2;
    kept.changed();
    expect(kept.isBehind()).toBe(true);
    expect([await kept.get(), ends.length]).toEqual([1, 1]);
    await end();
    expect([await kept.get(), kept.isBehind()]).toEqual([2, false]);
  });

  test('a change during a count is seen by the next one', async () => {
    await begun();
    kept.changed();
    await kept.get();
    truth = 2;
    kept.changed();
    await end();
    expect([await kept.get(), kept.isBehind()]).toEqual([1, true]);
    await end();
    expect([await kept.get(), kept.isBehind()]).toEqual([2, false]);
  });

  test('however much changes, nine tenths of the time nothing is counted', async () => {
    await begun(200);
    kept.changed();
    clock.advance(1799);
    expect([await kept.get(), ends.length, kept.isBehind()]).toEqual([1, 0, true]);
    clock.advance(1);
    expect([await kept.get(), ends.length]).toEqual([1, 1]);
  });

  test('but who has changed something waits for a count that began after that, and so does nobody else', async () => {
    await begun(200);
    truth = 2;
    const change = clock.now();
    kept.changed();
    const own = kept.get(change);
    expect([await kept.get(), ends.length]).toEqual([1, 1]);
    clock.advance(1);
    await end();
    expect(await own).toBe(2);
    // It is newer than the change only by a millisecond after it.
    const again = kept.get(change);
    await end();
    expect(await again).toBe(2);
    expect([await kept.get(change), ends.length]).toEqual([2, 0]);
  });

  test('a count that began before the own change will not do: they share the next one', async () => {
    await begun();
    clock.advance(2000);
    await kept.get();
    clock.advance(5);
    truth = 2;
    const change = clock.now();
    const own = [kept.get(change), kept.get(change)];
    clock.advance(5);
    await end();
    expect(ends.length).toBe(1);
    await end();
    expect(await Promise.all(own)).toEqual([2, 2]);
  });

  test('while counts fail, what is kept is shown for ten seconds', async () => {
    await begun();
    truth = 2;
    kept.changed();
    expect(await kept.get()).toBe(1);
    await end(0, new Error('no database'));
    expect([await kept.get(), kept.isBehind()]).toEqual([1, true]);
    await end(0, new Error('no database'));
    clock.advance(10_000);
    const asked = expect(kept.get()).rejects.toThrow('no database');
    await end(0, new Error('no database'));
    await asked;
    const after = kept.get();
    await end();
    expect(await after).toBe(2);
  });
});
