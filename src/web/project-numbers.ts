import { createHash } from 'node:crypto';
import { listRuns, type RunView } from '../core/depicts/history.ts';
import { hasPairsToWrite } from '../core/depicts/ledger.ts';
import { type Advice, adviceFrom, type DecidedDistance, decidedDistances } from '../core/faces/advice.ts';
import type { Clock } from '../core/platform/clock.ts';
import type { Nudges } from '../core/platform/nudges.ts';
import { overviewOf, type ProjectOverview } from '../core/projects/overview.ts';
import { type DistanceHistogram, distanceHistogram } from '../core/statistics/distances.ts';
import { type Progress, projectProgress } from '../core/statistics/progress.ts';
import { type ProjectStatistics, projectStatistics } from '../core/statistics/project.ts';
import { type DayCount, facesByDay, tallyWith } from '../core/statistics/tally.ts';
import type { Store } from '../core/store/store.ts';
import { createKept, type Kept } from './kept.ts';
import { createRemembered } from './remembered.ts';

/** What the page of a project counts, the same for every visitor. */
export interface ProjectNumbers {
  /** Differs when the overview or the runs do: pages that show them are brought up to date. */
  readonly version: string;
  readonly overview: ProjectOverview;
  readonly runs: readonly RunView[];
  readonly statistics: ProjectStatistics;
  /** null before the first face. */
  readonly progress: Progress | null;
  /** null when nothing is measured: without matching, or before there are examples. */
  readonly distances: DistanceHistogram | null;
  readonly advice: Advice | null;
  /** There is something that "write" could write. */
  readonly canBeWritten: boolean;
}

export interface ProjectNumbersSource {
  /**
   * Null when there is no such project.
   * @param since UTC milliseconds: what was counted before is too old for whoever asks
   */
  of(projectId: number, since?: number): Promise<ProjectNumbers | null>;
  /** What `of` gave may not be the newest: there will be other numbers in a moment. */
  isBehind(projectId: number): boolean;
}

/** Faces from which on a project's numbers are kept. Smaller ones are counted for every visitor: that is quick. */
const LARGE = 1000;

/**
 * Counts the numbers of projects. Those of a large one are kept (`kept.ts`): after a change, visitors see those of
 * before for a moment.
 */
export function createProjectNumbers(deps: {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
}): ProjectNumbersSource {
  const { store, clock, nudges } = deps;
  const large = new Map<number, { kept: Kept<ProjectNumbers | null>; forget(): void }>();
  const remembered = {
    faces: createRemembered<DayCount[]>(clock),
    distances: createRemembered<DecidedDistance[]>(clock),
  };

  return {
    async of(projectId, since) {
      const known = large.get(projectId);
      if (!known && !(await isLarge(store, projectId))) return count(projectId);
      // Somebody else may have begun while we looked.
      const { kept, forget } = large.get(projectId) ?? keep(projectId);
      const numbers = await kept.get(since);
      if (!numbers) forget();
      return numbers;
    },
    isBehind: (projectId) => large.get(projectId)?.kept.isBehind() ?? false,
  };

  function keep(projectId: number) {
    const kept = createKept(clock, () => count(projectId));
    // Of runs in all projects.
    const unlisten = [
      nudges.listen(`project:${projectId}`, kept.changed),
      nudges.listen('runs', kept.changed),
    ];
    const forget = () => {
      for (const stop of unlisten) stop();
      large.delete(projectId);
    };
    large.set(projectId, { kept, forget });
    return { kept, forget };
  }

  async function count(projectId: number): Promise<ProjectNumbers | null> {
    const change = await changesOf(store, projectId);
    if (!change) return null;
    const faces = await remembered.faces(projectId, change.faces, () => facesByDay(store, projectId));
    const tally = await tallyWith(store, projectId, faces);
    const overview = await overviewOf(store, projectId, tally);
    if (!overview) return null;
    const runs = await listRuns(store, projectId);
    const { matching, threshold } = overview.project;
    const decided = matching
      ? await remembered.distances(projectId, change.all, () => decidedDistances(store, projectId))
      : [];
    return {
      version: fingerprint([overview, runs]),
      overview,
      runs,
      statistics: await projectStatistics(store, projectId, tally),
      progress: projectProgress(tally, clock.now()),
      distances: distanceHistogram(decided, threshold),
      advice: adviceFrom(decided),
      canBeWritten: await hasPairsToWrite(store.db, projectId),
    };
  }
}

/** What moves when faces came or went, and when anything did that is measured. */
async function changesOf(store: Store, projectId: number): Promise<{ faces: string; all: string } | null> {
  const row = await store.db
    .selectFrom('projects')
    .select(['change_number', 'verdict_changes', 'state'])
    .where('id', '=', projectId)
    .executeTakeFirst();
  if (!row) return null;
  return {
    faces: String(row.change_number - row.verdict_changes),
    all: `${row.change_number} ${row.state}`,
  };
}

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

function fingerprint(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);
}
