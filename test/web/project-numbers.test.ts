import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { memoryNudges } from '../../src/core/platform/nudges.ts';
import { projectsChanged } from '../../src/core/projects/changes.ts';
import type { Store } from '../../src/core/store/store.ts';
import { createProjectNumbers } from '../../src/web/project-numbers.ts';
import { fakeClock } from '../core/wiki/fakes.ts';
import { addBigProject } from '../support/big-project.ts';
import { freshStore } from '../support/stores.ts';

const NOW = Date.UTC(2026, 5, 30);
/** The machine may be busy. */
const PATIENT = { timeout: 30_000 };

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
    expect([await title(large), numbers.isBehind(large)]).toEqual(['one', false]);
    clock.advance(1);
    expect(await title(large)).toBe('one');
    await expect.poll(() => title(large), PATIENT).toBe('two');
    await rename(large, 'three');
    clock.advance(10_000);
    expect(await title(large)).toBe('three');
  });

  test.each(['project', 'runs'] as const)('a nudge about the %s has them counted again', async (topic) => {
    await rename(large, 'one');
    await title(large);
    await rename(large, 'two');
    nudges.nudge(`project:${small}`);
    expect([await title(large), numbers.isBehind(large)]).toEqual(['one', false]);
    nudges.nudge(topic === 'runs' ? 'runs' : `project:${large}`);
    expect([numbers.isBehind(large), await title(large)]).toEqual([true, 'one']);
    await expect.poll(() => title(large), PATIENT).toBe('two');
    await expect.poll(() => numbers.isBehind(large), PATIENT).toBe(false);
  });

  test('who has changed something has it counted at once', async () => {
    await rename(large, 'one');
    await title(large);
    await rename(large, 'two');
    expect((await numbers.of(large, clock.now()))?.overview.project.title).toBe('two');
    expect(await title(large)).toBe('two');
  });

  test('the version says whether the overview or the runs are others', async () => {
    const version = async () => (await numbers.of(large, clock.now()))?.version;
    await rename(large, 'one');
    const one = await version();
    expect(await version()).toBe(one);
    await rename(large, 'two');
    expect(await version()).not.toBe(one);
  });

  test('who asks at the same time shares one count', async () => {
    const [first, second] = await Promise.all([numbers.of(large), numbers.of(large)]);
    expect(second).toBe(first);
  });

  test('faces are counted again when some came or went', async () => {
    const faces = async () => (await numbers.of(large, clock.now()))?.overview.faces;
    expect(await faces()).toBe(1200);
    const { face_id } = await store.db
      .selectFrom('verdicts')
      .select('face_id')
      .where('project_id', '=', large)
      .where('verdict', '=', 'no_match')
      .executeTakeFirstOrThrow();
    const { file_id } = await store.db
      .selectFrom('faces')
      .select('file_id')
      .where('id', '=', face_id)
      .executeTakeFirstOrThrow();
    const withdraw = async (withdrawn_at: number | null) => {
      await store.db.updateTable('faces').set({ withdrawn_at }).where('id', '=', face_id).execute();
      await store.transaction((trx) => projectsChanged(trx, file_id));
    };
    await withdraw(NOW);
    expect(await faces()).toBe(1199);
    await withdraw(null);
    expect(await faces()).toBe(1200);
  });

  test('a large project that is deleted is gone for everybody, and kept no more', async () => {
    await title(large);
    const setState = (state: 'deleted' | 'active') =>
      store.db.updateTable('projects').set({ state }).where('id', '=', large).execute();
    await setState('deleted');
    expect(await numbers.of(large, clock.now())).toBeNull();
    expect(await numbers.of(large)).toBeNull();
    await setState('active');
    expect((await numbers.of(large))?.overview.faces).toBe(1200);
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
