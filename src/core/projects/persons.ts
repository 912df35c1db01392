import type { Db } from '../store/store.ts';

export interface NamedPerson {
  /** Q-id */
  readonly person: string;
  readonly label: string;
}

/** The persons of a project, in its order. */
export function personsOf(db: Db, projectId: number): Promise<NamedPerson[]> {
  return db
    .selectFrom('project_persons')
    .select(['person', 'label'])
    .where('project_id', '=', projectId)
    .orderBy('position')
    .execute();
}

/** Their Q-ids alone. */
export async function personIds(db: Db, projectId: number): Promise<string[]> {
  return (await personsOf(db, projectId)).map(({ person }) => person);
}
