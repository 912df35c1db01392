import { overlap } from '../faces/boxes.ts';
import type { Box } from '../faces/detector.ts';
import { vectorToBytes } from '../faces/vectors.ts';
import type { Trx } from '../store/store.ts';
import { boxOf, isDrawn, OLD_MODEL, readEncoding } from './boxes.ts';
import type { TakenImage } from './files.ts';
import type { Known } from './known.ts';
import type { ProjectPlan } from './plan.ts';
import type { Tally } from './report.ts';
import type { FaceRow } from './rows.ts';

/** Two boxes of the same detector are the same face; boxes of two detectors differ more. */
const SAME = 0.8;
const ALIKE = 0.4;

/** A version that nobody has any more: faces that were found in it are kept for their votes alone. */
const EARLIER_VERSION = '';

interface FaceHere {
  readonly id: number;
  readonly model: string;
  readonly box: Box;
}

/**
 * Faces of one image, with their boxes. Where the file has faces already (another project's, or our detector's)
 * the old one becomes the one that it is.
 */
export async function takeFaces(
  trx: Trx,
  known: Known,
  plan: ProjectPlan,
  taken: TakenImage,
  tally: Tally,
  now: number,
): Promise<void> {
  const { image, file, fileId } = taken;
  const faces = plan.faces.get(image.id) ?? [];
  const first = faces.reduce((time, face) => Math.min(time, face.created_at), image.updated_at);
  const outdated = faces.length > 0 && file.uploadedAt > first;
  const state = await trx
    .selectFrom('files')
    .select(['state', 'detected_at'])
    .where('id', '=', fileId)
    .executeTakeFirstOrThrow();
  const here = await facesHere(trx, fileId, outdated ? EARLIER_VERSION : file.sha1);
  const looked = state.detected_at !== null && here.some((face) => face.model !== OLD_MODEL);
  let whole = !outdated && image.status !== 'pending' && image.status !== 'error';
  for (const face of faces) {
    if ((await known.get('face', face.id)) !== null) {
      tally.hadBefore('faces');
      continue;
    }
    const box = boxOf(face, image);
    if (!box) {
      whole = false;
      tally.leftOut('faces', 'the size of the picture that they were found in is not known');
      continue;
    }
    const same = here.find((one) => overlap(one.box, box) > (one.model === OLD_MODEL ? SAME : ALIKE));
    if (same) {
      await known.keep('face', face.id, same.id);
      tally.took('faces that were here already');
      continue;
    }
    if (face.classified_by_user_id == null && (outdated || looked)) {
      tally.leftOut(
        'faces',
        outdated ? 'the file has a new version since' : 'our own detector has looked at the file already',
      );
      continue;
    }
    const drawn = isDrawn(face, image, { redrawn: plan.redrawn.has(face.id), first });
    const id = await insertFace(trx, taken, face, {
      box,
      drawn,
      sha1: outdated ? EARLIER_VERSION : file.sha1,
    });
    here.push({ id, model: OLD_MODEL, box });
    await known.keep('face', face.id, id);
    tally.took('faces');
    if (!outdated) await takeEncoding(trx, plan, face, { id, drawn }, tally);
  }
  // Nothing is looked for twice; a picture that failed, or lost a face on the way here, is looked at anew.
  if (whole && state.state === 'waiting' && state.detected_at === null) {
    await trx
      .updateTable('files')
      .set({ state: 'detected', detected_at: now })
      .where('id', '=', fileId)
      .execute();
  }
}

async function facesHere(trx: Trx, fileId: number, sha1: string): Promise<FaceHere[]> {
  const rows = await trx
    .selectFrom('faces')
    .select(['id', 'model', 'x', 'y', 'w', 'h'])
    .where('file_id', '=', fileId)
    .where('sha1', '=', sha1)
    .where('withdrawn_at', 'is', null)
    .execute();
  return rows.map(({ id, model, x, y, w, h }) => ({ id, model, box: [x, y, w, h] }));
}

async function insertFace(
  trx: Trx,
  { image, fileId }: TakenImage,
  face: FaceRow,
  { box, drawn, sha1 }: { box: Box; drawn: boolean; sha1: string },
): Promise<number> {
  const [x, y, w, h] = box;
  const { id } = await trx
    .insertInto('faces')
    .values({
      file_id: fileId,
      sha1,
      x,
      y,
      w,
      h,
      score: 1,
      landmarks: '[]',
      model: OLD_MODEL,
      seen_width: image.detection_width ?? 0,
      seen_height: image.detection_height ?? 0,
      source: drawn ? 'drawn' : 'detector',
      created_at: face.created_at,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Embeddings are biometric data: only where they will be used, and never those of the wrong pixels. */
async function takeEncoding(
  trx: Trx,
  plan: ProjectPlan,
  face: FaceRow,
  { id, drawn }: { id: number; drawn: boolean },
  tally: Tally,
): Promise<void> {
  const vector = readEncoding(face.encoding);
  if (drawn) tally.leftOut('encodings', 'of drawn boxes, which were made from the wrong pixels');
  else if (plan.project.status === 'completed') tally.leftOut('encodings', 'of completed projects');
  else if (!vector) tally.leftOut('encodings', 'not 128 numbers');
  else {
    await trx
      .insertInto('embeddings')
      .values({ face_id: id, model: OLD_MODEL, vector: vectorToBytes(vector) })
      .execute();
    tally.took('encodings');
  }
}
