import type { Store } from '../store/store.ts';
import type { Pictures } from '../wiki/pictures.ts';
import type { Detector } from './detector.ts';

export interface CropCache {
  /** A square crop of a face; null when there is no such face or its picture cannot be had now. */
  crop(faceId: number): Promise<{ bytes: Uint8Array; type: string } | null>;
}

const SIZE_PX = 240;
const MOST = 500;

/** Crops for the web site, made in the detector's process and kept in memory while they are looked at. */
export function createCrops(deps: { store: Store; pictures: Pictures; detector: Detector }): CropCache {
  const kept = new Map<string, Promise<{ bytes: Uint8Array; type: string } | null>>();
  return {
    async crop(faceId) {
      // Also of one that is kept: its project may be deleted since, the file blocked, or the box drawn anew.
      const boxNumber = await shownBox(deps.store, faceId);
      if (boxNumber === null) {
        for (const key of kept.keys()) if (key.startsWith(`${faceId} `)) kept.delete(key);
        return null;
      }
      const key = `${faceId} ${boxNumber}`;
      const known = kept.get(key);
      if (known) return known;
      const made = makeCrop(deps, faceId).catch(() => null);
      kept.set(key, made);
      void made.then((crop) => {
        if (crop === null) kept.delete(key);
      });
      const oldest = kept.keys().next().value;
      if (kept.size > MOST && oldest !== undefined) kept.delete(oldest);
      return made;
    },
  };
}

/** Which box the face has; null: it is in no file of a project that people can see, or was withdrawn. */
async function shownBox(store: Store, faceId: number): Promise<number | null> {
  const row = await store.db
    .selectFrom('faces')
    .innerJoin('project_files', 'project_files.file_id', 'faces.file_id')
    .innerJoin('projects', 'projects.id', 'project_files.project_id')
    .select('box_number')
    .where('faces.id', '=', faceId)
    .where('withdrawn_at', 'is', null)
    .where('projects.state', '!=', 'deleted')
    .limit(1)
    .executeTakeFirst();
  return row?.box_number ?? null;
}

async function makeCrop(
  { store, pictures, detector }: { store: Store; pictures: Pictures; detector: Detector },
  faceId: number,
): Promise<{ bytes: Uint8Array; type: string } | null> {
  const face = await store.db
    .selectFrom('faces')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .select(['x', 'y', 'w', 'h', 'thumb_url'])
    .where('faces.id', '=', faceId)
    .executeTakeFirst();
  if (!face) return null;
  const picture = await pictures.download(face.thumb_url);
  const drawn = await detector.draw({
    kind: 'crop',
    picture,
    box: [face.x, face.y, face.w, face.h],
    size: SIZE_PX,
  });
  return { bytes: drawn.bytes, type: drawn.type };
}
