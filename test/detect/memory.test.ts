import { describe, expect, it } from 'vitest';
import { inTurn, release } from '../../src/detect/memory.ts';

describe('memory that is given back', () => {
  it('is gone at once', () => {
    const pixels = new Uint8Array(1000);
    release(pixels);
    expect(pixels.byteLength).toBe(0);
  });

  it('stays when it is a part of something else, or shared between threads', () => {
    const whole = new Uint8Array(1000).fill(7);
    release(whole.subarray(0, 10));
    release(whole.subarray(990));
    expect(whole[999]).toBe(7);
    const shared = new Uint8Array(new SharedArrayBuffer(10));
    release(shared);
    expect(shared.byteLength).toBe(10);
  });
});

it('what goes in turn begins when the one before has ended, well or not', async () => {
  const events: string[] = [];
  const work = (name: string, fails = false) =>
    inTurn(async () => {
      events.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      events.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const all = await Promise.allSettled([work('first'), work('second', true), work('third')]);
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(events).toEqual(['first', 'second', 'third'].flatMap((name) => [`${name} begins`, `${name} ends`]));
});
