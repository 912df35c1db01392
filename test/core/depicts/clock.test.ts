import { expect, it } from 'vitest';
import { expectSame, faultDesk } from '../../faults/support.ts';

const HOUR_MS = 60 * 60_000;

it('waits no longer for its next turn when the clock is set back in the middle of a run', async () => {
  const desk = await faultDesk({ files: 3, editsPerMinute: 6 });
  await desk.start();
  let back = 0;
  const worker = desk.worker('a worker', {
    editsPerMinute: 6,
    unsafeTestHook: async (point) => {
      if (point === 'settled' && back++ === 0) desk.clock.time -= HOUR_MS;
    },
  });
  await desk.work(worker);
  expect(await desk.states()).toEqual(['written', 'written', 'written']);
  expect(Math.max(...desk.clock.sleeps)).toBeLessThanOrEqual(60_000);
  await expectSame(desk.store, desk.pocket);
  await desk.dispose();
});
