import { expect, test } from 'vitest';
import type { Progress } from '../../../src/core/statistics/progress.ts';
import { DAY_MS } from '../../../src/core/statistics/tally.ts';
import { progressChart } from '../../../src/web/charts/progress-chart.ts';

const progress: Progress = {
  days: 2,
  steps: [0, 2 * DAY_MS, 4 * DAY_MS, 6 * DAY_MS],
  faces: [5, 0, 15, 0],
  decided: [0, 0, 3, 0],
  written: [0, 0, 0, 0],
};

test('each row has its own scale, its sum and its busiest step', () => {
  const { rows, viewBox, days } = progressChart(progress, false);
  expect({ viewBox, days }).toEqual({ viewBox: '0 0 4 100', days: 2 });
  expect(rows.map(({ key, total, most, mostAt }) => [key, total, most, mostAt])).toEqual([
    ['faces', 20, 15, 4 * DAY_MS],
    ['decided', 3, 3, 4 * DAY_MS],
    ['written', 0, 0, 0],
  ]);
  expect(rows[1]?.path).toBe('M2.1 100V0H2.9V100Z');
  expect(rows[2]?.path).toBe('');
  expect(progressChart(progress, true).rows[1]?.path).toBe('M1.1 100V0H1.9V100Z');
});

test('the axis names the beginning, the middle and the end; the table leaves out quiet steps', () => {
  const { axis, table } = progressChart(progress, false);
  expect(axis).toEqual([0, 2 * DAY_MS, 6 * DAY_MS]);
  expect(table).toEqual([
    { at: 0, faces: 5, decided: 0, written: 0 },
    { at: 4 * DAY_MS, faces: 15, decided: 3, written: 0 },
  ]);
});
