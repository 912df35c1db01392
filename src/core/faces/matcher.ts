import type { Measures } from './measures.ts';

/** Faces of a project that have an embedding, in columns: the entry at a place is about one face. */
export interface FaceColumns {
  readonly faceIds: readonly number[];
  readonly fileIds: readonly number[];
  /** Heights in pixels of the pictures they were seen in. */
  readonly heights: Float32Array;
  /** How good an example each would be, 0..1; NaN: not known. */
  readonly qualities: Float32Array;
  /** Embeddings, one after the other. */
  readonly vectors: Float32Array;
  /** Numbers of one embedding. */
  readonly dims: number;
}

/** What is known of one person, by places in the columns. */
export interface KnownPerson {
  readonly person: string;
  /** Faces that people (or the wiki, by bootstrap) say are the person. Never suggestions. */
  readonly confirmed: readonly number[];
  /** Faces that people say are not the person. */
  readonly rejected: readonly number[];
  /** Faces that are not asked about for this person: decided or disputed. */
  readonly settled: readonly number[];
  /** Of the item's portrait: orders questions while nothing is confirmed, and is never an example. */
  readonly portrait: Float32Array | null;
  /** People have confirmed enough for suggestions. */
  readonly enough: boolean;
}

export interface Opinion {
  readonly faceId: number;
  /** Whom of the project the face is most likely to be. */
  readonly person: string;
  /** Mean Euclidean distance to that person's nearest examples, or the distance to the portrait. */
  readonly distance: number;
  readonly suggested: boolean;
  /** The nearest face that is known is an example of this person, below the threshold. */
  readonly near: boolean;
}

/** The mean over the nearest few: measured 99.1 % true and 0.01 % false accepts at 0.6 with three examples. */
export const NEAREST = 7;
/** Below this height the networks mistake people for each other (17.5 % false accepts at 0.6). */
export const SMALLEST_FACE_PX = 48;

/**
 * Worse faces are no examples. Measured on the 22 practice faces and 308 copies of them, made smaller (120 to 12 px)
 * or blurred: of the 204 copies below this 53 % are nearer to somebody else than to their own original, of the 126
 * others none, and none is farther from it than 0.5. It is about 53 px of height, or a face turned so far that the
 * nose stands over an eye.
 *
 * Beyond this floor examples weigh the same. Measured on 483 copies (25 to 160 px, blurred, turned, darkened), with 2
 * to 14 examples, true accepts at 0.1 % false ones: without a floor 52 to 70 %, with it 70 to 81 %; weights of
 * quality, its square, or quality less 0.3 on top of it move that by half a point, up or down, and lower the area
 * under the curve a little.
 */
export const EXAMPLE_QUALITY = 0.4;

/** May a face be measured against? Faces of unknown quality may: people confirmed them. */
export function isExample(quality: number): boolean {
  return !(quality < EXAMPLE_QUALITY);
}

/**
 * The matcher's opinion of every face that nobody is known to be: whom it is most likely to be of the
 * persons that it may still be. It is suggested when its mean distance to the nearest confirmed examples is below the
 * threshold, no rejected face is nearer to it than that, it is tall enough, and it is the best of its file for that
 * person; at most one in a file, none where the person is confirmed already. Of two persons that are equally near the
 * earlier one is taken.
 */
export async function match(
  measures: Measures,
  faces: FaceColumns,
  persons: readonly KnownPerson[],
  threshold: number,
): Promise<Opinion[]> {
  const somebody = new Set(persons.flatMap((person) => person.confirmed));
  const all = Int32Array.from(faces.faceIds, (_, place) => place);
  const rows = all.filter((place) => !somebody.has(place));
  const measured = await measures.measure({
    faces: faces.vectors,
    dims: faces.dims,
    rows,
    sets: persons.map((person) => referencesOf(faces, person)),
    barred: barredOf(faces, persons, rows),
    nearest: NEAREST,
  });
  const found: Found[] = [];
  // Counted, because iterators over typed arrays are slow and these are many.
  for (let row = 0; row < rows.length; row++) {
    const [place = 0, set = -1] = [rows[row], measured.set[row]];
    if (set < 0) continue;
    const [distance = 0, least = 0] = [measured.mean[row], measured.least[row]];
    // Who is confirmed to be another person is not this one.
    found.push({ place, set, distance, least, rejected: measured.others[row] ?? Number.POSITIVE_INFINITY });
  }
  await measureRejected(measures, faces, persons, found, threshold);
  return opinionsOf(faces, persons, found, threshold);
}

