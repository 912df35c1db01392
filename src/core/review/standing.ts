import type { Trx } from '../store/store.ts';
import type { StandingVote } from './decide.ts';

/** The latest vote of each account, without those taken back and without banned members' (PRODUCT C4). */
export async function standingVotes(
  trx: Trx,
  projectId: number,
  faceId: number,
  person: string,
): Promise<StandingVote[]> {
  const rows = await trx
    .selectFrom('votes')
    .leftJoin('project_members', (join) =>
      join
        .onRef('project_members.project_id', '=', 'votes.project_id')
        .onRef('project_members.account_id', '=', 'votes.account_id'),
    )
    .select(['votes.id', 'votes.account_id', 'votes.answer', 'votes.decides', 'project_members.status'])
    .where('votes.project_id', '=', projectId)
    .where('votes.face_id', '=', faceId)
    .where('votes.person', '=', person)
    .orderBy('votes.id')
    .execute();
  const latest = new Map<number, StandingVote>();
  for (const row of rows) {
    latest.delete(row.account_id);
    if (row.answer === null || row.status === 'banned') continue;
    latest.set(row.account_id, {
      id: row.id,
      accountId: row.account_id,
      answer: row.answer,
      decides: row.decides === 1,
    });
  }
  return [...latest.values()];
}
