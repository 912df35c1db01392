import { projectChanged } from '../projects/changes.ts';
import type { Store, Trx } from '../store/store.ts';

/**
 * A file that depicts the person on the wiki already and has a single face: that face is an example, marked as
 * bootstrap (PRODUCT B2). With several faces it is left to people.
 */
export async function settleBootstrap(store: Store, projectId: number, now: number): Promise<void> {
  await store.transaction(async (trx) => {
    const rows = await trx
      .selectFrom('project_files')
      .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
      .select((eb) => [
        'project_files.file_id',
        'project_files.depicts',
        eb.fn.count<number>('faces.id').as('faces'),
        eb.fn.min<number>('faces.id').as('face'),
      ])
      .where('project_files.project_id', '=', projectId)
      .where('project_files.depicts', 'is not', null)
      .groupBy(['project_files.file_id', 'project_files.depicts'])
      .execute();
    let added = 0;
    for (const row of rows) {
      if (row.faces !== 1 || row.depicts === null) continue;
      if (await hasVerdict(trx, projectId, row.face, row.depicts)) continue;
      await trx
        .insertInto('verdicts')
        .values({
          project_id: projectId,
          face_id: row.face,
          person: row.depicts,
          verdict: 'match',
          source: 'bootstrap',
          changed_at: now,
        })
        .execute();
      added++;
    }
    if (added > 0) await projectChanged(trx, projectId);
  });
}

async function hasVerdict(trx: Trx, projectId: number, faceId: number, person: string): Promise<boolean> {
  const row = await trx
    .selectFrom('verdicts')
    .select('verdict')
    .where('project_id', '=', projectId)
    .where('face_id', '=', faceId)
    .where('person', '=', person)
    .executeTakeFirst();
  return row !== undefined;
}
