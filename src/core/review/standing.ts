import type { Db, Trx } from '../store/store.ts';
import type { StandingVote } from './decide.ts';
import { inChunks, pairKey } from './pairs.ts';

/** A standing vote with where and when it was given. */
export interface StandingAnswer extends StandingVote {
  readonly faceId: number;
  readonly person: string;
  readonly questionId: number | null;
  readonly votedAt: number;
}

/**
 * The latest vote of each account about each face and person, by `pairKey`. Left out: what was taken
 * back or undone, what was said before an owner had the question reopened, and votes of banned members but for those
 * that are kept (see `bans.ts`).
 * @param faceIds null: of the whole project
 */
export async function standingVotesOf(
  db: Db,
  projectId: number,
  faceIds: readonly number[] | null,
): Promise<Map<string, StandingAnswer[]>> {
  const latest = new Map<string, Map<number, StandingAnswer>>();
  for (const ids of faceIds === null ? [null] : inChunks([...new Set(faceIds)])) {
    for (const row of await countingRows(db, projectId, ids)) {
      const key = pairKey({ faceId: row.face_id, person: row.person });
      const accounts = latest.get(key) ?? new Map<number, StandingAnswer>();
      latest.set(key, accounts);
      accounts.delete(row.account_id);
      const isBanned = row.status === 'banned';
      const isKept = row.kept !== null && row.recounted_at === null;
      if (row.answer === null || (isBanned && !isKept)) continue;
      accounts.set(row.account_id, {
        id: row.id,
        accountId: row.account_id,
        faceId: row.face_id,
        person: row.person,
        answer: row.answer,
        decides: row.decides === 1,
        onProbation: row.on_probation === 1,
        keptUntil: isBanned ? row.banned_after : null,
        questionId: row.question_id,
        votedAt: row.voted_at,
      });
    }
  }
  return new Map([...latest].map(([key, accounts]) => [key, [...accounts.values()]]));
}

/** With what decides whether they stand, the oldest first. */
async function countingRows(db: Db, projectId: number, faceIds: readonly number[] | null) {
  return countingVotes(db, projectId)
    .leftJoin('project_members', (join) =>
      join
        .onRef('project_members.project_id', '=', 'votes.project_id')
        .onRef('project_members.account_id', '=', 'votes.account_id'),
    )
    .leftJoin('kept_votes', 'kept_votes.vote_id', 'votes.id')
    .select([
      'votes.id',
      'votes.face_id',
      'votes.person',
      'votes.account_id',
      'votes.answer',
      'votes.decides',
      'votes.on_probation',
      'votes.question_id',
      'votes.voted_at',
      'project_members.status',
      'project_members.banned_after',
      'project_members.recounted_at',
      'kept_votes.vote_id as kept',
    ])
    .$if(faceIds !== null, (query) => query.where('votes.face_id', 'in', faceIds ?? []))
    .orderBy('votes.id')
    .execute();
}

/**
 * Votes that were neither undone nor cast before a reopening, as a query to be narrowed down. Few ballots are undone
 * and few faces are reopened: they are looked up once, not for each vote.
 */
export function countingVotes(db: Pick<Db, 'selectFrom'>, projectId: number) {
  return db
    .selectFrom('votes')
    .where('votes.project_id', '=', projectId)
    .where((eb) =>
      eb.or([
        eb('votes.ballot_id', 'is', null),
        eb(
          'votes.ballot_id',
          'not in',
          eb
            .selectFrom('ballots')
            .select('ballots.id')
            .where('ballots.project_id', '=', projectId)
            // Not "is not null": SQLite finds no range of an index by that.
            .where('ballots.undone_at', '>=', 0),
        ),
      ]),
    )
    .where((eb) =>
      eb.or([
        eb(
          'votes.face_id',
          'not in',
          eb
            .selectFrom('reopenings')
            .select('reopenings.face_id')
            .where('reopenings.project_id', '=', projectId),
        ),
        eb(
          'votes.id',
          '>',
          eb.fn.coalesce(
            eb
              .selectFrom('reopenings')
              .select((q) => q.fn.max('after_vote').as('floor'))
              .whereRef('reopenings.project_id', '=', 'votes.project_id')
              .whereRef('reopenings.face_id', '=', 'votes.face_id')
              .whereRef('reopenings.person', '=', 'votes.person'),
            eb.lit(0),
          ),
        ),
      ]),
    );
}

/** The last vote there is: what is cast from now on has a higher id. Only under the lock on the project. */
export async function lastVote(trx: Trx): Promise<number> {
  const row = await trx
    .selectFrom('votes')
    .select((eb) => eb.fn.max('id').as('last'))
    .executeTakeFirst();
  return row?.last ?? 0;
}