interface Found {
  readonly place: number;
  readonly set: number;
  readonly distance: number;
  readonly least: number;
  /** Distance to the nearest face that is known not to be the person. */
  rejected: number;
}

/** What a person is measured against: examples, or the portrait while there are none. */
export function referencesOf(
  faces: FaceColumns,
  { confirmed, portrait }: KnownPerson,
): Int32Array | Float32Array {
  const examples = confirmed.filter((place) => isExample(faces.qualities[place] ?? Number.NaN));
  return examples.length === 0 && portrait ? portrait : Int32Array.from(examples);
}

/** Pairs that are settled, and files where the person is confirmed. */
function barredOf(faces: FaceColumns, persons: readonly KnownPerson[], rows: Int32Array): Uint8Array {
  const barred = new Uint8Array(rows.length * persons.length);
  const settled = new Map<number, number[]>();
  const taken = new Map<number, number[]>();
  for (const [set, person] of persons.entries()) {
    for (const place of person.settled) listIn(settled, place).push(set);
    for (const place of person.confirmed) listIn(taken, faces.fileIds[place] as number).push(set);
  }
  for (let row = 0; row < rows.length; row++) {
    const place = rows[row] as number;
    const first = row * persons.length;
    for (const set of settled.get(place) ?? []) barred[first + set] = 1;
    for (const set of taken.get(faces.fileIds[place] as number) ?? []) barred[first + set] = 1;
  }
  return barred;
}

function listIn(lists: Map<number, number[]>, key: number): number[] {
  const known = lists.get(key);
  if (known) return known;
  const list: number[] = [];
  lists.set(key, list);
  return list;
}

/**
 * Faces that people say are not the person, and those beside a confirmed one in the same file, of which their verdicts
 * say the same. Only faces that are near are measured: for the others it changes nothing.
 */
async function measureRejected(
  measures: Measures,
  faces: FaceColumns,
  persons: readonly KnownPerson[],
  found: readonly Found[],
  threshold: number,
): Promise<void> {
  const near = Map.groupBy(
    found.filter((one) => one.least < threshold),
    (one) => one.set,
  );
  const beside = facesBeside(faces, persons);
  for (const [set, own] of near) {
    const { confirmed = [], rejected = [] } = persons[set] ?? {};
    const others = new Set(rejected);
    for (const place of confirmed) {
      for (const other of beside.get(faces.fileIds[place] as number) ?? []) others.add(other);
    }
    for (const place of confirmed) others.delete(place);
    const measured = Int32Array.from(
      [...others].filter((place) => isExample(faces.qualities[place] ?? Number.NaN)),
    );
    if (measured.length === 0) continue;
    const { least } = await measures.measure({
      faces: faces.vectors,
      dims: faces.dims,
      rows: Int32Array.from(own, (one) => one.place),
      sets: [measured],
      barred: null,
      nearest: 1,
    });
    for (const [row, one] of own.entries()) one.rejected = Math.min(one.rejected, least[row] ?? one.rejected);
  }
}

/** All faces of the files in which somebody is confirmed, by file. */
function facesBeside(faces: FaceColumns, persons: readonly KnownPerson[]): Map<number, number[]> {
  const beside = new Map<number, number[]>();
  for (const { confirmed } of persons) {
    for (const place of confirmed) beside.set(faces.fileIds[place] as number, []);
  }
  for (const [place, fileId] of faces.fileIds.entries()) beside.get(fileId)?.push(place);
  return beside;
}

function opinionsOf(
  faces: FaceColumns,
  persons: readonly KnownPerson[],
  found: readonly Found[],
  threshold: number,
): Opinion[] {
  const tall = ({ place }: Found) => (faces.heights[place] ?? 0) >= SMALLEST_FACE_PX;
  const best = new Map<string, Found>();
  for (const one of found) {
    const fits =
      persons[one.set]?.enough && one.distance < threshold && one.rejected > one.distance && tall(one);
    if (!fits) continue;
    const key = `${one.set} ${faces.fileIds[one.place]}`;
    const rival = best.get(key);
    // Of two that are equally near the older row, so that the order of the faces does not matter.
    const nearer =
      !rival ||
      one.distance < rival.distance ||
      (one.distance === rival.distance &&
        (faces.faceIds[one.place] as number) < (faces.faceIds[rival.place] as number));
    if (nearer) best.set(key, one);
  }
  const suggested = new Set(best.values());
  return found.map((one) => ({
    faceId: faces.faceIds[one.place] as number,
    person: persons[one.set]?.person as string,
    distance: one.distance,
    suggested: suggested.has(one),
    near: one.least < threshold && one.rejected > one.least && tall(one),
  }));
}
