import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { addChannel } from '../../support/people.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { askingDesk } from './next-support.ts';

describe.each(engines())('questions in channels on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  it('keeps to as many open questions as the channel wants', async () => {
    const { project, ask, portrait, setState } = await askingDesk(store);
    for (let i = 0; i < 4; i++) await portrait();
    expect(await ask({ maxOpen: 2 })).toBe(true);
    expect(await ask({ maxOpen: 2 })).toBe(true);
    expect(await ask({ maxOpen: 2 })).toBe(false);
    const second = await addChannel(store, project);
    expect(await ask({ maxOpen: 2, channelId: second })).toBe(true);
    await setState('decided');
    expect(await ask({ maxOpen: 2 })).toBe(true);
  });

  it('asks nothing in a project that is not active', async () => {
    const { project, ask, portrait } = await askingDesk(store);
    await portrait();
    for (const state of ['paused', 'completed', 'deleted'] as const) {
      await store.db.updateTable('projects').set({ state }).where('id', '=', project).execute();
      expect(await ask()).toBe(false);
    }
  });

  it('opens nothing twice when two ask at once', async () => {
    const { project, channel, ask, portrait, questions, asked } = await askingDesk(store);
    const faces: number[] = [];
    for (let i = 0; i < 12; i++) faces.push(await portrait());
    for (let i = 0; i < 20; i++) faces.push(await portrait(i / 64));
    const second = await addChannel(store, project);
    await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        ask({ which: i % 2 ? store : other, channelId: i % 2 ? channel : second }),
      ),
    );
    expect((await asked()).toSorted((a, b) => a - b)).toEqual(faces);
    expect((await questions()).filter((row) => row.kind === 'batch')).toHaveLength(3);
  });

  it('does not open more than the channel wants when two ask at once', async () => {
    const { ask, portrait, questions } = await askingDesk(store);
    for (let i = 0; i < 6; i++) await portrait();
    await Promise.all(Array.from({ length: 8 }, (_, i) => ask({ which: i % 2 ? store : other, maxOpen: 2 })));
    expect(await questions()).toHaveLength(2);
  });
});
