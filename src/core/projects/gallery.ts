import { type Expression, type SqlBool, sql } from 'kysely';
import type { ClaimState, VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

export interface GalleryFace {
  readonly faceId: number;
  readonly fileId: number;
  readonly title: string;
  readonly pageUrl: string;
  readonly author: string;
  readonly licence: string;
  readonly licenceUrl: string | null;
  readonly box: readonly [number, number, number, number];
  readonly person: string;
  readonly verdict: VerdictValue;
  readonly source: VerdictsTable['source'] | null;
  readonly distance: number | null;
  readonly claim: ClaimState | null;
}

export interface GalleryFilter {
  readonly verdict?: VerdictValue;
  /** Q-id */
  readonly person?: string;
}

/**
 * Faces of a project with what is known of them; matches first, then the nearest. One row for each face and person
 * about whom something was said or suggested; a face about which there is nothing has one row, `open`, with the
 * person asked for or the project's first. Faces that are somebody else are open for nobody.
 * @param page from 1
 */
export async function projectFaces(
  store: Store,
  projectId: number,
  { filter = {}, page, perPage }: { filter?: GalleryFilter; page: number; perPage: number },
): Promise<{ total: number; faces: GalleryFace[] }> {
  const base = store.db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .innerJoin('project_persons', 'project_persons.project_id', 'project_files.project_id')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.project_id', '=', 'project_files.project_id')
        .onRef('verdicts.face_id', '=', 'faces.id')
        .onRef('verdicts.person', '=', 'project_persons.person'),
    )
    .leftJoin('suggestions', (join) =>
      join
        .onRef('suggestions.project_id', '=', 'project_files.project_id')
        .onRef('suggestions.face_id', '=', 'faces.id')
        .onRef('suggestions.person', '=', 'project_persons.person'),
    )
    // The ledger speaks of the item that a merged one became.
    .leftJoin('item_redirects', 'item_redirects.item', 'project_persons.person')
    .leftJoin('sdc_claims', (join) =>
      join
        .onRef('sdc_claims.page_id', '=', 'files.page_id')
        .on((eb) =>
          eb('sdc_claims.person', '=', eb.fn.coalesce('item_redirects.target', 'project_persons.person')),
        )
        .onRef('sdc_claims.face_id', '=', 'faces.id'),
    )
    .where('project_files.project_id', '=', projectId)
    .where('files.state', '=', 'detected')
    .where((eb) =>
      eb.or([
        eb('verdicts.verdict', '!=', 'open'),
        eb.and([
          eb.or([
            eb('suggestions.distance', 'is not', null),
            eb('verdicts.verdict', 'is not', null),
            filter.person !== undefined
              ? eb.lit(true)
              : eb('project_persons.position', '=', (first) =>
                  first
                    .selectFrom('project_persons as first')
                    .select((min) => min.fn.min('first.position').as('position'))
                    .where('first.project_id', '=', projectId),
                ),
          ]),
          eb.not(
            eb.exists(
              eb
                .selectFrom('verdicts as known')
                .select('known.person')
                .whereRef('known.project_id', '=', 'project_files.project_id')
                .whereRef('known.face_id', '=', 'faces.id')
                .where('known.verdict', '=', 'match'),
            ),
          ),
        ]),
      ]),
    )
    .$if(filter.person !== undefined, (query) =>
      query.where('project_persons.person', '=', filter.person ?? ''),
    )
    .$if(filter.verdict !== undefined, (query) =>
      query.where(sql`coalesce(verdicts.verdict, 'open')`, '=', filter.verdict),
    );
  const { total } = await base.select((eb) => eb.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const isMatch: Expression<SqlBool> = sql<SqlBool>`coalesce(verdicts.verdict, 'open') = 'match'`;
  const noDistance: Expression<SqlBool> = sql<SqlBool>`suggestions.distance is null`;
  const rows = await base
    .select([
      'faces.id',
      'faces.file_id',
      'files.title',
      'files.page_url',
      'files.author',
      'files.licence',
      'files.licence_url',
      'faces.x',
      'faces.y',
      'faces.w',
      'faces.h',
      'project_persons.person',
      'verdicts.verdict',
      'verdicts.source',
      'suggestions.distance',
      'sdc_claims.state as claim',
    ])
    .orderBy(isMatch, 'desc')
    .orderBy(noDistance)
    .orderBy('suggestions.distance')
    .orderBy('faces.id')
    .orderBy('project_persons.position')
    .limit(perPage)
    .offset((page - 1) * perPage)
    .execute();
  return {
    total,
    faces: rows.map((row) => ({
      faceId: row.id,
      fileId: row.file_id,
      title: row.title,
      pageUrl: row.page_url,
      author: row.author,
      licence: row.licence,
      licenceUrl: row.licence_url,
      box: [row.x, row.y, row.w, row.h],
      person: row.person,
      verdict: row.verdict ?? 'open',
      source: row.source,
      distance: row.distance,
      claim: row.claim,
    })),
  };
}
