import type { Answer } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { standingVotesOf } from './standing.ts';

/** What an account says now about faces of a project: by `faceId person`. Faces that it says nothing about are left out. */
export async function ownAnswers(
  store: Store,
  args: { projectId: number; accountId: number; faceIds: readonly number[] },
): Promise<ReadonlyMap<string, Answer>> {
  const own = new Map<string, Answer>();
  for (const [key, votes] of await standingVotesOf(store.db, args.projectId, args.faceIds)) {
    const vote = votes.find((one) => one.accountId === args.accountId);
    if (vote) own.set(key, vote.answer);
  }
  return own;
}
