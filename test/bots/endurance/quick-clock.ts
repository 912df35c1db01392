import { type Clock, systemClock } from '../../../src/core/platform/clock.ts';

/** A clock that runs so many times as fast: minutes of waiting for somebody who is away become seconds. */
export function quickClock(times: number): Clock {
  const start = systemClock.now();
  return {
    now: () => Math.floor(start + (systemClock.now() - start) * times),
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  };
}
