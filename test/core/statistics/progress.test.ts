import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inSteps, projectProgress } from '../../../src/core/statistics/progress.ts';
import { DAY_MS, projectTally } from '../../../src/core/statistics/tally.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addBigProject, type BigProject } from '../../support/big-project.ts';
import { addProject } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';

const NOW = Date.UTC(2026, 5, 30, 15);
const TODAY = Date.UTC(2026, 5, 30);

describe('steps of time', () => {
  const nothing = { faces: [], decided: [], written: [] };
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

  test('a project of a few days is shown in two weeks', () => {
    const { days, steps, faces } = inSteps({ ...nothing, faces: [{ day: TODAY - DAY_MS, n: 4 }] }, NOW);
    expect([days, steps.length, steps.at(-1), steps[0]]).toEqual([1, 14, TODAY, TODAY - 13 * DAY_MS]);
    expect(faces).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0]);
  });

  test('years are gathered into steps of several days, and nobody is lost', () => {
    const found = Array.from({ length: 1000 }, (_, i) => ({ day: TODAY - i * DAY_MS, n: i % 7 }));
    const { days, steps, decided } = inSteps({ ...nothing, decided: found }, NOW);
    expect(days).toBe(11);
    expect(steps.length).toBeLessThanOrEqual(92);
    expect(sum(decided)).toBe(sum(found.map((one) => one.n)));
    // The last step ends today, and the first one begins no later than the first day.
    expect((steps.at(-1) ?? 0) + (days - 1) * DAY_MS).toBe(TODAY);
    expect(steps[0]).toBeLessThanOrEqual(TODAY - 999 * DAY_MS);
  });

  test('what a wrong clock put into the future counts today', () => {
    const { written } = inSteps({ ...nothing, written: [{ day: TODAY + 3 * DAY_MS, n: 2 }] }, NOW);
    expect(written.at(-1)).toBe(2);
  });
});

describe.each(engines())('progress on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let project: BigProject;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    await addBigProject(store, { faces: 60, now: NOW, seed: 3 });
    project = await addBigProject(store, { faces: 200, now: NOW, days: 30 });
  });
  afterAll(() => dispose());

  test('counts the faces, verdicts and statements of the project by day', async () => {
    const { db } = store;
    const progress = projectProgress(await projectTally(store, project.id), NOW);
    if (!progress) throw new Error('there is no progress');
    const days = (times: readonly number[]) =>
      progress.steps.map((step) => times.filter((at) => at >= step && at < step + DAY_MS).length);
    const faces = await db
      .selectFrom('faces')
      .innerJoin('project_files', 'project_files.file_id', 'faces.file_id')
      .select('created_at')
      .where('project_id', '=', project.id)
      .execute();
    const verdicts = await db
      .selectFrom('verdicts')
      .select('changed_at')
      .where('project_id', '=', project.id)
      .execute();
    const claims = await db
      .selectFrom('sdc_claims')
      .select('changed_at')
      .where('project_id', '=', project.id)
      .where('state', '=', 'written')
      .execute();
    expect(progress.days).toBe(1);
    expect(progress.faces).toEqual(days(faces.map((row) => row.created_at)));
    expect(progress.decided).toEqual(days(verdicts.map((row) => row.changed_at)));
    expect(progress.written).toEqual(days(claims.map((row) => row.changed_at)));
    expect([faces.length, claims.length > 5]).toEqual([200, true]);
  });

  test('there is none before the first face', async () => {
    const tally = await projectTally(store, (await addProject(store)).id);
    expect(projectProgress(tally, NOW)).toBeNull();
  });
});
