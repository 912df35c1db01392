import { verdictsChanged } from '../projects/changes.ts';
import type { VerdictsTable, VerdictValue } from '../store/schema.ts';
import type { Db, Store, Trx } from '../store/store.ts';
import { type Decision, decide, type StandingVote } from './decide.ts';
import { distinctPairs, inChunks, type Pair, pairKey } from './pairs.ts';
import { standingVotesOf } from './standing.ts';

export interface VerdictChange extends Pair {
  readonly before: VerdictValue;
  readonly after: VerdictValue;
}

export type StoredVerdict = Pick<VerdictsTable, 'verdict' | 'source'>;

/** As `settleVerdicts`, for one face and person; null when the verdict is what it was. */
export async function settleVerdict(
  store: Store,
  trx: Trx,
  args: { projectId: number; faceId: number; person: string; now: number },
): Promise<VerdictChange | null> {
  const [change] = await settleVerdicts(store, trx, args.projectId, [args], args.now);
  return change ?? null;
}

/** Computes verdicts from their standing votes and keeps them. @returns those that are not what they were */
export async function settleVerdicts(
  store: Store,
  trx: Trx,
  projectId: number,
  pairs: readonly Pair[],
  now: number,
): Promise<VerdictChange[]> {
  if (pairs.length === 0) return [];
  const project = await trx
    .selectFrom('projects')
    .select('votes_needed')
    .where('id', '=', projectId)
    .executeTakeFirstOrThrow();
  const faceIds = pairs.map((pair) => pair.faceId);
  const standing = await standingVotesOf(trx, projectId, faceIds);
  const known = await storedVerdicts(trx, projectId, faceIds);
  const outcomes = distinctPairs(pairs).map((pair) => ({
    pair,
    known: known.get(pairKey(pair)),
    votes: standing.get(pairKey(pair)) ?? [],
  }));
  return keepVerdicts(store, trx, { projectId, votesNeeded: project.votes_needed, now }, outcomes);
}

/** The verdicts about some faces, by `pairKey`. */
export async function storedVerdicts(
  db: Db,
  projectId: number,
  faceIds: readonly number[],
): Promise<Map<string, StoredVerdict>> {
  const stored = new Map<string, StoredVerdict>();
  for (const ids of inChunks([...new Set(faceIds)])) {
    const rows = await db
      .selectFrom('verdicts')
      .select(['face_id', 'person', 'verdict', 'source'])
      .where('project_id', '=', projectId)
      .where('face_id', 'in', ids)
      .execute();
    for (const { face_id, person, verdict, source } of rows)
      stored.set(pairKey({ faceId: face_id, person }), { verdict, source });
  }
  return stored;
}

/** What is known about a face and a person, and what is said now. */
export interface Outcome {
  readonly pair: Pair;
  readonly known: StoredVerdict | undefined;
  readonly votes: readonly StandingVote[];
}

/** Writes down what the votes of each outcome come to. @returns the verdicts that changed */
export async function keepVerdicts(
  store: Store,
  trx: Trx,
  { projectId, votesNeeded, now }: { projectId: number; votesNeeded: number; now: number },
  outcomes: readonly Outcome[],
): Promise<VerdictChange[]> {
  const rows: { pair: Pair; before: VerdictValue; now: Decision }[] = [];
  for (const { pair, known, votes } of outcomes) {
    const decision = decide(votes, votesNeeded);
    if (isNews(known, decision)) rows.push({ pair, before: known?.verdict ?? 'open', now: decision });
  }
  for (const chunk of inChunks(rows, 200)) {
    const insert = trx.insertInto('verdicts').values(
      chunk.map(({ pair, now: { verdict, source } }) => ({
        project_id: projectId,
        face_id: pair.faceId,
        person: pair.person,
        verdict,
        source,
        changed_at: now,
      })),
    );
    const columns = ['verdict', 'source', 'changed_at'] as const;
    await (store.kind === 'mariadb'
      ? insert.onDuplicateKeyUpdate((eb) =>
          Object.fromEntries(columns.map((column) => [column, eb.fn('values', [column])])),
        )
      : insert.onConflict((conflict) =>
          conflict
            .columns(['project_id', 'face_id', 'person'])
            .doUpdateSet((eb) =>
              Object.fromEntries(columns.map((column) => [column, eb.ref(`excluded.${column}`)])),
            ),
        )
    ).execute();
  }
  // The same verdict from another source counts too: matches of people are what suggestions wait for.
  if (rows.length > 0) await verdictsChanged(trx, projectId);
  return rows
    .filter((row) => row.before !== row.now.verdict)
    .map(({ pair: { faceId, person }, before, now: { verdict } }) => ({
      faceId,
      person,
      before,
      after: verdict,
    }));
}

/** A face that the wiki vouched for (bootstrap) stays a match until votes say something else. */
export function isNews(known: StoredVerdict | undefined, decision: Decision): boolean {
  if (decision.verdict === 'open' && (!known || known.source === 'bootstrap')) return false;
  return known?.verdict !== decision.verdict || known.source !== decision.source;
}
