import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { memoryNudges } from '../../src/core/platform/nudges.ts';
import type { Store } from '../../src/core/store/store.ts';
import { createProjectNumbers } from '../../src/web/project-numbers.ts';
import { fakeClock } from '../core/wiki/fakes.ts';
import { addBigProject } from '../support/big-project.ts';
import { freshStore } from '../support/stores.ts';

const NOW = Date.UTC(2026, 5, 30);

describe('the numbers of a project', () => {
  let store: Store;
  let dispose: () => Promise<void>;
  let large: number;
  let small: number;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
    large = (await addBigProject(store, { faces: 1200, now: NOW, title: 'large' })).id;
    small = (await addBigProject(store, { faces: 40, now: NOW, title: 'small' })).id;
  });
  afterAll(() => dispose());

  let clock: ReturnType<typeof fakeClock>;
  let nudges: ReturnType<typeof memoryNudges>;
  let numbers: ReturnType<typeof createProjectNumbers>;
  beforeEach(() => {
    clock = fakeClock();
    nudges = memoryNudges();
    numbers = createProjectNumbers({ store, clock, nudges });
  });

  const rename = (id: number, title: string) =>
    store.db.updateTable('projects').set({ title }).where('id', '=', id).execute();
  const title = async (id: number) => (await numbers.of(id))?.overview.project.title;

  test('a small project is counted for everybody anew', async () => {
    await rename(small, 'one');
    expect(await title(small)).toBe('one');
    await rename(small, 'two');
    expect(await title(small)).toBe('two');
  });

  test('those of a large one are kept for two seconds, and shown while they are counted again', async () => {
    await rename(large, 'one');
    expect(await title(large)).toBe('one');
    await rename(large, 'two');
    clock.advance(1999);
    expect(await title(large)).toBe('one');
    clock.advance(1);
    expect(await title(large)).toBe('one');
    await expect.poll(() => title(large), { timeout: 30_000 }).toBe('two');
    await rename(large, 'three');
    clock.advance(10_000);
    expect(await title(large)).toBe('three');
  });

  test('a nudge about the project, or about runs, ends that', async () => {
    await rename(large, 'one');
    await title(large);
    await rename(large, 'two');
    nudges.nudge(`project:${small}`);
    expect(await title(large)).toBe('one');
    nudges.nudge(`project:${large}`);
    expect(await title(large)).toBe('two');
    await rename(large, 'three');
    nudges.nudge('runs');
    expect(await title(large)).toBe('three');
  });

  test('who asks at the same time shares one count; after a change it is another one', async () => {
    await rename(large, 'one');
    const [first, second] = await Promise.all([numbers.of(large), numbers.of(large)]);
    expect(second).toBe(first);
    nudges.nudge(`project:${large}`);
    // It counts at once, because it is known to be large.
    const begun = numbers.of(large);
    nudges.nudge(`project:${large}`);
    const [third, fourth] = await Promise.all([numbers.of(large), numbers.of(large)]);
    expect(fourth).toBe(third);
    expect(third).not.toBe(await begun);
  });

  test('what fails once is tried again', async () => {
    await rename(large, 'one');
    const broken = { ...store, db: store.db };
    const source = createProjectNumbers({ store: broken, clock, nudges });
    expect((await source.of(large))?.overview.faces).toBe(1200);
    Object.assign(broken, { db: null });
    nudges.nudge(`project:${large}`);
    await expect(source.of(large)).rejects.toThrow();
    Object.assign(broken, { db: store.db });
    expect((await source.of(large))?.overview.faces).toBe(1200);
  });

  test('the distances follow the verdicts', async () => {
    const before = (await numbers.of(small))?.distances;
    expect(before?.confirmed.reduce((a, b) => a + b)).toBeGreaterThan(0);
    await store.db.deleteFrom('verdicts').where('project_id', '=', small).execute();
    await store.db
      .updateTable('projects')
      .set((eb) => ({ change_number: eb('change_number', '+', 1) }))
      .where('id', '=', small)
      .execute();
    expect((await numbers.of(small))?.distances).toBeNull();
  });

  test('there are none of a project that is not there', async () => {
    expect(await numbers.of(99_999)).toBeNull();
  });
});
