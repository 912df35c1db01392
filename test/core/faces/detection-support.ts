import { detectStep } from '../../../src/core/faces/detection.ts';
import type { DetectedFace, Detection, DetectOptions } from '../../../src/core/faces/detector.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addFile, at, MODEL } from '../../support/pictures.ts';
import { fakeClock } from '../wiki/fakes.ts';

export const MINUTE = 60_000;

/** What the detector says of a picture with faces at these places. */
export function detected(...positions: number[]): Detection {
  return {
    width: 1280,
    height: 853,
    model: MODEL,
    faces: positions.map(
      (position): DetectedFace => ({
        box: [position, 0.25, 0.125, 0.5],
        score: 0.875,
        quality: 0.75,
        landmarks: [
          [0.1, 0.2],
          [0.3, 0.4],
        ],
        embedding: at(position),
      }),
    ),
  };
}

/** How the pictures and the detector behave; a test changes it as it goes on. */
interface World {
  download: (url: string) => Promise<Uint8Array> | Uint8Array;
  detect: (picture: Uint8Array) => Promise<Detection> | Detection;
  restsUntil: number;
}

/** The detection step with a detector and pictures that do what `world` says, and nothing else that waits. */
export async function detectionDesk(store: Store) {
  const clock = fakeClock();
  const nudges = notedNudges();
  const downloads: string[] = [];
  const detections: DetectOptions[] = [];
  const world: World = {
    download: (url) => Buffer.from(url),
    detect: () => detected(0.25),
    restsUntil: 0,
  };
  // What earlier tests left waiting is not of interest.
  await store.db.updateTable('files').set({ state: 'gone' }).execute();
  const unused = async () => {
    throw new Error('nothing is looked up or drawn here');
  };
  return {
    clock,
    nudges,
    /** The addresses that were asked for, and how the detector was asked. */
    downloads,
    detections,
    world,
    /** `which` is the store of the worker. */
    step: (which: Store = store, signal?: AbortSignal) =>
      detectStep(
        {
          store: which,
          clock,
          nudges,
          log: silentLog,
          workerId: which === store ? 'worker 1' : 'worker 2',
          wiki: { filesByPageId: unused },
          pictures: {
            download: async (url) => {
              downloads.push(url);
              return world.download(url);
            },
          },
          detector: {
            model: MODEL,
            restsUntil: world.restsUntil,
            detect: async (picture, options = {}) => {
              detections.push(options);
              const found = await world.detect(picture);
              if (options.embed) return found;
              return { ...found, faces: found.faces.map((face) => ({ ...face, embedding: null })) };
            },
            draw: unused,
            close: async () => {},
          },
        },
        signal,
      ),
    waiting: (projectId: number | null, given: Parameters<typeof addFile>[2] = {}) =>
      addFile(store, projectId, {
        state: 'waiting',
        thumb_url: 'https://pictures.example/x.jpg',
        ...given,
      }),
    fileRow: (id: number) =>
      store.db.selectFrom('files').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    facesOf: (fileId: number) =>
      store.db.selectFrom('faces').selectAll().where('file_id', '=', fileId).orderBy('id').execute(),
    embeddingsOf: (fileId: number) =>
      store.db
        .selectFrom('embeddings')
        .innerJoin('faces', 'faces.id', 'embeddings.face_id')
        .selectAll('embeddings')
        .where('faces.file_id', '=', fileId)
        .orderBy('face_id')
        .execute(),
    changeOf: async (projectId: number) => {
      const row = await store.db
        .selectFrom('projects')
        .select('change_number')
        .where('id', '=', projectId)
        .executeTakeFirstOrThrow();
      return row.change_number;
    },
  };
}
