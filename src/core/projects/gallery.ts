import { pairKey } from '../review/pairs.ts';
import type { ClaimState, VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import {
  type GalleryFilter,
  PARTS,
  type Part,
  type Place,
  partsFor,
  placesIn,
  type Walk,
} from './gallery-parts.ts';
import { personIds } from './persons.ts';

export type { GalleryFilter } from './gallery-parts.ts';

export interface GalleryFace {
  readonly faceId: number;
  readonly fileId: number;
  readonly title: string;
  readonly pageUrl: string;
  readonly author: string;
  readonly licence: string;
  readonly licenceUrl: string | null;
  readonly box: readonly [number, number, number, number];
  readonly boxNumber: number;
  readonly person: string;
  readonly verdict: VerdictValue;
  readonly source: VerdictsTable['source'] | null;
  readonly distance: number | null;
  readonly claim: ClaimState | null;
}

export interface GalleryWish {
  readonly filter?: GalleryFilter;
  readonly perPage: number;
  /** A `next` or a `previous` of another page; what is not one counts as none. */
  readonly after?: string;
  readonly before?: string;
}

export interface GalleryPage {
  readonly faces: readonly GalleryFace[];
  /** Where the following page begins, for `after`; null: this is the last one. */
  readonly next: string | null;
  /** Where the page before ends, for `before`; null: this is the first one. */
  readonly previous: string | null;
}

/**
 * Faces of a project with what is known of them, page by page: matches, suggestions with the nearest first, disputed
 * faces, those that are somebody else, and the rest. One for each face and person about whom something was said or
 * suggested; a face about which there is nothing stands once, as open, with the person asked for or the project's
 * first. Faces that are somebody are open for nobody.
 *
 * A page is found by the face that it follows, not by its number: a deep page costs what the first one does, and
 * faces that are decided meanwhile shift nothing.
 */
export async function projectFaces(
  store: Store,
  projectId: number,
  { filter = {}, perPage, after, before }: GalleryWish,
): Promise<GalleryPage> {
  const parts = partsFor(filter);
  const persons = (await personIds(store.db, projectId)).filter(
    (person) => filter.person === undefined || person === filter.person,
  );
  if (persons.length === 0) return { faces: [], next: null, previous: null };
  const wanted = { filter, persons, parts, perPage };
  const until = readPlace(before);
  if (until) {
    const found = await walk(store, projectId, { ...wanted, from: until, backwards: true });
    // Less than a page is left there: the first page is whole.
    if (found.length < perPage) return projectFaces(store, projectId, { filter, perPage });
    const places = found.slice(0, perPage).reverse();
    return {
      faces: await facesAt(store, projectId, places),
      next: textOf(places.at(-1)),
      previous: found.length > perPage ? textOf(places[0]) : null,
    };
  }
  const from = readPlace(after);
  const found = await walk(store, projectId, { ...wanted, from, backwards: false });
  const places = found.slice(0, perPage);
  return {
    faces: await facesAt(store, projectId, places),
    next: found.length > perPage ? textOf(places.at(-1)) : null,
    previous: from ? textOf(places[0] ?? from) : null,
  };
}

interface Wanted extends Pick<Walk, 'filter' | 'persons' | 'from' | 'backwards'> {
  readonly parts: readonly Part[];
  readonly perPage: number;
}

/** One place more than a page has, to know whether there is another page. */
async function walk(store: Store, projectId: number, { parts, perPage, ...of }: Wanted): Promise<Place[]> {
  const { from, backwards } = of;
  const found: Place[] = [];
  const start = from ? PARTS.indexOf(from.part) : null;
  for (const part of backwards ? parts.toReversed() : parts) {
    const most = perPage + 1 - found.length;
    if (most <= 0) break;
    const at = PARTS.indexOf(part);
    if (start !== null && (backwards ? at > start : at < start)) continue;
    const own = from?.part === part ? from : null;
    found.push(...(await placesIn(store.db, projectId, part, { ...of, from: own, most })));
  }
  return found;
}

async function facesAt(store: Store, projectId: number, places: readonly Place[]): Promise<GalleryFace[]> {
  if (places.length === 0) return [];
  const rows = await store.db
    .selectFrom('faces')
    .crossJoin('files')
    .crossJoin('project_persons')
    .leftJoin('verdicts', (join) =>
      join
        .onRef('verdicts.project_id', '=', 'project_persons.project_id')
        .onRef('verdicts.face_id', '=', 'faces.id')
        .onRef('verdicts.person', '=', 'project_persons.person'),
    )
    .leftJoin('suggestions', (join) =>
      join
        .onRef('suggestions.project_id', '=', 'project_persons.project_id')
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
      'faces.box_number',
      'project_persons.person',
      'verdicts.verdict',
      'verdicts.source',
      'suggestions.distance',
      'sdc_claims.state as claim',
    ])
    .whereRef('files.id', '=', 'faces.file_id')
    .where('project_persons.project_id', '=', projectId)
    .where('faces.id', 'in', [...new Set(places.map((place) => place.faceId))])
    .where('project_persons.person', 'in', [...new Set(places.map((place) => place.person))])
    .execute();
  const found = new Map(rows.map((row) => [pairKey({ faceId: row.id, person: row.person }), row]));
  return places.flatMap((place) => {
    const row = found.get(pairKey(place));
    if (!row) return [];
    return {
      faceId: row.id,
      fileId: row.file_id,
      title: row.title,
      pageUrl: row.page_url,
      author: row.author,
      licence: row.licence,
      licenceUrl: row.licence_url,
      box: [row.x, row.y, row.w, row.h],
      boxNumber: row.box_number,
      person: row.person,
      verdict: row.verdict ?? 'open',
      source: row.source,
      distance: row.distance,
      claim: row.claim,
    };
  });
}

/** `match~17~17~Q42`: for addresses. */
function textOf(place: Place | undefined): string | null {
  return place ? [place.part, place.first, place.faceId, place.person].join('~') : null;
}

function readPlace(text: string | undefined): Place | null {
  const fields = /^([a-z_]{1,20})~(\d{1,15}(?:\.\d{1,20})?)~(\d{1,15})~(Q\d{1,18})$/.exec(text ?? '');
  const part = PARTS.find((one) => one === fields?.[1]);
  if (!fields || !part) return null;
  return { part, first: Number(fields[2]), faceId: Number(fields[3]), person: fields[4] ?? '' };
}
