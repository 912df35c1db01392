import type { Trx } from '../store/store.ts';

/** Verdicts or faces of the project are not what they were: the matcher computes its suggestions again. */
export async function projectChanged(trx: Trx, projectId: number): Promise<void> {
  await trx
    .updateTable('projects')
    .set((eb) => ({ change_number: eb('change_number', '+', 1) }))
    .where('id', '=', projectId)
    .execute();
}

/** As above when only verdicts changed: the matcher need not look which faces came or went. */
export async function verdictsChanged(trx: Trx, projectId: number): Promise<void> {
  await trx
    .updateTable('projects')
    .set((eb) => ({
      change_number: eb('change_number', '+', 1),
      verdict_changes: eb('verdict_changes', '+', 1),
    }))
    .where('id', '=', projectId)
    .execute();
}

/** As `projectChanged`, for every project that wants the file. */
export async function projectsChanged(trx: Trx, fileId: number): Promise<void> {
  const projects = await trx
    .selectFrom('project_files')
    .select('project_id')
    .where('file_id', '=', fileId)
    .orderBy('project_id')
    .execute();
  for (const { project_id } of projects) await projectChanged(trx, project_id);
}
