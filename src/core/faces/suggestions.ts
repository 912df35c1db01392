import type { MatchedPersonsTable, SuggestionsTable } from '../store/schema.ts';
import type { Trx } from '../store/store.ts';
import type { KnownPerson, Opinion } from './matcher.ts';

/**
 * Kept of each person: ten batches. Only the nearest are asked about next, and a verdict that moves all distances
 * must not rewrite a row for every face.
 */
export const KEPT = 90;
const AT_ONCE = 200;

type Suggestion = Omit<SuggestionsTable, 'near'> & { near: 0 | 1 };

/** Makes the stored suggestions of a project those of these opinions. Writes only what is not so already. */
export async function keepSuggestions(
  trx: Trx,
  projectId: number,
  persons: readonly (Pick<KnownPerson, 'person'> & { readonly basis: MatchedPersonsTable['basis'] | null })[],
  opinions: readonly Opinion[],
): Promise<void> {
  const byPerson = Map.groupBy(opinions, (opinion) => opinion.person);
  const kept: Suggestion[] = [];
  const matched: MatchedPersonsTable[] = [];
  for (const { person, basis } of persons) {
    if (basis === null) continue;
    const own = byPerson.get(person) ?? [];
    kept.push(...firstOf(own).map((opinion) => rowOf(projectId, opinion)));
    const distances = own.map((opinion) => opinion.distance);
    matched.push({
      project_id: projectId,
      person,
      basis,
      faces: own.length,
      suggested: own.filter((opinion) => opinion.suggested).length,
      near: own.filter((opinion) => opinion.near).length,
      nearest: distances.length === 0 ? null : rounded(distances.reduce((a, b) => Math.min(a, b))),
    });
  }
  await writeSuggestions(trx, projectId, kept);
  await writeMatched(trx, projectId, matched);
}

/** Those that are asked about first: suggested, near, then by distance. */
function firstOf(opinions: readonly Opinion[]): Opinion[] {
  const rank = (opinion: Opinion) => (opinion.suggested ? 0 : opinion.near ? 1 : 2);
  const ranks = Map.groupBy(opinions, rank);
  return ([0, 1, 2] as const).flatMap((one) => nearestOf(ranks.get(one) ?? [])).slice(0, KEPT);
}

/** Sorting numbers alone, to know where to cut, is ten times as quick as sorting all opinions. */
function nearestOf(opinions: readonly Opinion[]): Opinion[] {
  const distances = Float64Array.from(opinions, (opinion) => opinion.distance).sort();
  const last = distances[KEPT - 1] ?? Number.POSITIVE_INFINITY;
  return opinions
    .filter((opinion) => opinion.distance <= last)
    .toSorted((a, b) => a.distance - b.distance || a.faceId - b.faceId)
    .slice(0, KEPT);
}

function rowOf(projectId: number, { faceId, person, distance, suggested, near }: Opinion): Suggestion {
  return {
    project_id: projectId,
    face_id: faceId,
    person,
    distance: rounded(distance),
    suggested: suggested ? 1 : 0,
    near: near ? 1 : 0,
  };
}

/** Products of matrices differ in their last digits, which mean nothing. */
function rounded(distance: number): number {
  return Math.round(distance * 1e4) / 1e4;
}

async function writeSuggestions(trx: Trx, projectId: number, wanted: readonly Suggestion[]): Promise<void> {
  const stored = await trx
    .selectFrom('suggestions')
    .select(['face_id', 'person', 'distance', 'suggested', 'near'])
    .where('project_id', '=', projectId)
    .execute();
  const text = (row: Omit<Suggestion, 'project_id'>) =>
    `${row.face_id} ${row.person} ${row.distance} ${row.suggested} ${row.near}`;
  const there = new Set(stored.map(text));
  const same = new Set(wanted.map(text));
  const old = stored.filter((row) => !same.has(text(row))).map((row) => row.face_id);
  const fresh = wanted.filter((row) => !there.has(text(row)));
  for (let start = 0; start < old.length; start += AT_ONCE) {
    await trx
      .deleteFrom('suggestions')
      .where('project_id', '=', projectId)
      .where('face_id', 'in', old.slice(start, start + AT_ONCE))
      .execute();
  }
  for (let start = 0; start < fresh.length; start += AT_ONCE) {
    await trx
      .insertInto('suggestions')
      .values(fresh.slice(start, start + AT_ONCE))
      .execute();
  }
}

async function writeMatched(
  trx: Trx,
  projectId: number,
  wanted: readonly MatchedPersonsTable[],
): Promise<void> {
  const stored = await trx
    .selectFrom('matched_persons')
    .selectAll()
    .where('project_id', '=', projectId)
    .execute();
  const text = ({ person, basis, faces, suggested, near, nearest }: MatchedPersonsTable) =>
    JSON.stringify([person, basis, faces, suggested, near, nearest]);
  const there = new Set(stored.map(text));
  const same = new Set(wanted.map(text));
  const old = stored.filter((row) => !same.has(text(row))).map((row) => row.person);
  const fresh = wanted.filter((row) => !there.has(text(row)));
  if (old.length > 0) {
    await trx
      .deleteFrom('matched_persons')
      .where('project_id', '=', projectId)
      .where('person', 'in', old)
      .execute();
  }
  if (fresh.length > 0) await trx.insertInto('matched_persons').values(fresh).execute();
}
