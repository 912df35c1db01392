import { describe, expect, it } from 'vitest';
import { VisavisError } from '../../../src/core/platform/errors.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount, addProject } from '../../support/people.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { detected, detectionDesk, MINUTE } from './detection-support.ts';

describe.each(engines())('detection with two workers on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  it('writes nothing when another worker has taken over', async () => {
    const { clock, world, step, waiting, facesOf, changeOf } = await detectionDesk(store);
    const { id } = await addProject(store);
    const file = await waiting(id);
    let inside = false;
    world.detect = async () => {
      if (inside) return detected(0.75);
      inside = true;
      clock.advance(6 * MINUTE);
      expect(await step(other)).toBe(true);
      return detected(0.25, 0.5);
    };
    await step();
    expect((await facesOf(file)).map((face) => face.x)).toEqual([0.75]);
    expect(await changeOf(id)).toBe(2);
  });

  it('does not set aside what another worker has detected meanwhile', async () => {
    const { clock, world, step, waiting, fileRow } = await detectionDesk(store);
    const file = await waiting((await addProject(store)).id);
    let inside = false;
    world.detect = async () => {
      if (inside) return detected(0.75);
      inside = true;
      clock.advance(6 * MINUTE);
      await step(other);
      throw new VisavisError('broken_picture', 'It ends early.');
    };
    await step();
    expect(await fileRow(file)).toMatchObject({ state: 'detected', reason: null });
  });

  it('gives back what it has not begun when it is stopped', async () => {
    const { world, step, waiting, fileRow } = await detectionDesk(store);
    const { id } = await addProject(store);
    const files: number[] = [];
    for (let i = 0; i < 8; i++) files.push(await waiting(id));
    const stop = new AbortController();
    world.detect = () => {
      stop.abort();
      return detected(0.25);
    };
    await step(store, stop.signal);
    const rows = await Promise.all(files.map(fileRow));
    const left = rows.filter((row) => row.state === 'waiting');
    expect(left.length).toBeGreaterThanOrEqual(5);
    for (const row of left) {
      expect(row).toMatchObject({ lease_owner: null, lease_expires_at: null, attempts: 0 });
    }
    world.detect = () => detected(0.25);
    expect(await step(other)).toBe(true);
    expect((await Promise.all(files.map(fileRow))).every((row) => row.state === 'detected')).toBe(true);
  });

  it('detects each file once with two workers at it', async () => {
    const { downloads, step, waiting, changeOf } = await detectionDesk(store);
    const { id } = await addProject(store, { created_by: await addAccount(store) });
    for (let i = 0; i < 20; i++) await waiting(id, { thumb_url: `file ${i}` });
    const work = async (which: Store) => {
      while (await step(which));
    };
    await Promise.all([work(store), work(other)]);
    expect(downloads.toSorted()).toEqual(Array.from({ length: 20 }, (_, i) => `file ${i}`).toSorted());
    expect(await changeOf(id)).toBe(21);
  });
});
