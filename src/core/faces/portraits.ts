import { createHash } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { describeError } from '../platform/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import { projectChanged } from '../projects/changes.ts';
import { assertLease, type Lease, releaseLease, takeLease } from '../store/leases.ts';
import type { PortraitState } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import type { Pictures } from '../wiki/pictures.ts';
import { FINAL } from './detection.ts';
import type { Detection, Detector } from './detector.ts';
import { SMALLEST_FACE_PX } from './matcher.ts';
import { bytesToVector, vectorToBytes } from './vectors.ts';

export interface PortraitDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly pictures: Pictures;
  readonly detector: Detector;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
}

const LEASE_MS = 10 * 60_000;
const BATCH = 8;
const FIRST_RETRY_MS = 10 * 60_000;
/** Then the picture is left alone until it is another one. */
const ATTEMPTS = 5;

/**
 * Looks at the portraits (P18) of the persons that projects with matching look for: who is in one orders the first
 * questions. No face, several faces and failures are remembered, so that nothing is tried for ever;
 * another address is another picture. What no such project has any more is deleted.
 * @returns whether there was something to do
 */
export async function portraitStep(deps: PortraitDeps, signal?: AbortSignal): Promise<boolean> {
  const { store, clock, workerId } = deps;
  if ((await portraitsToSee(deps)).length === 0 && (await portraitsToForget(deps)).length === 0) return false;
  const lease = await takeLease(store, {
    name: 'portraits',
    owner: workerId,
    now: clock.now(),
    ttl: LEASE_MS,
  });
  if (!lease) return false;
  try {
    await forgetPortraits(deps);
    for (const portrait of await portraitsToSee(deps)) {
      if (signal?.aborted) break;
      await seePortrait(deps, lease, portrait);
    }
  } finally {
    await releaseLease(store, lease);
  }
  return true;
}

/** Embeddings of the portraits of a project's persons, as far as there are any. */
export async function portraitVectors(
  store: Store,
  projectId: number,
  model: string,
): Promise<Map<string, Float32Array>> {
  const persons = await store.db
    .selectFrom('project_persons')
    .select(['person', 'portrait_url'])
    .where('project_id', '=', projectId)
    .where('portrait_url', 'is not', null)
    .execute();
  const hashes = new Map(persons.map((row) => [row.person, hashOf(row.portrait_url)]));
  if (hashes.size === 0) return new Map();
  const rows = await store.db
    .selectFrom('portraits')
    .select(['person', 'url_hash', 'vector'])
    .where('person', 'in', [...hashes.keys()])
    .where('model', '=', model)
    .where('vector', 'is not', null)
    .execute();
  return new Map(
    rows.flatMap((row) =>
      row.vector !== null && hashes.get(row.person) === row.url_hash
        ? [[row.person, bytesToVector(row.vector)] as const]
        : [],
    ),
  );
}

function hashOf(url: string | null): string {
  return createHash('sha256')
    .update(url ?? '')
    .digest('hex');
}

interface Wanted {
  readonly person: string;
  readonly url: string;
  readonly hash: string;
  readonly attempts: number;
}

async function portraitsToSee({ store, clock, detector }: PortraitDeps): Promise<Wanted[]> {
  const wanted = await wantedPortraits(store);
  const known = await store.db
    .selectFrom('portraits')
    .select(['person', 'url_hash', 'attempts', 'state', 'retry_at'])
    .where('model', '=', detector.model)
    .execute();
  const rows = new Map(known.map((row) => [`${row.person} ${row.url_hash}`, row]));
  return wanted
    .map((one) => ({ ...one, row: rows.get(`${one.person} ${one.hash}`) }))
    .filter(({ row }) => !row || (row.retry_at !== null && row.retry_at <= clock.now()))
    .map(({ row, ...one }) => ({ ...one, attempts: row?.attempts ?? 0 }))
    .slice(0, BATCH);
}

