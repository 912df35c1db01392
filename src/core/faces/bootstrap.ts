import { verdictsChanged } from '../projects/changes.ts';
import { lockProject } from '../projects/members.ts';
import type { Store } from '../store/store.ts';

/**
 * A file that depicts the person on the wiki already and has a single face: that face is an example, marked as
 * bootstrap. With several faces it is left to people; so is one that people have decided, until
 * they take it back.
 */
export async function settleBootstrap(store: Store, projectId: number, now: number): Promise<void> {
  await store.transaction(async (trx) => {
    // Ballots hold the project too, so that nobody votes between our look and our write.
    await lockProject(store, trx, projectId);
    const rows = await trx
      .selectFrom('project_files')
      .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
      .leftJoin('verdicts', (join) =>
        join
          .onRef('verdicts.project_id', '=', 'project_files.project_id')
          .onRef('verdicts.face_id', '=', 'faces.id')
          .onRef('verdicts.person', '=', 'project_files.depicts'),
      )
      .select((eb) => [
        'project_files.depicts',
        eb.fn.count<number>('faces.id').as('faces'),
        eb.fn.min<number>('faces.id').as('face'),
        eb.fn.min('verdicts.verdict').as('verdict'),
      ])
      .where('project_files.project_id', '=', projectId)
      .where('project_files.depicts', 'is not', null)
      .where('faces.withdrawn_at', 'is', null)
      .groupBy(['project_files.file_id', 'project_files.depicts'])
      .execute();
    const match = { verdict: 'match', source: 'bootstrap', changed_at: now } as const;
    let added = 0;
    for (const { depicts, faces, face, verdict } of rows) {
      if (faces !== 1 || depicts === null || (verdict !== null && verdict !== 'open')) continue;
      const pair = { project_id: projectId, face_id: face, person: depicts };
      await (verdict === null
        ? trx.insertInto('verdicts').values({ ...pair, ...match })
        : trx
            .updateTable('verdicts')
            .set(match)
            .where('project_id', '=', projectId)
            .where('face_id', '=', face)
            .where('person', '=', depicts)
      ).execute();
      added++;
    }
    if (added > 0) await verdictsChanged(trx, projectId);
  });
}
