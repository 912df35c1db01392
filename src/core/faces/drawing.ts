import { audit } from '../platform/audit.ts';
import type { VisavisError } from '../platform/errors.ts';
import { refusal } from '../platform/refusals.ts';
import { projectsChanged } from '../projects/changes.ts';
import { enterProject } from '../projects/members.ts';
import { markPictures, openQuestionsAbout } from '../review/questions.ts';
import type { VoteDeps } from '../review/votes.ts';
import type { FaceBoxesTable } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import { checkedBox, overlap, SAME_FACE } from './boxes.ts';
import type { Box } from './detector.ts';
import { type PictureFace, pictureFaces } from './picture.ts';

/** Stands where detected faces name their detector. */
const DRAWN_MODEL = 'drawn';
/** The longer side of what people see when they draw. */
const SHOWN_PX = 1280;
/** Fractions: less than this is the same box, sent again. */
const SAME_PLACE = 1e-6;

export interface Drawing {
  readonly projectId: number;
  readonly accountId: number;
  /** The version of the file that the person saw. */
  readonly sha1: string;
  /** Fractions of the upright picture. */
  readonly box: Box;
}

/**
 * A member draws a face that the detector missed. A box that nearly is one that is there already is that face.
 * Its embedding is made by `embedStep`, where a project with matching wants one.
 * @throws VisavisError `forbidden`, `not_found`, `bad_input`, `conflict`
 */