async function wantedPortraits(store: Store): Promise<Omit<Wanted, 'attempts'>[]> {
  const rows = await store.db
    .selectFrom('project_persons')
    .innerJoin('projects', 'projects.id', 'project_persons.project_id')
    .select(['person', 'portrait_url'])
    .where('projects.matching', '=', 1)
    .where('projects.state', 'in', ['active', 'paused'])
    .where('portrait_url', 'is not', null)
    .orderBy('person')
    .execute();
  const all = rows.map((row) => ({
    person: row.person,
    url: row.portrait_url ?? '',
    hash: hashOf(row.portrait_url),
  }));
  return [...new Map(all.map((one) => [`${one.person} ${one.hash}`, one])).values()];
}

async function portraitsToForget({ store, detector }: PortraitDeps) {
  const wanted = new Set((await wantedPortraits(store)).map((one) => `${one.person} ${one.hash}`));
  const rows = await store.db.selectFrom('portraits').select(['person', 'url_hash', 'model']).execute();
  return rows.filter((row) => row.model !== detector.model || !wanted.has(`${row.person} ${row.url_hash}`));
}

async function forgetPortraits(deps: PortraitDeps): Promise<void> {
  for (const row of await portraitsToForget(deps)) {
    await deps.store.db
      .deleteFrom('portraits')
      .where('person', '=', row.person)
      .where('url_hash', '=', row.url_hash)
      .where('model', '=', row.model)
      .execute();
  }
}

async function seePortrait(deps: PortraitDeps, lease: Lease, portrait: Wanted): Promise<void> {
  const { pictures, detector, log } = deps;
  try {
    const picture = await pictures.download(portrait.url);
    const { state, vector } = whoIsThere(await detector.detect(picture, { embed: true }));
    await keepPortrait(deps, lease, portrait, { state, vector, retryIn: null });
    log.info({ person: portrait.person, state }, 'portrait looked at');
  } catch (error) {
    const { code, message } = describeError(error);
    if (code === 'lease_lost') return;
    const final = FINAL.includes(code) || portrait.attempts + 1 >= ATTEMPTS;
    log.warn({ person: portrait.person, code, final }, message);
    const retryIn = final ? null : FIRST_RETRY_MS * 2 ** portrait.attempts;
    await keepPortrait(deps, lease, portrait, { state: 'failed', vector: null, retryIn });
  }
}

function whoIsThere({ height, faces }: Detection): { state: PortraitState; vector: Float32Array | null } {
  const [face, other] = faces;
  if (!face) return { state: 'no_face', vector: null };
  if (other) return { state: 'several_faces', vector: null };
  if (face.box[3] * height < SMALLEST_FACE_PX || !face.embedding) return { state: 'small', vector: null };
  return { state: 'usable', vector: face.embedding };
}

async function keepPortrait(
  { store, clock, detector, nudges }: PortraitDeps,
  lease: Lease,
  { person, hash, attempts }: Wanted,
  seen: { state: PortraitState; vector: Float32Array | null; retryIn: number | null },
): Promise<void> {
  const now = clock.now();
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await trx
      .deleteFrom('portraits')
      .where('person', '=', person)
      .where('url_hash', '=', hash)
      .where('model', '=', detector.model)
      .execute();
    await trx
      .insertInto('portraits')
      .values({
        person,
        url_hash: hash,
        model: detector.model,
        state: seen.state,
        vector: seen.vector && vectorToBytes(seen.vector),
        attempts: attempts + 1,
        retry_at: seen.retryIn === null ? null : now + seen.retryIn,
        looked_at: now,
      })
      .execute();
    if (!seen.vector) return;
    const projects = await trx
      .selectFrom('project_persons')
      .select('project_id')
      .where('person', '=', person)
      .orderBy('project_id')
      .execute();
    for (const { project_id } of projects) await projectChanged(trx, project_id);
  });
  if (seen.vector) nudges.nudge('work');
}
