import type { Clock } from '../platform/clock.ts';
import { describeError, type ErrorCode } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import { type Metrics, noMetrics, secondsSince } from '../platform/metrics.ts';
import type { Nudges } from '../platform/nudges.ts';
import { reasonOf } from '../platform/reasons.ts';
import type { Turns } from '../platform/turns.ts';
import { projectsChanged } from '../projects/changes.ts';
import { assertFileLease, claimFiles, type FileLease } from '../store/leases.ts';
import type { Store, Trx } from '../store/store.ts';
import type { WaitingFiles } from '../store/waiting-files.ts';
import type { Pictures } from '../wiki/pictures.ts';
import type { Wiki } from '../wiki/wiki.ts';
import { wikiErrorDetails } from '../wiki/wiki-error.ts';
import { lookCloser } from './closer.ts';
import type { Detector } from './detector.ts';
import { asSeen, type KnownFace } from './known-face.ts';
import { vectorToBytes } from './vectors.ts';

export interface DetectionDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly pictures: Pictures;
  readonly wiki: Pick<Wiki, 'filesByPageId'>;
  readonly detector: Detector;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
  readonly metrics?: Metrics;
  /** Which project was served when. */
  readonly turns?: Turns;
  /** Which files were seen waiting a moment ago. */
  readonly waiting?: WaitingFiles;
}

/** Longer than a download and a detection with all their repetitions can take. */
const LEASE_MS = 5 * 60_000;
/** Requests at once that the wiki asks tools to keep to. */
const AT_ONCE = 3;
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 6 * 60 * 60_000;

/** These are about the bytes: trying again would give the same. Everything else passes. */
export const FINAL: readonly ErrorCode[] = [
  'not_a_picture',
  'broken_picture',
  'picture_too_large',
  'file_unreadable',
  'too_large',
];

/**
 * Claims waiting files, downloads them, finds their faces and keeps them, a few side by side, until there are no more.
 * What fails for a reason of the picture is set aside with that reason; an outage is never taken for "no faces": the
 * file waits and is tried again, each time after a longer pause.
 * @returns whether there was something to do
 */
