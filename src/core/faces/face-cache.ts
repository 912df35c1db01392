import { sql } from 'kysely';
import type { Store } from '../store/store.ts';
import type { FaceColumns } from './matcher.ts';
import { bytesToVector } from './vectors.ts';

/**
 * Keeps the embeddings of the projects that are matched just now in this process's memory. It only saves reading: the
 * database says which faces there are, and every process that looks comes to the same.
 */
export interface FaceCache {
  /**
   * The faces of a project that have an embedding of the model.
   * @param version moves whenever a face may have come, gone or changed
   */
  facesOf(store: Store, projectId: number, model: string, version: number): Promise<FaceColumns>;
  /** Whether these are at hand, and nothing has to be read. */
  has(projectId: number, model: string, version: number): boolean;
  /** Embeddings are biometric data: what was not needed for a while is forgotten. */
  forgetUnused(now: number): void;
}

interface Kept {
  readonly model: string;
  readonly version: number;
  readonly faces: FaceColumns;
  /** Empty; the vectors of the next time go there. */
  readonly spare: SharedArrayBuffer | null;
  usedAt: number;
}

/** 512 bytes a face, with room for more of them, twice: 100 MB. */
const MOST_FACES = 80_000;
/** A buffer that is made is so many times as large as it has to be. */
const ROOM = 1.25;
const UNUSED_MS = 10 * 60_000;
/** Vectors in one query. */
const AT_ONCE = 2000;
/** As many bytes of a vector as tell whether it is another one: four of its numbers. */
const MARK_BYTES = 16;

export function createFaceCache(clock: { now(): number }): FaceCache {
  const projects = new Map<number, Kept>();
  return {
    async facesOf(store, projectId, model, version) {
      const known = projects.get(projectId);
      const same = known?.model === model ? known : undefined;
      const kept =
        same?.version === version ? same : { model, version, ...(await read(store, projectId, model, same)) };
      projects.delete(projectId);
      projects.set(projectId, { ...kept, usedAt: clock.now() });
      dropOldest(projects, projectId);
      return kept.faces;
    },
    has(projectId, model, version) {
      const known = projects.get(projectId);
      return known?.model === model && known.version === version;
    },
    forgetUnused(now) {
      for (const [id, { usedAt }] of projects) if (usedAt < now - UNUSED_MS) projects.delete(id);
    },
  };
}

function dropOldest(projects: Map<number, Kept>, current: number): void {
  let total = [...projects.values()].reduce((sum, { faces }) => sum + faces.faceIds.length, 0);
  for (const [id, { faces }] of projects) {
    if (total <= MOST_FACES || id === current) return;
    projects.delete(id);
    total -= faces.faceIds.length;
  }
}

/** Reads which faces there are now, and the vectors of those that are not known yet or are other ones. */
async function read(
  store: Store,
  projectId: number,
  model: string,
  before: Kept | undefined,
): Promise<Pick<Kept, 'faces' | 'spare'>> {
  const known = before?.faces ?? null;
  const rows = await store.db
    .selectFrom('project_files')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .innerJoin('embeddings', 'embeddings.face_id', 'faces.id')
    .select([
      'faces.id',
      'faces.file_id',
      'faces.h',
      'faces.seen_height',
      'faces.quality',
      sql<Uint8Array>`substr(embeddings.vector, 1, ${sql.lit(MARK_BYTES)})`.as('mark'),
    ])
    .where('project_files.project_id', '=', projectId)
    .where('embeddings.model', '=', model)
    .orderBy('faces.id')
    .execute();
  const places = new Map(known?.faceIds.map((id, place) => [id, place]));
  const isKnown = (id: number, mark: Uint8Array) => {
    const place = places.get(id);
    if (!known || place === undefined) return false;
    return bytesToVector(mark).every((value, i) => value === known.vectors[place * known.dims + i]);
  };
  const fresh = new Set(rows.filter((row) => !isKnown(row.id, row.mark)).map((row) => row.id));
  const vectors = await vectorsOf(store, [...fresh], model);
  // One that was deleted between the two looks is left out; its deletion has moved the version.
  const there = rows.filter((row) => vectors.has(row.id) || !fresh.has(row.id));
  const dims = [...vectors.values()][0]?.length ?? known?.dims ?? 0;
  const columns = {
    faceIds: there.map((row) => row.id),
    fileIds: there.map((row) => row.file_id),
    heights: Float32Array.from(there, (row) => row.h * row.seen_height),
    qualities: Float32Array.from(there, (row) => row.quality ?? Number.NaN),
    vectors: roomFor(there.length * dims, before?.spare ?? null),
    dims,
  };
  for (const [i, row] of there.entries()) {
    const vector = vectors.get(row.id);
    const place = places.get(row.id) ?? 0;
    const values = vector ?? known?.vectors.subarray(place * dims, (place + 1) * dims);
    if (values) columns.vectors.set(values, i * dims);
  }
  const old = known?.vectors.buffer;
  if (!(old instanceof SharedArrayBuffer)) return { faces: columns, spare: null };
  // Faces that are gone must not stay here.
  new Uint8Array(old).fill(0);
  return { faces: columns, spare: old };
}

/**
 * Shared, so that the thread that measures reads it where it is. While thousands of files are looked at, a buffer that is
 * a little larger than the last one would be made again and again, and what they leave free would fit none of them.
 */
function roomFor(numbers: number, spare: SharedArrayBuffer | null): Float32Array {
  const bytes = numbers * Float32Array.BYTES_PER_ELEMENT;
  const buffer = spare && spare.byteLength >= bytes ? spare : new SharedArrayBuffer(Math.ceil(ROOM * bytes));
  return new Float32Array(buffer, 0, numbers);
}

async function vectorsOf(
  store: Store,
  faceIds: readonly number[],
  model: string,
): Promise<Map<number, Float32Array>> {
  const vectors = new Map<number, Float32Array>();
  for (let start = 0; start < faceIds.length; start += AT_ONCE) {
    const rows = await store.db
      .selectFrom('embeddings')
      .select(['face_id', 'vector'])
      .where('face_id', 'in', faceIds.slice(start, start + AT_ONCE))
      .where('model', '=', model)
      .execute();
    for (const row of rows) vectors.set(row.face_id, bytesToVector(row.vector));
  }
  return vectors;
}
