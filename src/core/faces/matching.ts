import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import { assertLease, type Lease, releaseLease, takeLease } from '../store/leases.ts';
import type { Store } from '../store/store.ts';
import { settleBootstrap } from './bootstrap.ts';
import { type MatchFace, match, type Opinion } from './matcher.ts';
import { bytesToVector } from './vectors.ts';

export interface MatchingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
  /** Of the detector now in use; embeddings of other models are left out. */
  readonly model: string;
}

const LEASE_MS = 60_000;

/**
 * Computes the suggestions of one project anew, when its verdicts or faces have changed since the last time.
 * @returns whether there was something to do
 */
export async function matchStep(deps: MatchingDeps): Promise<boolean> {
  const { store, clock } = deps;
  const wanted = store.db
    .selectFrom('projects')
    .select(['id', 'threshold', 'min_confirmed', 'matching'])
    .where('state', '=', 'active')
    .whereRef('change_number', '!=', 'matched_change');
  for (const { id } of await wanted.orderBy('id').execute()) {
    const lease = await takeLease(store, {
      name: `match ${id}`,
      owner: deps.workerId,
      now: clock.now(),
      ttl: LEASE_MS,
    });
    if (!lease) continue;
    try {
      // Another worker may have done it between our look and our lease.
      const project = await wanted.where('id', '=', id).executeTakeFirst();
      if (!project) continue;
      await settleBootstrap(store, project.id, clock.now());
      await matchProject(deps, lease, project);
    } finally {
      await releaseLease(store, lease);
    }
    return true;
  }
  return false;
}

interface Matched {
  readonly id: number;
  readonly threshold: number;
  readonly min_confirmed: number;
  readonly matching: 0 | 1;
}

async function matchProject(deps: MatchingDeps, lease: Lease, project: Matched): Promise<void> {
  const { store, nudges, log } = deps;
  // Read before the faces: what changes while we compute has a higher number and is computed again.
  const { change_number } = await store.db
    .selectFrom('projects')
    .select('change_number')
    .where('id', '=', project.id)
    .executeTakeFirstOrThrow();
  const opinions = project.matching === 1 ? await opinionsOf(deps, project) : [];
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await trx.deleteFrom('suggestions').where('project_id', '=', project.id).execute();
    for (let start = 0; start < opinions.length; start += 500) {
      await trx
        .insertInto('suggestions')
        .values(
          opinions.slice(start, start + 500).map(({ person, faceId, distance, suggested }) => ({
            project_id: project.id,
            face_id: faceId,
            person,
            distance,
            suggested: suggested ? (1 as const) : (0 as const),
          })),
        )
        .execute();
    }
    await trx
      .updateTable('projects')
      .set({ matched_change: change_number })
      .where('id', '=', project.id)
      .execute();
  });
  log.debug({ project: project.id, opinions: opinions.length }, 'suggestions computed');
  nudges.nudge('posts');
  nudges.nudge(`project:${project.id}`);
}

async function opinionsOf(deps: MatchingDeps, project: Matched): Promise<(Opinion & { person: string })[]> {
  const faces = await projectFaces(deps, project.id);
  const persons = await deps.store.db
    .selectFrom('project_persons')
    .select('person')
    .where('project_id', '=', project.id)
    .execute();
  const verdicts = await deps.store.db
    .selectFrom('verdicts')
    .select(['face_id', 'person', 'verdict', 'source'])
    .where('project_id', '=', project.id)
    .execute();
  const byId = new Map(faces.map((face) => [face.faceId, face]));
  const somebody = new Set(verdicts.filter((row) => row.verdict === 'match').map((row) => row.face_id));
  const opinions: (Opinion & { person: string })[] = [];
  for (const { person } of persons) {
    const own = verdicts.filter((row) => row.person === person);
    const facesWith = (verdict: string) =>
      own.filter((row) => row.verdict === verdict).flatMap((row) => byId.get(row.face_id) ?? []);
    const decided = new Set(own.filter((row) => row.verdict !== 'open').map((row) => row.face_id));
    const candidates = faces.filter((face) => !decided.has(face.faceId) && !somebody.has(face.faceId));
    const byPeople = own.filter((row) => row.verdict === 'match' && row.source !== 'bootstrap').length;
    const confirmed = facesWith('match');
    const examples = {
      confirmed,
      rejected: [...facesWith('no_match'), ...othersBeside(confirmed, faces, somebody)],
    };
    // Until people have confirmed enough the distances only order the questions; nothing is suggested.
    const enough = byPeople >= project.min_confirmed;
    for (const opinion of match(candidates, examples, project.threshold)) {
      opinions.push({ ...opinion, person, suggested: enough && opinion.suggested });
    }
  }
  return opinions;
}

/**
 * Faces that people's verdicts say are somebody else without anybody having said so: those beside a confirmed
 * one in the same file, and those that are confirmed to be another person.
 */
function othersBeside(
  confirmed: readonly MatchFace[],
  faces: readonly MatchFace[],
  somebody: ReadonlySet<number>,
): MatchFace[] {
  const own = new Set(confirmed.map((face) => face.faceId));
  const files = new Set(confirmed.map((face) => face.fileId));
  return faces.filter(
    (face) => !own.has(face.faceId) && (files.has(face.fileId) || somebody.has(face.faceId)),
  );
}

async function projectFaces(deps: MatchingDeps, projectId: number): Promise<MatchFace[]> {
  const rows = await deps.store.db
    .selectFrom('project_files')
    .innerJoin('faces', 'faces.file_id', 'project_files.file_id')
    .innerJoin('embeddings', 'embeddings.face_id', 'faces.id')
    .select([
      'faces.id',
      'faces.file_id',
      'faces.h',
      'faces.seen_height',
      'faces.quality',
      'embeddings.vector',
    ])
    .where('project_files.project_id', '=', projectId)
    .where('embeddings.model', '=', deps.model)
    .execute();
  return rows.map((row) => ({
    faceId: row.id,
    fileId: row.file_id,
    vector: bytesToVector(row.vector),
    heightPx: row.h * row.seen_height,
    quality: row.quality,
  }));
}
