import type { Store } from '../core/store/store.ts';

export interface NamedPerson {
  readonly person: string;
  readonly label: string;
}

/** The persons of a project, in its order, for forms to choose from. */
export async function personsOf(store: Store, projectId: number): Promise<NamedPerson[]> {
  return store.db
    .selectFrom('project_persons')
    .select(['person', 'label'])
    .where('project_id', '=', projectId)
    .orderBy('position')
    .execute();
}
