import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import { type Log, silentLog } from '../../../src/core/platform/log.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import { createWorker, type Step, type Worker } from '../../../src/core/platform/worker.ts';
import { type HeldClock, heldClock } from '../../support/desk.ts';

const LOOK_MS = 5_000;
const LONGEST_REST_MS = 300_000;
const AFTER_FAILURE_MS = 10_000;
const AFTER_OUTAGE_MS = 2_000;
const STOP_MS = 6_000;

let clock: HeldClock;
let workers: Worker[];
let errors: object[];
const nudges = memoryNudges();

beforeEach(() => {
  clock = heldClock(1_000_000);
  workers = [];
  errors = [];
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
});

function work(...steps: Step[]): Worker {
  const log: Log = { ...silentLog, error: (fields) => void errors.push(fields) };
  const worker = createWorker({ clock, nudges, log }, steps);
  workers.push(worker);
  worker.start();
  return worker;
}

/** A step that has so many pieces of work, and counts how often it is asked. */
function counted(name: string, pieces = 0) {
  let asked = 0;
  const step = {
    name,
    asked: () => asked,
    add: (more: number) => {
      pieces += more;
    },
    run: async () => {
      asked++;
      return pieces-- > 0;
    },
  };
  return step;
}

describe('a step', () => {
  it('runs until there is nothing to do, then looks again from time to time', async () => {
    const step = counted('a', 3);
    work(step);
    await clock.sleeping(LOOK_MS);
    expect(step.asked()).toBe(4);
    step.add(2);
    clock.advance(LOOK_MS - 1);
    expect(step.asked()).toBe(4);
    clock.advance(1);
    await clock.sleeping(LOOK_MS);
    expect(step.asked()).toBeGreaterThan(4);
  });

  it('looks at once when it is nudged', async () => {
    const step = counted('a');
    work(step);
    await clock.sleeping(LOOK_MS);
    nudges.nudge('work');
    await clock.sleeping(LOOK_MS);
    expect(step.asked()).toBe(2);
    nudges.nudge('posts');
    await clock.sleeping(LOOK_MS);
    expect(step.asked()).toBe(2);
  });

  it('rests after a look through everything, whoever nudges, and works on without a rest', async () => {
    const step = counted('a', 3);
    // So many times that any look is long enough for the longest rest.
    work({ ...step, rests: 1e12 });
    await clock.sleeping(LONGEST_REST_MS);
    expect(step.asked()).toBe(4);
    nudges.nudge('work');
    await clock.sleeping(LONGEST_REST_MS);
    expect(step.asked()).toBe(4);
    clock.advance(LONGEST_REST_MS - 1);
    expect(step.asked()).toBe(4);
    clock.advance(1);
    await clock.sleeping(LONGEST_REST_MS);
    expect(step.asked()).toBe(5);
  });

  it('looks again when the nudge came while it worked', async () => {
    let asked = 0;
    work({
      name: 'a',
      run: async () => {
        if (++asked === 1) nudges.nudge('work');
        return false;
      },
    });
    await clock.sleeping(LOOK_MS);
    expect(asked).toBe(2);
  });

  it('does not wait for another that takes long', async () => {
    let end: () => void = () => {};
    const long = new Promise<void>((resolve) => {
      end = resolve;
    });
    const quick = counted('quick', 2);
    work({ name: 'slow', run: () => long.then(() => false) }, quick);
    await clock.sleeping(LOOK_MS);
    expect(quick.asked()).toBe(3);
    end();
    await clock.sleeping(LOOK_MS, 2);
  });

  it('has as many pieces at once as it may, and each asks for itself', async () => {
    let [asked, most] = [0, 0];
    const ends: (() => void)[] = [];
    const all = new Promise<void>((resolve) => {
      work({
        name: 'wide',
        lanes: 3,
        run: async () => {
          most = Math.max(most, ++asked);
          await new Promise<void>((end) => {
            ends.push(end);
            if (ends.length === 3) resolve();
          });
          return false;
        },
      });
    });
    await all;
    for (const end of ends) end();
    await clock.sleeping(LOOK_MS, 3);
    expect(most).toBe(3);
  });

  it('that fails because the database is away looks again soon', async () => {
    work({
      name: 'failing',
      run: async () => {
        throw new VisavisError('database', 'away');
      },
    });
    await clock.sleeping(AFTER_OUTAGE_MS);
  });

  it('that fails is tried again after a pause, and stops no other', async () => {
    let tries = 0;
    const other = counted('other');
    work(
      {
        name: 'failing',
        run: async () => {
          if (++tries === 1) throw new Error('no');
          return false;
        },
      },
      other,
    );
    await clock.sleeping(AFTER_FAILURE_MS);
    await clock.sleeping(LOOK_MS);
    expect([tries, other.asked()]).toEqual([1, 1]);
    expect(errors).toEqual([{ step: 'failing', error: { code: 'internal', message: 'no' } }]);
    // Nudges do not make a failing step spin.
    nudges.nudge('work');
    await clock.sleeping(LOOK_MS);
    expect([tries, other.asked()]).toEqual([1, 2]);
    clock.advance(AFTER_FAILURE_MS);
    await clock.sleeping(LOOK_MS, 2);
    expect(tries).toBe(2);
  });
});

