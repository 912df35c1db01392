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
  readonly counting: Promise<ProjectNumbers | null>;
  /** When they were complete; null: they are being counted still. */
  countedAt: number | null;
  /** Something has changed since the counting began. */
  isOld: boolean;
  /** Who asks for changed numbers during a count waits for its end and shares the next one. */
  following: Promise<ProjectNumbers | null> | null;
  stopListening(): void;
}

/** Faces from which on a project's numbers are kept. Smaller ones are counted for every visitor: that is quick. */
const LARGE = 1000;
const KEPT_MS = 2000;

/**
 * Counts the numbers of projects. Those of a large one take a tenth of a second, so they are counted once for all who
 * ask at the same time, and kept for two seconds, or until a nudge says that something has changed.
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
      const kept = large.get(projectId);
      if (kept?.countedAt === null) {
        if (!kept.isOld) return kept.counting;
        kept.following ??= kept.counting.catch(() => null).then(() => begin(projectId).counting);
        return kept.following;
      }
      if (kept && !kept.isOld && clock.now() - kept.countedAt < KEPT_MS) return kept.counting;
      if (!(await isLarge(store, projectId))) return count(projectId);
      // Somebody else may have begun while we looked.
      const now = large.get(projectId);
      return (now && now !== kept ? now : begin(projectId)).counting;
    },
  };

  function begin(projectId: number): Kept {
    large.get(projectId)?.stopListening();
    const unlisten = [
      nudges.listen(`project:${projectId}`, () => {
        kept.isOld = true;
      }),
      // Of runs in all projects.
      nudges.listen('runs', () => {
        kept.isOld = true;
      }),
    ];
    const kept: Kept = {
      counting: count(projectId),
      countedAt: null,
      isOld: false,
      following: null,
      stopListening: () => {
        for (const stop of unlisten) stop();
      },
    };
    large.set(projectId, kept);
    const isOver = () => {
      kept.countedAt = clock.now();
    };
    kept.counting.then(isOver, () => {
      isOver();
      kept.isOld = true;
    });
    return kept;
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
