import type { FacesTable } from '../store/schema.ts';
import type { Db, Store } from '../store/store.ts';
import type { Box } from './detector.ts';

/** A file as pages show it. */
export interface PictureFile {
  readonly id: number;
  readonly title: string;
  readonly pageUrl: string;
  readonly author: string;
  readonly licence: string;
  readonly licenceUrl: string | null;
  /** At most 1280 px wide. */
  readonly pictureUrl: string;
  /** Pixels of the original; the picture has the same shape. */
  readonly width: number;
  readonly height: number;
  /** Which version it is. */
  readonly sha1: string;
}

export interface PictureFace {
  readonly faceId: number;
  readonly box: Box;
  readonly boxNumber: number;
  readonly source: FacesTable['source'];
  /** Version of the file that it was seen in. */
  readonly sha1: string;
}

/** A file of a project whose faces have been looked for; null: there is no such file, or it cannot be shown. */
export async function pictureFile(
  store: Store,
  projectId: number,
  fileId: number,
): Promise<PictureFile | null> {
  const row = await store.db
    .selectFrom('files')
    .innerJoin('project_files', 'project_files.file_id', 'files.id')
    .select(['files.id', 'title', 'page_url', 'author', 'licence', 'licence_url', 'thumb_url'])
    .select(['width', 'height', 'sha1'])
    .where('files.id', '=', fileId)
    .where('project_files.project_id', '=', projectId)
    .where('files.state', '=', 'detected')
    .executeTakeFirst();
  if (!row) return null;
  const { page_url: pageUrl, licence_url: licenceUrl, thumb_url: pictureUrl, ...file } = row;
  return { ...file, pageUrl, licenceUrl, pictureUrl };
}

/** The faces of a file from left to right, without those that were withdrawn. */
export async function pictureFaces(db: Db, fileId: number): Promise<PictureFace[]> {
  const rows = await db
    .selectFrom('faces')
    .select(['id', 'x', 'y', 'w', 'h', 'box_number', 'source', 'sha1'])
    .where('file_id', '=', fileId)
    .where('withdrawn_at', 'is', null)
    .orderBy('x')
    .orderBy('id')
    .execute();
  return rows.map(({ id, x, y, w, h, box_number, ...row }) => ({
    ...row,
    faceId: id,
    box: [x, y, w, h],
    boxNumber: box_number,
  }));
}

/** The id of the file that a face is in; null: there is no such face, or it was withdrawn. */
export async function fileOfFace(store: Store, faceId: number): Promise<number | null> {
  const row = await store.db
    .selectFrom('faces')
    .select('file_id')
    .where('id', '=', faceId)
    .where('withdrawn_at', 'is', null)
    .executeTakeFirst();
  return row?.file_id ?? null;
}
