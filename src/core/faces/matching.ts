import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Nudges } from '../platform/nudges.ts';
import type { Rests } from '../platform/rests.ts';
import type { Turns } from '../platform/turns.ts';
import { personIds } from '../projects/persons.ts';
import { assertLease, type Lease, releaseLease, takeLease } from '../store/leases.ts';
import type { VerdictsTable } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { settleBootstrap } from './bootstrap.ts';
import { createFaceCache, type FaceCache } from './face-cache.ts';
import { type FaceColumns, type KnownPerson, match, type Opinion, referencesOf } from './matcher.ts';
import { type Measures, plainMeasures } from './measures.ts';
import { portraitVectors } from './portraits.ts';
import { keepSuggestions } from './suggestions.ts';

export interface MatchingDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly workerId: string;
  /** Of the detector now in use; embeddings of other models are left out. */
  readonly model: string;
  /** Default: in JavaScript, which is enough for a few thousand faces. */
  readonly measures?: Measures;
  /** Default: everything is read anew each time. */
  readonly cache?: FaceCache;
  /** Which project was served when: one where people answer all the time must not keep the others waiting. */
  readonly turns?: Turns;
  /**
   * Between matches of a project whose faces come and go: all of them have to be read then, and while its files are
   * looked at that is after each of thousands. Answers are matched at once.
   */
  readonly rests?: Rests;
}

const LEASE_MS = 60_000;

/**
 * Computes the suggestions of one project anew, when its verdicts or faces have changed since the last time.
 * @returns whether there was something to do
 */
export async function matchStep(deps: MatchingDeps): Promise<boolean> {
  const { store, clock } = deps;
  deps.cache?.forgetUnused(clock.now());
  const wanted = store.db
    .selectFrom('projects')
    .select(['id', 'threshold', 'min_confirmed', 'matching', 'change_number', 'verdict_changes'])
    .where('state', '=', 'active')
    .whereRef('change_number', '!=', 'matched_change');
  const ids = (await wanted.orderBy('id').execute())
    .filter((row) => !deps.rests?.rests(row.id, clock.now()) || hasFaces(deps, row))
    .map((row) => row.id);
  for (const id of deps.turns?.inOrder(ids) ?? ids) {
    const lease = await takeLease(store, {
      name: `match ${id}`,
      owner: deps.workerId,
      now: clock.now(),
      ttl: LEASE_MS,
    });
    if (!lease) continue;
    deps.turns?.took(id);
    const began = clock.now();
    try {
      // Another worker may have done it between our look and our lease.
      const project = await wanted.where('id', '=', id).executeTakeFirst();
      if (!project) continue;
      await settleBootstrap(store, project.id, clock.now());
      await matchProject(deps, lease, project);
      deps.rests?.worked(id, began, clock.now());
    } finally {
      await releaseLease(store, lease);
    }
    return true;
  }
  return false;
}

function hasFaces(
  { cache, model }: MatchingDeps,
  project: { readonly id: number; readonly change_number: number; readonly verdict_changes: number },
): boolean {
  return cache?.has(project.id, model, project.change_number - project.verdict_changes) ?? false;
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
  const { change_number, verdict_changes } = await store.db
    .selectFrom('projects')
    .select(['change_number', 'verdict_changes'])
    .where('id', '=', project.id)
    .executeTakeFirstOrThrow();
  let persons: (KnownPerson & { basis: 'examples' | 'portrait' | null })[] = [];
  let opinions: Opinion[] = [];
  if (project.matching === 1) {
    const cache = deps.cache ?? createFaceCache(deps.clock);
    const faces = await cache.facesOf(store, project.id, deps.model, change_number - verdict_changes);
    persons = await knownPersons(deps, project, faces);
    opinions = await match(deps.measures ?? plainMeasures, faces, persons, project.threshold);
  }
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await keepSuggestions(trx, project.id, persons, opinions);
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

/** The persons of a project in its order, with what verdicts say about them. */
async function knownPersons(
  { store, model }: MatchingDeps,
  project: Matched,
  faces: FaceColumns,
): Promise<(KnownPerson & { basis: 'examples' | 'portrait' | null })[]> {
  const persons = await personIds(store.db, project.id);
  const verdicts = await store.db
    .selectFrom('verdicts')
    .select(['face_id', 'person', 'verdict', 'source'])
    .where('project_id', '=', project.id)
    .where('verdict', '!=', 'open')
    .execute();
  const portraits = await portraitVectors(store, project.id, model);
  const places = new Map(faces.faceIds.map((id, place) => [id, place]));
  const placesOf = (rows: readonly Pick<VerdictsTable, 'face_id'>[]) =>
    rows.flatMap((row) => places.get(row.face_id) ?? []);
  const byPerson = Map.groupBy(verdicts, (row) => row.person);
  // Who a disputed face is, its owners decide first; and somebody may be known whom the project had before.
  const settled = verdicts.filter((row) => row.verdict === 'disputed' || row.verdict === 'match');
  return persons.map((person) => {
    const own = byPerson.get(person) ?? [];
    const matches = own.filter((row) => row.verdict === 'match');
    const known = {
      person,
      confirmed: placesOf(matches),
      rejected: placesOf(own.filter((row) => row.verdict === 'no_match')),
      settled: placesOf([...own, ...settled]),
      portrait: portraits.get(person) ?? null,
      // Until people have confirmed enough the distances only order the questions; nothing is suggested.
      enough: matches.filter((row) => row.source !== 'bootstrap').length >= project.min_confirmed,
    };
    const references = referencesOf(faces, known);
    const basis = references.length === 0 ? null : references === known.portrait ? 'portrait' : 'examples';
    return { ...known, basis };
  });
}
