import { listRuns, type RunView } from '../core/depicts/history.ts';
import { type Advice, adviceFrom, type DecidedDistance, decidedDistances } from '../core/faces/advice.ts';
import type { Clock } from '../core/platform/clock.ts';
import type { Nudges } from '../core/platform/nudges.ts';
import { type ProjectOverview, projectOverview } from '../core/projects/overview.ts';
import { type DistanceHistogram, distanceHistogram } from '../core/statistics/distances.ts';
import { type Progress, projectProgress } from '../core/statistics/progress.ts';
import { type ProjectStatistics, projectStatistics } from '../core/statistics/project.ts';
import type { Store } from '../core/store/store.ts';

/** What the page of a project counts, the same for every visitor. */
export interface ProjectNumbers {
  readonly overview: ProjectOverview;
  readonly runs: readonly RunView[];
  readonly statistics: ProjectStatistics;
  /** null before the first face. */
  readonly progress: Progress | null;
  /** null when nothing is measured: without matching, or before there are examples. */
  readonly distances: DistanceHistogram | null;
  readonly advice: Advice | null;
}

export interface ProjectNumbersSource {
  /** null when there is no such project. */
  of(projectId: number): Promise<ProjectNumbers | null>;
}

interface Kept {
  numbers: ProjectNumbers | null;
  countedAt: number;
  /** Something has changed since that count began. */
  isOld: boolean;
  /** The count under way, and whether something has changed since it began. */
  counting: Promise<ProjectNumbers | null> | null;
  isCountOld: boolean;
  /** Who asks for changed numbers during a count waits for its end and shares the next one. */
  following: Promise<ProjectNumbers | null> | null;
  stopListening(): void;
}

/** Faces from which on a project's numbers are kept. Smaller ones are counted for every visitor: that is quick. */
const LARGE = 1000;
const KEPT_MS = 2000;
/** Older numbers are shown while they are counted again, when nobody said that something has changed. */
const SHOWN_MS = 10_000;

/**
 * Counts the numbers of projects. Those of a large one take a tenth of a second, so they are counted once for all who
 * ask at the same time, and kept for two seconds, or until a nudge says that something has changed. A nudge may be lost:
 * then they are at most ten seconds old.
 */
export function createProjectNumbers(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
}): ProjectNumbersSource {
  const { store, clock, nudges } = deps;
  const large = new Map<number, Kept>();
  const measured = new Map<number, { change: string; decided: DecidedDistance[] }>();

  return {
    async of(projectId) {
      const known = large.get(projectId);
      if (!known && !(await isLarge(store, projectId))) return count(projectId);
      // Somebody else may have begun while we looked.
      const kept = large.get(projectId) ?? keep(projectId);
      const age = clock.now() - kept.countedAt;
      if (!kept.numbers || kept.isOld || age >= SHOWN_MS) return fresh(projectId, kept);
      if (age >= KEPT_MS) fresh(projectId, kept).catch(() => {});
      return kept.numbers;
    },
  };

  function keep(projectId: number): Kept {
    const change = () => {
      kept.isOld = true;
      kept.isCountOld = true;
    };
    // Of runs in all projects.
    const unlisten = [nudges.listen(`project:${projectId}`, change), nudges.listen('runs', change)];
    const kept: Kept = {
      numbers: null,
      countedAt: 0,
      isOld: false,
      counting: null,
      isCountOld: false,
      following: null,
      stopListening: () => {
        for (const stop of unlisten) stop();
      },
    };
    large.set(projectId, kept);
    return kept;
  }

  /** By a count that began after the last change. There is never more than one at a time. */
  function fresh(projectId: number, kept: Kept): Promise<ProjectNumbers | null> {
    if (!kept.counting) {
      kept.counting = begin(projectId, kept);
      return kept.counting;
    }
    if (!kept.isCountOld) return kept.counting;
    kept.following ??= kept.counting
      .catch(() => null)
      .then(() => {
        kept.following = null;
        return fresh(projectId, kept);
      });
    return kept.following;
  }

  async function begin(projectId: number, kept: Kept): Promise<ProjectNumbers | null> {
    kept.isCountOld = false;
    try {
      kept.numbers = await count(projectId);
      kept.countedAt = clock.now();
      kept.isOld = kept.isCountOld;
      if (!kept.numbers) {
        kept.stopListening();
        large.delete(projectId);
      }
      return kept.numbers;
    } finally {
      kept.counting = null;
    }
  }

  async function count(projectId: number): Promise<ProjectNumbers | null> {
    const overview = await projectOverview(store, projectId);
    if (!overview) return null;
    const { matching, threshold } = overview.project;
    const decided = matching ? await distancesOf(projectId) : [];
    return {
      overview,
      runs: await listRuns(store, projectId),
      statistics: await projectStatistics(store, projectId),
      progress: await projectProgress(store, projectId, clock.now()),
      distances: distanceHistogram(decided, threshold),
      advice: adviceFrom(decided),
    };
  }

  /** Measured anew only after verdicts or faces have changed. */
  async function distancesOf(projectId: number): Promise<DecidedDistance[]> {
    const row = await store.db
      .selectFrom('projects')
      .select(['change_number', 'state'])
      .where('id', '=', projectId)
      .executeTakeFirstOrThrow();
    const change = `${row.change_number} ${row.state}`;
    const known = measured.get(projectId);
    if (known?.change === change) return known.decided;
    const decided = await decidedDistances(store, projectId);
    measured.delete(projectId);
    measured.set(projectId, { change, decided });
    const [oldest] = measured.keys();
    if (measured.size > MOST_MEASURED && oldest !== undefined) measured.delete(oldest);
    return decided;
  }
}

/** Of so many projects the distances are remembered: a few hundred numbers each. */
const MOST_MEASURED = 200;

async function isLarge(store: Store, projectId: number): Promise<boolean> {
  const row = await store.db
    .selectFrom('project_files')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .select('faces.id')
    .where('project_files.project_id', '=', projectId)
    .limit(1)
    .offset(LARGE - 1)
    .executeTakeFirst();
  return row !== undefined;
}
