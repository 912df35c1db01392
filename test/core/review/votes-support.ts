import { castBallot } from '../../../src/core/review/votes.ts';
import type { Answer } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addMember } from '../../support/people.ts';
import { nth, reviewWorld, standingVotes } from './support.ts';

/** A project with one face, two votes for a verdict, and short ways to vote about that face and to see what came of it. */
export async function votingDesk(
  store: Store,
  given: Parameters<typeof reviewWorld>[1] = {},
  persons: readonly string[] = ['Q1'],
) {
  const world = await reviewWorld(store, given, persons);
  const { id: project, owner, clock, deps } = world;
  const faceId = nth(await world.faces(1), 0);
  return {
    project,
    owner,
    faceId,
    clock,
    deps,
    nudges: deps.nudges,
    /** `which` is the store of the process that casts the vote. */
    cast: (
      accountId: number,
      answer: Answer | null,
      vote: {
        faceId?: number;
        person?: string;
        questionId?: number;
        which?: Store;
        platform?: string;
      } = {},
    ) =>
      castBallot(
        { ...deps, store: vote.which ?? store },
        {
          projectId: project,
          accountId,
          answers: [{ faceId: vote.faceId ?? faceId, person: vote.person ?? 'Q1', answer }],
          questionId: vote.questionId ?? null,
          platform: vote.platform ?? 'web',
        },
      ),
    /** `match by votes`; `none` where there is no row. */
    verdict: (person = 'Q1') => world.verdict(faceId, person),
    /** All votes about a face, also those that do not stand any more. */
    votes: (id = faceId) =>
      store.db.selectFrom('votes').selectAll().where('face_id', '=', id).orderBy('id').execute(),
    standing: () => store.transaction((trx) => standingVotes(trx, project, faceId, 'Q1')),
    member: (member: Parameters<typeof addMember>[2] = {}) => addMember(store, project, member),
    changeNumber: async () => {
      const row = await store.db
        .selectFrom('projects')
        .select('change_number')
        .where('id', '=', project)
        .executeTakeFirstOrThrow();
      return row.change_number;
    },
  };
}

export type VotingDesk = Awaited<ReturnType<typeof votingDesk>>;