export async function detectStep(deps: DetectionDeps, signal?: AbortSignal): Promise<boolean> {
  const held = new Set<FileLease>();
  const begun = new Set<number>();
  const lane = async () => {
    while (!signal?.aborted && !detectorRests(deps)) {
      const [lease] = await claimFiles(deps.store, {
        owner: deps.workerId,
        now: deps.clock.now(),
        ttl: LEASE_MS,
        limit: 1,
        ...(deps.turns ? { turns: deps.turns } : {}),
        ...(deps.waiting ? { waiting: deps.waiting } : {}),
      });
      if (!lease) return;
      held.add(lease);
      // It was looked at a moment ago, and has a new version: in the next round.
      const again = begun.has(lease.fileId);
      begun.add(lease.fileId);
      // What was begun is let go too: nobody shall wait for a slow download, and what it brings is refused.
      if (again || signal?.aborted || !(await endsBefore(signal, detectFile(deps, lease))))
        await giveBack(deps, lease);
      held.delete(lease);
      if (again) return;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) {
    await giveAllBack(deps, held, signal);
    throw failed.reason;
  }
  return begun.size > 0;
}

/** The database was away: until it knows that nobody is at these files, they would wait for their leases to run out. */
async function giveAllBack(
  deps: DetectionDeps,
  leases: ReadonlySet<FileLease>,
  signal?: AbortSignal,
): Promise<void> {
  const until = deps.clock.now() + LEASE_MS;
  while (deps.clock.now() < until && !signal?.aborted) {
    try {
      for (const lease of leases) await giveBack(deps, lease);
      return;
    } catch {
      await deps.clock.sleep(1_000, signal);
    }
  }
}

/** Whether the work came to its end; false: the signal came first, and the work goes on for nobody. */
async function endsBefore(signal: AbortSignal | undefined, work: Promise<void>): Promise<boolean> {
  if (!signal) return work.then(() => true);
  const cut = Promise.withResolvers<false>();
  const letGo = () => cut.resolve(false);
  signal.addEventListener('abort', letGo, { once: true });
  try {
    return await Promise.race([work.then(() => true as const), cut.promise]);
  } finally {
    signal.removeEventListener('abort', letGo);
    work.catch(() => {});
  }
}

/** A fault of the detector's own would cost every waiting file an attempt, one after the other. */
export function detectorRests({ detector, clock }: Pick<DetectionDeps, 'detector' | 'clock'>): boolean {
  return clock.now() < (detector.restsUntil ?? 0);
}

async function detectFile(deps: DetectionDeps, lease: FileLease): Promise<void> {
  const { store, pictures, detector, log, nudges, metrics = noMetrics } = deps;
  const began = performance.now();
  const file = await store.db
    .selectFrom('files')
    .select(['id', 'page_id', 'title', 'sha1', 'mime', 'width', 'height', 'thumb_url', 'attempts'])
    .where('id', '=', lease.fileId)
    .executeTakeFirstOrThrow();
  try {
    const picture = await pictures.download(file.thumb_url);
    const { embed, smallFaces } = await whatProjectsWant(store, file.id);
    const detection = await detector.detect(picture, { embed, ...(smallFaces ? { smallFaces } : {}) });
    const faces = embed ? await lookCloser(deps, file, detection) : asSeen(detection);
    await keepFaces(deps, lease, file.sha1, detection.model, faces);
    log.info({ file: file.title, faces: faces.length }, 'faces found');
    nudges.nudge('posts');
    metrics.step('detect', secondsSince(began), null);
  } catch (error) {
    metrics.step('detect', secondsSince(began), describeError(error).code);
    await keepFailure(deps, lease, file, error);
  }
}

async function keepFaces(
  deps: DetectionDeps,
  lease: FileLease,
  sha1: string,
  model: string,
  faces: readonly KnownFace[],
): Promise<void> {
  const { store, clock } = deps;
  const now = clock.now();
  await store.transaction(async (trx) => {
    const file = await assertFileLease(store, trx, lease);
    // A new version was uploaded while we looked at the old one: leave it waiting, look again.
    if (file.sha1 !== sha1) return release(trx, lease);
    await dropOldFaces(trx, file.id);
    for (const { face, seen } of faces) {
      const [x, y, w, h] = face.box;
      const { id } = await trx
        .insertInto('faces')
        .values({
          file_id: file.id,
          sha1,
          x,
          y,
          w,
          h,
          score: face.score,
          quality: face.quality,
          landmarks: JSON.stringify(face.landmarks),
          model,
          seen_width: seen.width,
          seen_height: seen.height,
          source: 'detector',
          created_at: now,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      if (face.embedding) {
        await trx
          .insertInto('embeddings')
          .values({ face_id: id, model, vector: vectorToBytes(face.embedding) })
          .execute();
      }
    }
    await trx
      .updateTable('files')
      .set({
        state: 'detected',
        detected_at: now,
        reason: null,
        failure: null,
        lease_owner: null,
        lease_expires_at: null,
      })
      .where('id', '=', file.id)
      .execute();
    await projectsChanged(trx, file.id);
  });
}

/** Faces of an earlier version of the file go, with what was thought of them, unless people have voted. */
async function dropOldFaces(trx: Trx, fileId: number): Promise<void> {
  const old = await trx
    .selectFrom('faces')
    .select('id')
    .where('file_id', '=', fileId)
    .where((eb) =>
      eb.not(eb.exists(eb.selectFrom('votes').select('votes.id').whereRef('votes.face_id', '=', 'faces.id'))),
    )
    .where((eb) =>
      eb.not(
        eb.exists(eb.selectFrom('question_faces').select('face_id').whereRef('face_id', '=', 'faces.id')),
      ),
    )
    .execute();
  const ids = old.map((row) => row.id);
  if (ids.length === 0) return;
  for (const table of ['embeddings', 'face_boxes', 'suggestions', 'verdicts'] as const) {
    await trx.deleteFrom(table).where('face_id', 'in', ids).execute();
  }
  await trx.deleteFrom('faces').where('id', 'in', ids).execute();
}

async function keepFailure(
  deps: DetectionDeps,
  lease: FileLease,
  file: { id: number; title: string; sha1: string; attempts: number },
  error: unknown,
): Promise<void> {
  const { store, clock, log, nudges } = deps;
  const { code, message } = describeError(error);
  if (code === 'lease_lost') return log.warn({ file: file.title }, message);
  const final = FINAL.includes(code);
  const asked = wikiErrorDetails(error)?.retryAfterMs ?? 0;
  const pause = Math.max(
    asked,
    Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.max(0, file.attempts - 1)),
  );
  log.warn({ file: file.title, code, final }, message);
  const kept = await store.db
    .updateTable('files')
    .set({
      ...(final ? { state: 'set_aside' as const } : { retry_at: clock.now() + pause }),
      reason: reasonOf(error),
      failure: code,
      lease_owner: null,
      lease_expires_at: null,
    })
    .where('id', '=', file.id)
    // What was wrong with one version says nothing about the next.
    .where('sha1', '=', file.sha1)
    .where('lease_owner', '=', lease.owner)
    .where('fence', '=', lease.fence)
    .executeTakeFirst();
  if (kept.numUpdatedRows === 0n) await giveBack(deps, lease);
  nudges.nudge('posts');
}

async function giveBack({ store }: DetectionDeps, lease: FileLease): Promise<void> {
  await store.transaction((trx) => release(trx, lease));
}

async function release(trx: Trx, lease: FileLease): Promise<void> {
  await trx
    .updateTable('files')
    .set((eb) => ({
      lease_owner: null,
      lease_expires_at: null,
      // A new version has begun to count from 0 meanwhile.
      attempts: eb
        .case()
        .when('attempts', '>', 0)
        .then(eb('attempts', '-', 1))
        .else(0)
        .end(),
    }))
    .where('id', '=', lease.fileId)
    .where('lease_owner', '=', lease.owner)
    .where('fence', '=', lease.fence)
    .execute();
}

/** Embeddings are biometric data: none are made unless a project with matching on uses the file (SECURITY.md, S19). */
async function whatProjectsWant(
  store: Store,
  fileId: number,
): Promise<{ embed: boolean; smallFaces: boolean }> {
  const rows = await store.db
    .selectFrom('project_files')
    .innerJoin('projects', 'projects.id', 'project_files.project_id')
    .select(['projects.matching', 'projects.small_faces'])
    .where('project_files.file_id', '=', fileId)
    .where('projects.state', 'in', ['active', 'paused'])
    .execute();
  return {
    embed: rows.some((row) => row.matching === 1),
    smallFaces: rows.some((row) => row.small_faces === 1),
  };
}
