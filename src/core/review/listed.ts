import type { Db } from '../store/store.ts';

/** A statement of ours on the wiki that people do not agree on any more. */
export interface ListedClaim {
  readonly claimId: number;
  readonly runId: number;
  readonly pageId: number;
  readonly title: string | null;
  readonly pageUrl: string | null;
  readonly person: string;
}

/**
 * What was written by this project and has lost its match since (undone, overridden, reopened, disputed): listed for
 * removal, and taken back only when somebody says so (`startUndo` with the claim).
 * @param faceIds only claims about files with these faces
 */
export async function listedForRemoval(
  db: Db,
  projectId: number,
  faceIds?: readonly number[],
): Promise<ListedClaim[]> {
  if (faceIds?.length === 0) return [];
  const rows = await db
    .selectFrom('sdc_claims')
    .leftJoin('files', 'files.page_id', 'sdc_claims.page_id')
    .select([
      'sdc_claims.id',
      'sdc_claims.run_id',
      'sdc_claims.page_id',
      'sdc_claims.person',
      'files.title',
      'files.page_url',
    ])
    .where('sdc_claims.project_id', '=', projectId)
    .where('sdc_claims.state', '=', 'written')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('verdicts')
            .innerJoin('faces', 'faces.id', 'verdicts.face_id')
            .leftJoin('item_redirects', 'item_redirects.item', 'verdicts.person')
            .select('verdicts.face_id')
            .whereRef('faces.file_id', '=', 'files.id')
            .where('verdicts.project_id', '=', projectId)
            .where('verdicts.verdict', '=', 'match')
            .where('faces.withdrawn_at', 'is', null)
            .where((eb) =>
              eb('sdc_claims.person', '=', eb.fn.coalesce('item_redirects.target', 'verdicts.person')),
            ),
        ),
      ),
    )
    .$if(faceIds !== undefined, (query) =>
      query.where('files.id', 'in', (eb) =>
        eb
          .selectFrom('faces')
          .select('faces.file_id')
          .where('faces.id', 'in', faceIds ?? []),
      ),
    )
    .orderBy('sdc_claims.id')
    .execute();
  return rows.map((row) => ({
    claimId: row.id,
    runId: row.run_id,
    pageId: row.page_id,
    title: row.title,
    pageUrl: row.page_url,
    person: row.person,
  }));
}
