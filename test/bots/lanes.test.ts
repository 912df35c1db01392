import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLanes } from '../../src/bots/lanes.ts';

/** Work that ends when the test says so. */
function held() {
  let end: (error?: Error) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  return { promise, end };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('lanes', () => {
  it('do what shares a key in order, and the rest side by side', async () => {
    const lanes = createLanes(9);
    const log: string[] = [];
    const [a, b] = [held(), held()];
    const work = (name: string, wait?: Promise<void>) => async () => {
      log.push(`${name} begins`);
      await wait;
      log.push(`${name} ends`);
    };
    void lanes.run(['ann', 'post 1'], work('first', a.promise));
    void lanes.run(['bob', 'post 1'], work('second'));
    void lanes.run(['cleo', 'post 2'], work('third', b.promise));
    void lanes.run(['ann', 'post 3'], work('fourth'));
    await settle();
    expect(log).toEqual(['first begins', 'third begins']);
    a.end();
    await settle();
    expect(log.slice(2).sort()).toEqual([
      'first ends',
      'fourth begins',
      'fourth ends',
      'second begins',
      'second ends',
    ]);
    expect(lanes.busy).toBe(true);
    b.end();
    await lanes.settled();
    expect(log.at(-1)).toBe('third ends');
    expect(lanes.busy).toBe(false);
  });

  it('are so wide and no wider', async () => {
    const lanes = createLanes(2);
    const works = [held(), held(), held()];
    const begun: number[] = [];
    for (const [i, one] of works.entries()) {
      void lanes.run([`key ${i}`], async () => {
        begun.push(i);
        await one.promise;
      });
    }
    await settle();
    expect(begun).toEqual([0, 1]);
    works[1]?.end();
    await settle();
    expect(begun).toEqual([0, 1, 2]);
    for (const one of works) one.end();
    await lanes.settled();
  });

  it('let others work while one waits, but for those that share its key', async () => {
    const lanes = createLanes(1);
    const log: string[] = [];
    const wait = held();
    void lanes.run(['ann', 'post 1'], async (aside) => {
      log.push('ann waits');
      await aside(wait.promise);
      log.push('ann goes on');
    });
    void lanes.run(['bob'], async () => void log.push('bob'));
    void lanes.run(['ann'], async () => void log.push('ann once more'));
    await settle();
    expect(log).toEqual(['ann waits', 'bob']);
    const other = held();
    void lanes.run(['cleo'], () => other.promise);
    await settle();
    wait.end();
    await settle();
    // There is one place, and it is taken.
    expect(log).toHaveLength(2);
    other.end();
    await lanes.settled();
    expect(log.slice(2)).toEqual(['ann goes on', 'ann once more']);
    expect(lanes.busy).toBe(false);
  });

  it('go on when what was waited for has failed', async () => {
    const lanes = createLanes(1);
    const failing = lanes.run(['ann'], (aside) => aside(Promise.reject(new Error('no'))));
    await expect(failing).rejects.toThrow('no');
    let done = false;
    await lanes.run(['ann'], async () => {
      done = true;
    });
    expect(done).toBe(true);
    expect(lanes.busy).toBe(false);
  });

  it('go on behind what failed', async () => {
    const lanes = createLanes(1);
    const failing = lanes.run(['a'], () => Promise.reject(new Error('no')));
    let done = false;
    const next = lanes.run(['a'], async () => {
      done = true;
    });
    await expect(failing).rejects.toThrow('no');
    await next;
    expect(done).toBe(true);
    expect(lanes.busy).toBe(false);
  });

  it('keep the order of every key, whatever comes', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(key, key, fc.integer({ min: 0, max: 3 })), { maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        async (jobs, width) => {
          const lanes = createLanes(width);
          const done: number[] = [];
          let [now, most] = [0, 0];
          await Promise.all(
            jobs.map(([one, other, steps], i) =>
              lanes.run([one, other], async () => {
                most = Math.max(most, ++now);
                for (let step = 0; step < steps; step++) await settle();
                now--;
                done.push(i);
              }),
            ),
          );
          expect(most).toBeLessThanOrEqual(width);
          for (const name of ['a', 'b', 'c', 'd']) {
            const own = done.filter((i) => jobs[i]?.[0] === name || jobs[i]?.[1] === name);
            expect(own).toEqual(own.toSorted((a, b) => a - b));
          }
        },
      ),
      { numRuns: 50 },
    );
  });
});
