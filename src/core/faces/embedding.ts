import type { ExpressionBuilder } from 'kysely';
import { describeError } from '../platform/errors.ts';
import { projectsChanged } from '../projects/changes.ts';
import { assertLease, type Lease, releaseLease, takeLease } from '../store/leases.ts';
import type { Schema } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { lookCloser } from './closer.ts';
import { type DetectionDeps, detectorRests, FINAL } from './detection.ts';
import type { KnownFace } from './known-face.ts';
import { vectorToBytes } from './vectors.ts';

/** Longer than a batch can take. */
const LEASE_MS = 10 * 60_000;
const BATCH = 8;
/** Parts of all files, each with a lease of its own, so that several workers can do this at the same time. */
const PARTS = 4;
const RETRY_MS = 30 * 60_000;

/**
 * Makes the embeddings that are missing: of faces that people drew, that were found by another model, or while no
 * project wanted matching. The boxes stay, so verdicts and votes stay too. What another model made of these faces is deleted:
 * it can be compared with nothing any more.
 * @returns whether there was something to do
 */
export async function embedStep(deps: DetectionDeps, signal?: AbortSignal): Promise<boolean> {
  // Mostly there is none, and each look goes through all faces: one look then, not one for each part.
  if (detectorRests(deps) || !(await filesWithout(deps).executeTakeFirst())) return false;
  const { store, clock, workerId } = deps;
  for (let part = 0; part < PARTS; part++) {
    const files = await filesOfPart(deps, part);
    if (files.length === 0) continue;
    const lease = await takeLease(store, {
      name: `embed ${part}`,
      owner: workerId,
      now: clock.now(),
      ttl: LEASE_MS,
    });
    if (!lease) continue;
    try {
      for (const file of await filesOfPart(deps, part)) {
        if (signal?.aborted) break;
        await embedFile(deps, lease, file);
      }
    } finally {
      await releaseLease(store, lease);
    }
    return true;
  }
  return false;
}

/** Faces that no suggestion can be made for yet, because the model in use has not looked at them. */
export async function facesToEmbed(store: Store, model: string): Promise<number> {
  const { n } = await store.db
    .selectFrom('faces')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where((eb) => isMissing(eb, model))
    .executeTakeFirstOrThrow();
  return n;
}

type FileRow = Awaited<ReturnType<typeof filesOfPart>>[number];

function filesOfPart(deps: DetectionDeps, part: number) {
  return filesWithout(deps)
    .where((eb) => eb(eb('id', '%', PARTS), '=', part))
    .orderBy('id')
    .limit(BATCH)
    .execute();
}

function filesWithout({ store, clock, detector }: DetectionDeps) {
  return store.db
    .selectFrom('files')
    .select(['id', 'page_id', 'title', 'sha1', 'mime', 'width', 'height', 'thumb_url'])
    .where((eb) => eb.or([eb('embed_retry_at', 'is', null), eb('embed_retry_at', '<=', clock.now())]))
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('faces')
          .select('faces.id')
          .whereRef('faces.file_id', '=', 'files.id')
          .where((inner) => isMissing(inner as unknown as FaceAndFile, detector.model)),
      ),
    );
}

type FaceAndFile = ExpressionBuilder<Schema, 'faces' | 'files'>;

/** A face of the file's present version, wanted by a project with matching, that the model has not embedded. */
function isMissing(eb: FaceAndFile, model: string) {
  return eb.and([
    eb('files.state', '=', 'detected'),
    eb('faces.sha1', '=', eb.ref('files.sha1')),
    eb('faces.withdrawn_at', 'is', null),
    eb.or([eb('files.embed_failed_model', 'is', null), eb('files.embed_failed_model', '!=', model)]),
    eb.not(
      eb.exists(
        eb
          .selectFrom('embeddings')
          .select('embeddings.face_id')
          .whereRef('embeddings.face_id', '=', 'faces.id')
          .where('embeddings.model', '=', model),
      ),
    ),
    // Nor of somebody whom nobody may look for.
    eb.not(
      eb.exists(
        eb
          .selectFrom('verdicts')
          .innerJoin('block_list', 'block_list.subject', 'verdicts.person')
          .select('verdicts.face_id')
          .whereRef('verdicts.face_id', '=', 'faces.id')
          .where('verdicts.verdict', '=', 'match')
          .where('block_list.kind', '=', 'person'),
      ),
    ),
    eb.exists(
      eb
        .selectFrom('project_files')
        .innerJoin('projects', 'projects.id', 'project_files.project_id')
        .select('projects.id')
        .whereRef('project_files.file_id', '=', 'files.id')
        .where('projects.matching', '=', 1)
        .where('projects.state', 'in', ['active', 'paused']),
    ),
  ]);
}

async function embedFile(deps: DetectionDeps, lease: Lease, file: FileRow): Promise<void> {
  const { store, pictures, detector, log, clock } = deps;
  const faces = await store.db
    .selectFrom('faces')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .select(['faces.id', 'x', 'y', 'w', 'h', 'box_number'])
    .where('file_id', '=', file.id)
    .where('faces.sha1', '=', file.sha1)
    .where((eb) => isMissing(eb, detector.model))
    .orderBy('faces.id')
    .execute();
  if (faces.length === 0) return;
  try {
    const picture = await pictures.download(file.thumb_url);
    const boxes = faces.map(({ x, y, w, h }) => [x, y, w, h] as const);
    const detection = await detector.detect(picture, { embed: true, boxes });
    const known = await lookCloser(deps, file, detection);
    await keepEmbeddings(deps, lease, file, faces, known);
    log.info({ file: file.title, faces: faces.length, model: detector.model }, 'faces embedded');
  } catch (error) {
    const { code, message } = describeError(error);
    const final = FINAL.includes(code);
    log.warn({ file: file.title, code, final }, message);
    await store.db
      .updateTable('files')
      .set(final ? { embed_failed_model: detector.model } : { embed_retry_at: clock.now() + RETRY_MS })
      .where('id', '=', file.id)
      .where('sha1', '=', file.sha1)
      .execute();
  }
}

async function keepEmbeddings(
  { store, detector }: DetectionDeps,
  lease: Lease,
  file: FileRow,
  faces: readonly { readonly id: number; readonly box_number: number }[],
  known: readonly KnownFace[],
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    for (const [i, { face, seen }] of known.entries()) {
      const asked = faces[i];
      if (asked === undefined || !face.embedding) continue;
      const { id, box_number } = asked;
      // Somebody may have deleted the face, withdrawn it or drawn it anew, while the picture was looked at.
      const there = await trx
        .updateTable('faces')
        .set({ quality: face.quality, seen_width: seen.width, seen_height: seen.height })
        .where('id', '=', id)
        .where('sha1', '=', file.sha1)
        .where('box_number', '=', box_number)
        .where('withdrawn_at', 'is', null)
        .executeTakeFirst();
      if (there.numUpdatedRows === 0n) continue;
      await trx.deleteFrom('embeddings').where('face_id', '=', id).execute();
      await trx
        .insertInto('embeddings')
        .values({ face_id: id, model: detector.model, vector: vectorToBytes(face.embedding) })
        .execute();
    }
    await trx.updateTable('files').set({ embed_retry_at: null }).where('id', '=', file.id).execute();
    await projectsChanged(trx, file.id);
  });
}