export async function drawFace(
  deps: VoteDeps,
  args: Drawing & { readonly fileId: number },
): Promise<{ faceId: number; isNew: boolean }> {
  const { store, clock } = deps;
  const drawn = await store.transaction(async (trx) => {
    const { file, box, faces } = await begin(store, trx, args);
    const same = mostLike(faces, box);
    if (same) return { faceId: same.faceId, isNew: false };
    const now = clock.now();
    const scale = Math.min(1, SHOWN_PX / Math.max(file.width, file.height));
    const [x, y, w, h] = box;
    const { id: faceId } = await trx
      .insertInto('faces')
      .values({
        file_id: file.id,
        sha1: file.sha1,
        x,
        y,
        w,
        h,
        score: 1,
        quality: null,
        landmarks: '[]',
        model: DRAWN_MODEL,
        seen_width: Math.round(file.width * scale),
        seen_height: Math.round(file.height * scale),
        source: 'drawn',
        created_at: now,
        drawn_by: args.accountId,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await leaveToPeople(trx, faces);
    await note(store, trx, { ...args, faceId, act: 'drawn', box, now });
    await projectsChanged(trx, file.id);
    return { faceId, isNew: true };
  });
  if (drawn.isNew) tell(deps, args.projectId);
  return drawn;
}

/**
 * A member draws the box of a face anew: where it is stays a fact that people may correct, who it is does not change.
 * What was made of the pixels in the old box (embedding, suggestions) goes; the votes stay.
 * @returns false when the face has this box already
 * @throws VisavisError `forbidden`, `not_found`, `bad_input`, `conflict`
 */
export async function redrawFace(
  deps: VoteDeps,
  args: Drawing & { readonly faceId: number },
): Promise<boolean> {
  const { store, clock } = deps;
  const { projectId, faceId } = args;
  const isNew = await store.transaction(async (trx) => {
    const fileId = await fileOf(trx, faceId);
    const { file, box, faces } = await begin(store, trx, { ...args, fileId });
    const face = faces.find((one) => one.faceId === faceId);
    if (!face) throw unknownFace();
    if (face.box.every((value, i) => Math.abs(value - (box[i] as number)) < SAME_PLACE)) return false;
    assertSameFace(face, box, faces);
    if (face.sha1 !== file.sha1) throw refusal('face-older-version');
    const now = clock.now();
    const [x, y, w, h] = box;
    await note(store, trx, { ...args, act: 'redrawn', box: face.box, now });
    await trx
      .updateTable('faces')
      .set((eb) => ({ x, y, w, h, quality: null, landmarks: '[]', box_number: eb('box_number', '+', 1) }))
      .where('id', '=', faceId)
      .execute();
    await forgetPixels(trx, faceId);
    await markPictures(trx, await openQuestionsAbout(trx, faceId));
    await projectsChanged(trx, fileId);
    return true;
  });
  if (isNew) tell(deps, projectId);
  return isNew;
}

/** Deletes what was computed from the pixels of a face. */
export async function forgetPixels(trx: Trx, faceId: number): Promise<void> {
  for (const table of ['embeddings', 'suggestions'] as const)
    await trx.deleteFrom(table).where('face_id', '=', faceId).execute();
}

/** Adds a line to the history of a face's box, and to the audit log. */
export async function note(
  store: Store,
  trx: Trx,
  args: {
    readonly projectId: number;
    readonly accountId: number;
    readonly faceId: number;
    readonly act: FaceBoxesTable['act'];
    readonly box: Box;
    readonly now: number;
  },
): Promise<void> {
  const { projectId, accountId, faceId, act, now } = args;
  const [x, y, w, h] = args.box;
  await trx
    .insertInto('face_boxes')
    .values({ face_id: faceId, project_id: projectId, account_id: accountId, act, x, y, w, h, done_at: now })
    .execute();
  await audit(store, trx, {
    at: now,
    accountId,
    action: act === 'redrawn' ? 'box redrawn' : `face ${act}`,
    subject: `face ${faceId}`,
    detail: { project: projectId },
  });
}

export function unknownFace(): VisavisError {
  return refusal('face-unknown');
}

/** The desk, the worker and open pages look again. */
export function tell({ nudges }: VoteDeps, projectId: number): void {
  nudges.nudge('posts');
  nudges.nudge('work');
  nudges.nudge(`project:${projectId}`);
}

/** Checks who asks and what for, and holds the file: of two who draw the same box at once one is first. */
async function begin(store: Store, trx: Trx, args: Drawing & { readonly fileId: number }) {
  await enterProject(store, trx, args.projectId, args.accountId);
  const file = await forUpdate(
    store,
    trx
      .selectFrom('files')
      .innerJoin('project_files', 'project_files.file_id', 'files.id')
      .select(['files.id', 'sha1', 'width', 'height', 'state'])
      .where('files.id', '=', args.fileId)
      .where('project_files.project_id', '=', args.projectId),
  ).executeTakeFirst();
  if (file?.state !== 'detected') throw refusal('picture-not-in-project');
  if (file.sha1 !== args.sha1) {
    throw refusal('picture-new-version');
  }
  return { file, box: checkedBox(args.box, file), faces: await pictureFaces(trx, file.id) };
}

async function fileOf(trx: Trx, faceId: number): Promise<number> {
  const face = await trx.selectFrom('faces').select('file_id').where('id', '=', faceId).executeTakeFirst();
  if (!face) throw unknownFace();
  return face.file_id;
}

/** The face whose box is nearly the same; null: none is. */
function mostLike(faces: readonly PictureFace[], box: Box): PictureFace | null {
  const likeness = (face: PictureFace) => overlap(face.box, box);
  const [first] = faces.toSorted((a, b) => likeness(b) - likeness(a));
  return first && likeness(first) >= SAME_FACE ? first : null;
}

/** Votes are about the face: its box may become better, not another one's. */
function assertSameFace(face: PictureFace, box: Box, faces: readonly PictureFace[]): void {
  if (overlap(face.box, box) === 0) {
    throw refusal('box-elsewhere');
  }
  if (
    mostLike(
      faces.filter((one) => one !== face),
      box,
    )
  )
    throw refusal('box-taken');
}

/** The wiki vouched for the only face of the file: it is not the only one any more. */
async function leaveToPeople(trx: Trx, faces: readonly PictureFace[]): Promise<void> {
  if (faces.length === 0) return;
  await trx
    .deleteFrom('verdicts')
    .where(
      'face_id',
      'in',
      faces.map((face) => face.faceId),
    )
    .where('source', '=', 'bootstrap')
    .execute();
}
