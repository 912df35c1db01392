import { sql } from 'kysely';
import type { VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Db } from '../store/store.ts';

/** What the gallery shows, in this order: what is decided, and of what is open the likely faces before the rest. */
export const PARTS = ['match', 'suggested', 'disputed', 'no_match', 'rest'] as const;
export type Part = (typeof PARTS)[number];

export interface GalleryFilter {
  readonly verdict?: VerdictValue;
  /** Q-id */
  readonly person?: string;
  /** How the verdict came about. */
  readonly source?: VerdictsTable['source'];
  /** What the ledger says of the face: it stands on the wiki, could not be written, or neither. */
  readonly claim?: 'written' | 'failed' | 'none';
  /** Open faces whose distance to the examples is below this, or this and above. */
  readonly nearerThan?: number;
  readonly notNearerThan?: number;
}

/** The parts that can have faces which pass the filter. */
export function partsFor({ verdict, source, claim, nearerThan, notNearerThan }: GalleryFilter): Part[] {
  const isAbout = (part: Part) =>
    verdict === undefined || (part === 'suggested' || part === 'rest' ? 'open' : part) === verdict;
  // What is not decided has no source and no claim; only open faces that the matcher is sure about have a distance.
  const isDecided = source !== undefined || claim !== undefined;
  const isMeasured = nearerThan !== undefined || notNearerThan !== undefined;
  return PARTS.filter(isAbout)
    .filter((part) => !isDecided || (part !== 'suggested' && part !== 'rest'))
    .filter((part) => !isMeasured || part === 'suggested');
}

/** A face with a person, and where it stands: parts are sorted by `first` (of suggestions the distance), face, person. */
export interface Place {
  readonly part: Part;
  readonly first: number;
  readonly faceId: number;
  readonly person: string;
}

export interface Walk {
  readonly filter: GalleryFilter;
  /** Whom the gallery is about, in the project's order: all of its persons, or the one of the filter. */
  readonly persons: readonly string[];
  /** Begins behind this place; null: with the part's first one, or its last one when it goes backwards. */
  readonly from: Place | null;
  readonly backwards: boolean;
  /** At most. */
  readonly most: number;
}

/** The next places of one part, in the direction of the walk. */
export async function placesIn(db: Db, projectId: number, part: Part, walk: Walk): Promise<Place[]> {
  if (part === 'suggested') return suggestedPlaces(db, projectId, walk);
  if (part === 'rest') return restPlaces(db, projectId, walk);
  return decidedPlaces(db, projectId, part, walk);
}

/** In the order of an index, so that a page deep inside costs what the first one does. */
async function decidedPlaces(
  db: Db,
  projectId: number,
  part: 'match' | 'disputed' | 'no_match',
  { filter, persons, from, backwards, most }: Walk,
): Promise<Place[]> {
  const [after, direction] = backwards ? (['<', 'desc'] as const) : (['>', 'asc'] as const);
  const rows = await db
    .selectFrom('verdicts')
    // SQLite does not change the order of a cross join: without it, it begins with all files of the project.
    .crossJoin('faces')
    .crossJoin('files')
    .crossJoin('project_files')
    .select(['verdicts.face_id', 'verdicts.person'])
    .where('verdicts.project_id', '=', projectId)
    .where('verdicts.verdict', '=', part)
    .whereRef('faces.id', '=', 'verdicts.face_id')
    .whereRef('files.id', '=', 'faces.file_id')
    .where('project_files.project_id', '=', projectId)
    .whereRef('project_files.file_id', '=', 'faces.file_id')
    // A list, because MariaDB begins with the persons when it may join them, and then has to sort.
    .where('verdicts.person', 'in', persons)
    .where('files.state', '=', 'detected')
    .where('faces.withdrawn_at', 'is', null)
    .$if(filter.source !== undefined, (query) =>
      query.where('verdicts.source', '=', filter.source ?? 'votes'),
    )
    .$if(filter.claim !== undefined, (query) =>
      query
        .leftJoin('item_redirects', 'item_redirects.item', 'verdicts.person')
        .leftJoin('sdc_claims', (join) =>
          join
            .onRef('sdc_claims.page_id', '=', 'files.page_id')
            .on((eb) =>
              eb('sdc_claims.person', '=', eb.fn.coalesce('item_redirects.target', 'verdicts.person')),
            )
            .onRef('sdc_claims.face_id', '=', 'faces.id'),
        )
        .where(sql`coalesce(sdc_claims.state, 'none')`, filter.claim === 'none' ? 'not in' : 'in', [
          ...CLAIM_STATES[filter.claim ?? 'none'],
        ]),
    )
    .$if(from !== null, (query) =>
      query
        .where('verdicts.face_id', backwards ? '<=' : '>=', from?.faceId ?? 0)
        .where((eb) =>
          eb.or([
            eb('verdicts.face_id', after, from?.faceId ?? 0),
            eb('verdicts.person', after, from?.person ?? ''),
          ]),
        ),
    )
    .orderBy('verdicts.face_id', direction)
    .orderBy('verdicts.person', direction)
    .limit(most)
    .execute();
  return rows.map(({ face_id, person }) => ({ part, first: face_id, faceId: face_id, person }));
}

const CLAIM_STATES = {
  written: ['written', 'present'],
  failed: ['failed'],
  // Not one of these.
  none: ['written', 'present', 'failed'],
} as const;

