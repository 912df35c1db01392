import { type RunView, runById } from '../depicts/history.ts';
import type { RunState } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface SiteRun extends RunView {
  readonly projectTitle: string;
}

/** A page of the runs of all projects, the newest first. @param state null: in every state */
export async function siteRuns(
  store: Store,
  { state, before, limit }: { state: RunState | null; before: number | null; limit: number },
): Promise<SiteRun[]> {
  const rows = await store.db
    .selectFrom('runs')
    .innerJoin('projects', 'projects.id', 'runs.project_id')
    .select(['runs.id', 'projects.title'])
    .$if(state !== null, (query) => query.where('runs.state', '=', state ?? 'waiting'))
    .$if(before !== null, (query) => query.where('runs.id', '<', before ?? 0))
    .orderBy('runs.id', 'desc')
    .limit(limit)
    .execute();
  const views = await Promise.all(
    rows.map(async ({ id, title }) => {
      const view = await runById(store, id);
      return view && { ...view, projectTitle: title };
    }),
  );
  return views.filter((view) => view !== null);
}
