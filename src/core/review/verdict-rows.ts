import type { Store, Trx } from '../store/store.ts';

/**
 * The verdicts of a project with their faces and files, as a query to be narrowed down. Only about persons that the
 * project looks for still.
 */
export function verdictRows(db: Trx | Store['db'], projectId: number) {
  return db
    .selectFrom('verdicts')
    .innerJoin('faces', 'faces.id', 'verdicts.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .innerJoin('project_persons', (join) =>
      join
        .onRef('project_persons.project_id', '=', 'verdicts.project_id')
        .onRef('project_persons.person', '=', 'verdicts.person'),
    )
    .where('verdicts.project_id', '=', projectId)
    .where('faces.withdrawn_at', 'is', null);
}

/** As above, with what the ledger says of the file and the person; a merged item counts as its target. */
export function verdictClaimRows(db: Trx | Store['db'], projectId: number) {
  return verdictRows(db, projectId)
    .leftJoin('item_redirects', 'item_redirects.item', 'verdicts.person')
    .leftJoin('sdc_claims', (join) =>
      join
        .onRef('sdc_claims.page_id', '=', 'files.page_id')
        .on((eb) => eb('sdc_claims.person', '=', eb.fn.coalesce('item_redirects.target', 'verdicts.person'))),
    );
}
