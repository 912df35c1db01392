import { projectChanged } from '../projects/changes.ts';
import type { VerdictValue } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';

/**
 * A file that depicts the person on the wiki already and has a single face: that face is an example, marked as
 * bootstrap (PRODUCT B2). With several faces it is left to people; so is one that people have decided, until
 * they take it back.
 */
export async function settleBootstrap(store: Store, projectId: number, now: number): Promise<void> {
  await store.transaction(async (trx) => {
    // Ballots hold the project too, so that nobody votes between our look and our write.
    await forUpdate(
      store,
      trx.selectFrom('projects').select('id').where('id', '=', projectId),
    ).executeTakeFirst();
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
      const pair = { project_id: projectId, face_id: row.face, person: row.depicts };
      const match = { verdict: 'match', source: 'bootstrap', changed_at: now } as const;
      const known = await verdictOf(trx, pair);
      if (known !== null && known !== 'open') continue;
      if (known === null) {
        await trx
          .insertInto('verdicts')
          .values({ ...pair, ...match })
          .execute();
      } else {
        await trx
          .updateTable('verdicts')
          .set(match)
          .where('project_id', '=', projectId)
          .where('face_id', '=', pair.face_id)
          .where('person', '=', pair.person)
          .execute();
      }
      added++;
    }
    if (added > 0) await projectChanged(trx, projectId);
  });
}

async function verdictOf(
  trx: Trx,
  pair: { project_id: number; face_id: number; person: string },
): Promise<VerdictValue | null> {
  const row = await trx
    .selectFrom('verdicts')
    .select('verdict')
    .where('project_id', '=', pair.project_id)
    .where('face_id', '=', pair.face_id)
    .where('person', '=', pair.person)
    .executeTakeFirst();
  return row?.verdict ?? null;
}