/** The matcher keeps a few dozen for each person. Faces that are somebody else are suggestions for nobody. */
async function suggestedPlaces(
  db: Db,
  projectId: number,
  { filter, persons, from, backwards, most }: Walk,
): Promise<Place[]> {
  const [after, direction] = backwards ? (['<', 'desc'] as const) : (['>', 'asc'] as const);
  const rows = await db
    .selectFrom('suggestions')
    .crossJoin('faces')
    .crossJoin('files')
    .crossJoin('project_files')
    .select(['suggestions.distance', 'suggestions.face_id', 'suggestions.person'])
    .where('suggestions.project_id', '=', projectId)
    .whereRef('faces.id', '=', 'suggestions.face_id')
    .whereRef('files.id', '=', 'faces.file_id')
    .where('project_files.project_id', '=', projectId)
    .whereRef('project_files.file_id', '=', 'faces.file_id')
    .where('suggestions.person', 'in', persons)
    .where('files.state', '=', 'detected')
    .where('faces.withdrawn_at', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('verdicts')
            .select('verdicts.person')
            .where('verdicts.project_id', '=', projectId)
            .whereRef('verdicts.face_id', '=', 'suggestions.face_id')
            .where((eb) =>
              eb.or([
                eb('verdicts.verdict', '=', 'match'),
                eb.and([
                  eb('verdicts.person', '=', eb.ref('suggestions.person')),
                  eb('verdicts.verdict', '!=', 'open'),
                ]),
              ]),
            ),
        ),
      ),
    )
    .$if(filter.nearerThan !== undefined, (query) =>
      query.where('suggestions.distance', '<', filter.nearerThan ?? 0),
    )
    .$if(filter.notNearerThan !== undefined, (query) =>
      query.where('suggestions.distance', '>=', filter.notNearerThan ?? 0),
    )
    .$if(from !== null, (query) =>
      query.where((eb) =>
        eb.or([
          eb('suggestions.distance', after, from?.first ?? 0),
          eb.and([
            eb('suggestions.distance', '=', from?.first ?? 0),
            eb.or([
              eb('suggestions.face_id', after, from?.faceId ?? 0),
              eb.and([
                eb('suggestions.face_id', '=', from?.faceId ?? 0),
                eb('suggestions.person', after, from?.person ?? ''),
              ]),
            ]),
          ]),
        ]),
      ),
    )
    .orderBy('suggestions.distance', direction)
    .orderBy('suggestions.face_id', direction)
    .orderBy('suggestions.person', direction)
    .limit(most)
    .execute();
  return rows.map(({ distance, face_id, person }) => ({
    part: 'suggested',
    first: distance,
    faceId: face_id,
    person,
  }));
}

/** Files are looked through in their order, a few and then more at a time, until enough faces are found. */
async function restPlaces(db: Db, projectId: number, walk: Walk): Promise<Place[]> {
  const { from, backwards, most } = walk;
  const direction = backwards ? 'desc' : 'asc';
  const sign = backwards ? -1 : 1;
  const found: Place[] = [];
  let beyond = from?.first ?? null;
  if (beyond !== null && from) {
    const beside = await openIn(db, projectId, [beyond], walk);
    found.push(...sorted(beside, sign).filter((place) => sign * compare(place, from) > 0));
  }
  for (let size = 50; found.length < most; size = Math.min(size * 4, 800)) {
    const files = await db
      .selectFrom('project_files')
      .select('file_id')
      .where('project_id', '=', projectId)
      .$if(beyond !== null, (query) => query.where('file_id', backwards ? '<' : '>', beyond ?? 0))
      .orderBy('file_id', direction)
      .limit(size)
      .execute();
    const ids = files.map((file) => file.file_id);
    if (ids.length > 0) found.push(...sorted(await openIn(db, projectId, ids, walk), sign));
    if (ids.length < size) break;
    beyond = ids.at(-1) ?? null;
  }
  return found.slice(0, most);
}

/**
 * Faces of some files that nobody is known to be and nothing is suggested for: with each person whom some have voted
 * about, or, where nothing at all was said, with the person asked for or the project's first.
 */
async function openIn(
  db: Db,
  projectId: number,
  fileIds: readonly number[],
  { persons, filter }: Walk,
): Promise<Place[]> {
  const faces = await db
    .selectFrom('faces')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .select(['faces.id', 'faces.file_id'])
    .where('faces.file_id', 'in', fileIds)
    .where('files.state', '=', 'detected')
    .where('faces.withdrawn_at', 'is', null)
    .execute();
  if (faces.length === 0) return [];
  const ids = faces.map((face) => face.id);
  const verdicts = await db
    .selectFrom('verdicts')
    .select(['face_id', 'person', 'verdict'])
    .where('project_id', '=', projectId)
    .where('face_id', 'in', ids)
    .execute();
  const suggestions = await db
    .selectFrom('suggestions')
    .select(['face_id', 'person'])
    .where('project_id', '=', projectId)
    .where('face_id', 'in', ids)
    .execute();
  const said = Map.groupBy(verdicts, (row) => row.face_id);
  const suggested = Map.groupBy(suggestions, (row) => row.face_id);
  return faces.flatMap(({ id, file_id }) => {
    const known = said.get(id) ?? [];
    if (known.some((row) => row.verdict === 'match')) return [];
    const likely = suggested.get(id) ?? [];
    const isUntouched = known.length === 0 && likely.length === 0;
    return persons
      .filter((one, i) => {
        if (likely.some((row) => row.person === one)) return false;
        const verdict = known.find((row) => row.person === one)?.verdict;
        return (
          verdict === 'open' ||
          (verdict === undefined && (filter.person !== undefined || (isUntouched && i === 0)))
        );
      })
      .map((one): Place => ({ part: 'rest', first: file_id, faceId: id, person: one }));
  });
}

function sorted(places: readonly Place[], sign: 1 | -1): Place[] {
  return places.toSorted((a, b) => sign * compare(a, b));
}

function compare(a: Place, b: Place): number {
  return a.first - b.first || a.faceId - b.faceId || (a.person < b.person ? -1 : a.person > b.person ? 1 : 0);
}
