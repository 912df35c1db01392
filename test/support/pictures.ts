import { vectorToBytes } from '../../src/core/faces/vectors.ts';
import type { FilesTable } from '../../src/core/store/schema.ts';
import type { Store } from '../../src/core/store/store.ts';
import type { WikiFile } from '../../src/core/wiki/file-page.ts';

export const MODEL = 'test-model';

let pageIds = 1_000_000;

/** A file in a project, with its faces found already unless `state` says otherwise. */
export async function addFile(
  store: Store,
  projectId: number | null,
  given: Partial<Omit<FilesTable, 'id' | 'attempts' | 'fence'>> & { depicts?: string } = {},
): Promise<number> {
  const { depicts = null, ...file } = given;
  const pageId = ++pageIds;
  const { id } = await store.db
    .insertInto('files')
    .values({
      page_id: pageId,
      title: `File:Picture ${pageId}.jpg`,
      sha1: sha1Of(pageId),
      width: 1000,
      height: 1000,
      mime: 'image/jpeg',
      thumb_url: `https://pictures.example/${pageId}.jpg`,
      page_url: `https://wiki.example/File:${pageId}`,
      author: '',
      licence: '',
      licence_url: null,
      state: 'detected',
      reason: null,
      retry_at: null,
      detected_at: null,
      lease_owner: null,
      lease_expires_at: null,
      ...file,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  if (projectId !== null) await addToProject(store, projectId, id, depicts);
  return id;
}

export async function addToProject(
  store: Store,
  projectId: number,
  fileId: number,
  depicts: string | null = null,
): Promise<void> {
  await store.db
    .insertInto('project_files')
    .values({ project_id: projectId, file_id: fileId, depicts, added_at: 0 })
    .execute();
}

/** A face in a file; `vector` makes its embedding. */
export async function addFace(
  store: Store,
  fileId: number,
  given: { x?: number; y?: number; w?: number; h?: number; vector?: Float32Array; model?: string } = {},
): Promise<number> {
  const { sha1 } = await store.db
    .selectFrom('files')
    .select('sha1')
    .where('id', '=', fileId)
    .executeTakeFirstOrThrow();
  const { id } = await store.db
    .insertInto('faces')
    .values({
      file_id: fileId,
      sha1,
      x: given.x ?? 0.1,
      y: given.y ?? 0.1,
      w: given.w ?? 0.2,
      h: given.h ?? 0.2,
      score: 0.9,
      landmarks: '[]',
      model: MODEL,
      seen_width: 1000,
      seen_height: 1000,
      source: 'detector',
      created_at: 0,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  if (given.vector) {
    await store.db
      .insertInto('embeddings')
      .values({ face_id: id, model: given.model ?? MODEL, vector: vectorToBytes(given.vector) })
      .execute();
  }
  return id;
}

/** A file of its own with a single face. */
export async function addPortrait(
  store: Store,
  projectId: number,
  given: { vector?: Float32Array; depicts?: string; h?: number } = {},
): Promise<{ fileId: number; faceId: number }> {
  const { depicts, ...face } = given;
  const fileId = await addFile(store, projectId, depicts === undefined ? {} : { depicts });
  return { fileId, faceId: await addFace(store, fileId, face) };
}

/** A point on the first axis: distances between these are the differences of their numbers. */
export function at(position: number): Float32Array {
  const vector = new Float32Array(128);
  vector[0] = position;
  return vector;
}

export function sha1Of(number: number): string {
  return number.toString(16).padStart(40, '0');
}

/** A picture as the wiki describes it. */
export function wikiFile(pageId: number, given: Partial<WikiFile> = {}): WikiFile {
  return {
    pageId,
    title: `File:Picture ${pageId}.jpg`,
    sha1: sha1Of(pageId),
    width: 800,
    height: 600,
    mime: 'image/jpeg',
    thumbUrl: `https://pictures.example/thumb/${pageId}.jpg`,
    url: `https://pictures.example/${pageId}.jpg`,
    uploadedAt: 0,
    author: 'A photographer',
    licence: 'CC BY-SA 4.0',
    licenceUrl: null,
    descriptionUrl: `https://wiki.example/wiki/File:${pageId}`,
    ...given,
  };
}