describe('stop', () => {
  it('does not wait for ever for work that does not end', async () => {
    const stuck = { began: () => {}, end: () => {} };
    const began = new Promise<void>((resolve) => {
      stuck.began = resolve;
    });
    const worker = work({
      name: 'stuck',
      run: () => {
        stuck.began();
        return new Promise((resolve) => {
          stuck.end = () => resolve(false);
        });
      },
    });
    await began;
    const stopped = worker.stop();
    await clock.sleeping(STOP_MS);
    clock.advance(STOP_MS);
    await stopped;
    stuck.end();
  });

  it('waits for the work under way, tells it to end, and begins nothing new', async () => {
    let end: () => void = () => {};
    let seen: AbortSignal | undefined;
    let asked = 0;
    const began = new Promise<void>((resolve) => {
      const step: Step = {
        name: 'long',
        run: async (signal) => {
          asked++;
          seen = signal;
          resolve();
          await new Promise<void>((done) => {
            end = done;
          });
          return true;
        },
      };
      work(step);
    });
    await began;
    let stopped = false;
    const stopping = workers[0]?.stop().then(() => {
      stopped = true;
    });
    expect(seen?.aborted).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    end();
    await stopping;
    expect(asked).toBe(1);
  });

  it('ends a worker that sleeps, also after a failure', async () => {
    const worker = work(counted('idle'), { name: 'failing', run: () => Promise.reject(new Error('no')) });
    await clock.sleeping(LOOK_MS);
    await clock.sleeping(AFTER_FAILURE_MS);
    await worker.stop();
  });

  it('of a worker that never began is fine', async () => {
    await createWorker({ clock, nudges, log: silentLog }, []).stop();
  });
});

describe('while the site is read-only', () => {
  const WATCH_MS = 1_000;
  const readOnlyWork = (isOn: () => boolean, ...steps: Step[]) => {
    const readOnly = { state: async () => (isOn() ? { since: 0, reason: '' } : null) };
    const worker = createWorker({ clock, nudges, log: silentLog, readOnly }, steps);
    workers.push(worker);
    worker.start();
  };

  it('nothing is begun, and everything goes on within a second when that is over', async () => {
    let on = true;
    const step = counted('a', 3);
    readOnlyWork(() => on, step);
    await clock.sleeping(LOOK_MS);
    await clock.sleeping(WATCH_MS);
    expect(step.asked()).toBe(0);
    on = false;
    clock.advance(WATCH_MS);
    await clock.sleeping(WATCH_MS);
    await expect.poll(step.asked).toBe(4);
  });

  it('what is under way is told to let go, and is begun again with a signal of its own', async () => {
    let on = false;
    const signals: AbortSignal[] = [];
    readOnlyWork(() => on, {
      name: 'long',
      run: async (signal) => {
        signals.push(signal);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        return true;
      },
    });
    await clock.sleeping(WATCH_MS);
    await expect.poll(() => signals.length).toBe(1);
    on = true;
    clock.advance(WATCH_MS);
    await clock.sleeping(LOOK_MS);
    expect(signals.map((signal) => signal.aborted)).toEqual([true]);
    on = false;
    await clock.sleeping(WATCH_MS);
    clock.advance(WATCH_MS);
    await expect.poll(() => signals.length).toBe(2);
    expect(signals[1]?.aborted).toBe(false);
  });
});
