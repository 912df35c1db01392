import type { Db, Store, Trx } from '../store/store.ts';
import { decide } from './decide.ts';
import { type Pair, pairKey } from './pairs.ts';
import { resettle } from './settling.ts';
import { standingVotesOf } from './standing.ts';
import { isNews, type StoredVerdict, type VerdictChange } from './verdicts.ts';

/** A stored verdict that is not what the votes add up to. */
export interface Difference extends Pair {
  readonly stored: StoredVerdict | null;
  readonly computed: StoredVerdict;
}

/**
 * Computes every verdict of a project from its votes and compares it with the stored one. Empty when all is well:
 * verdicts hold nothing that the votes do not say, but for what the wiki vouches for (bootstrap).
 */
export async function compareWithVotes(db: Db, projectId: number): Promise<Difference[]> {
  const { votes_needed } = await db
    .selectFrom('projects')
    .select('votes_needed')
    .where('id', '=', projectId)
    .executeTakeFirstOrThrow();
  const stored = await db
    .selectFrom('verdicts')
    .select(['face_id', 'person', 'verdict', 'source'])
    .where('project_id', '=', projectId)
    .execute();
  const known = new Map(
    stored.map(({ face_id: faceId, person, verdict, source }) => [
      pairKey({ faceId, person }),
      { pair: { faceId, person }, verdict: { verdict, source } },
    ]),
  );
  const standing = await standingVotesOf(db, projectId, null);
  const pairs = new Map<string, Pair>([...known].map(([key, { pair }]) => [key, pair]));
  for (const [key, [vote]] of standing) if (vote) pairs.set(key, vote);
  return [...pairs].flatMap(([key, { faceId, person }]) => {
    const computed = decide(standing.get(key) ?? [], votes_needed);
    const there = known.get(key)?.verdict;
    return isNews(there, computed) ? [{ faceId, person, stored: there ?? null, computed }] : [];
  });
}

/**
 * Brings every verdict up to date with the votes, in the transaction that changed the number of votes needed.
 * @returns verdicts that changed
 */
export async function recountProject(
  store: Store,
  trx: Trx,
  projectId: number,
  now: number,
): Promise<VerdictChange[]> {
  const differences = await compareWithVotes(trx, projectId);
  return resettle(store, trx, projectId, differences, now);
}
