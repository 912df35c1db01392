import type { Clock } from '../core/platform/clock.ts';
import { listProjects, type ProjectListItem } from '../core/projects/projects.ts';
import type { Store } from '../core/store/store.ts';
import { createKept } from './kept.ts';

export interface ProjectList {
  /**
   * All projects that are not deleted, the newest first.
   * @param since UTC milliseconds: what was counted before is too old for whoever asks
   */
  get(since?: number): Promise<ProjectListItem[]>;
}

/** Faces from which on the list is kept. A smaller one is counted for every visitor: that is quick. */
const LARGE = 1000;

/** The list of projects with what each has; where there is much to count it is kept (`kept.ts`). */
export function createProjectList({ store, clock }: { store: Store; clock: Clock }): ProjectList {
  const kept = createKept(clock, () => listProjects(store));
  let isLarge = false;
  return {
    async get(since) {
      if (isLarge) return kept.get(since);
      const list = await listProjects(store);
      isLarge = list.reduce((sum, project) => sum + project.faces, 0) >= LARGE;
      return list;
    },
  };
}
