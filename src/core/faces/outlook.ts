import type { MatchBasis } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { lastFaces, MISSES, triesFor } from './patience.ts';

/** How far the search for one person of a project has come. */
export interface Outlook {
  readonly person: string;
  /**
   * `done`: the last questions found nobody and nothing near an example is left, so nothing more is asked about this
   * person until new files, faces or verdicts come, or an owner wants the rest asked.
   */
  readonly state: 'asking' | 'done';
  /** null: there is nothing to measure against, so the faces are asked about one file after the other. */
  readonly basis: MatchBasis | null;
  /** Undecided faces that are more likely this person than anybody else of the project. */
  readonly left: number;
  /** The distance of the nearest of them to the examples, or to the portrait. */
  readonly nearest: number | null;
}

/** Of every person of a project, in its order. */
export async function outlooks(store: Store, projectId: number): Promise<Outlook[]> {
  const rows = await store.db
    .selectFrom('project_persons')
    .leftJoin('matched_persons', (join) =>
      join
        .onRef('matched_persons.project_id', '=', 'project_persons.project_id')
        .onRef('matched_persons.person', '=', 'project_persons.person'),
    )
    .select(['project_persons.person', 'ask_rest', 'basis', 'faces', 'suggested', 'near', 'nearest'])
    .where('project_persons.project_id', '=', projectId)
    .orderBy('position')
    .execute();
  // Looked up when it matters, because it takes a look at every file.
  let newFaces: number | null = null;
  const found: Outlook[] = [];
  for (const { person, ask_rest, basis, faces, suggested, near, nearest } of rows) {
    let state: Outlook['state'] = 'asking';
    if (basis !== null && ask_rest === 0 && suggested === 0 && near === 0) {
      newFaces ??= await lastFaces(store.db, projectId);
      const { misses, open } = await triesFor(store.db, projectId, person, newFaces);
      if (open === 0 && misses >= MISSES[basis]) state = 'done';
    }
    found.push({ person, state, basis, left: faces ?? 0, nearest });
  }
  return found;
}
