import { expect, it } from 'vitest';
import { createLimiter } from '../../../src/core/wiki/limiter.ts';

it('what somebody waits for goes before what runs in the background, each in the order in which it came', async () => {
  const limiter = createLimiter(1);
  const ends: (() => void)[] = [];
  const began: string[] = [];
  const ask = (name: string, urgent?: boolean) =>
    limiter.run(() => {
      began.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    }, urgent);
  const all = [ask('crawl 1'), ask('crawl 2'), ask('edit 1', true), ask('crawl 3'), ask('edit 2', true)];
  expect(limiter.waiting).toBe(4);
  for (let n = 1; n <= all.length; n++) {
    // The next one begins some turns after the last has ended.
    while (began.length < n) await Promise.resolve();
    expect(limiter.active).toBe(1);
    ends.shift()?.();
  }
  await Promise.all(all);
  expect(began).toEqual(['crawl 1', 'edit 1', 'edit 2', 'crawl 2', 'crawl 3']);
  expect([limiter.active, limiter.waiting]).toEqual([0, 0]);
});
