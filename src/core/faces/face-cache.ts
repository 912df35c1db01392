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
  /** Embeddings are biometric data: what was not needed for a while is forgotten. */
  forgetUnused(now: number): void;
}

interface Kept {
  readonly model: string;
  readonly version: number;
  readonly faces: FaceColumns;
  usedAt: number;
}

/** 512 bytes a face: 100 MB. */
const MOST_FACES = 200_000;
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
      const faces =
        same?.version === version ? same.faces : await read(store, projectId, model, same?.faces ?? null);
      projects.delete(projectId);
      projects.set(projectId, { model, version, faces, usedAt: clock.now() });
      dropOldest(projects, projectId);
      return faces;
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
  known: FaceColumns | null,
): Promise<FaceColumns> {
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
    // Shared, so that the thread that measures reads it where it is.
    vectors: new Float32Array(new SharedArrayBuffer(there.length * dims * 4)),
    dims,
  };
  for (const [i, row] of there.entries()) {
    const vector = vectors.get(row.id);
    const place = places.get(row.id) ?? 0;
    const values = vector ?? known?.vectors.subarray(place * dims, (place + 1) * dims);
    if (values) columns.vectors.set(values, i * dims);
  }
  return columns;
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
