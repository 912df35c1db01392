import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../../../src/core/review/decide.ts';
import { standingVotes } from '../../../src/core/review/standing.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Answer } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addMember, addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const PERSONS = ['Q1', 'Q2'] as const;

const history = fc.array(
  fc.record({
    // 0 and 1 are owners.
    voter: fc.integer({ min: 0, max: 5 }),
    face: fc.integer({ min: 0, max: 2 }),
    person: fc.constantFrom(...PERSONS),
    answer: fc.constantFrom<Answer | null>('yes', 'no', 'unsure', null),
  }),
  { minLength: 10, maxLength: 40 },
);

describe('after any history', () => {
  let store: Store;
  let dispose: () => Promise<void>;
  const clock = fakeClock();
  beforeAll(async () => {
    ({ store, dispose } = await freshStore());
  });
  afterAll(() => dispose());

  it('the verdicts are what the standing votes add up to', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 3 }), async (steps, votesNeeded) => {
        const { id: project, owner } = await addProject(store, { votes_needed: votesNeeded }, PERSONS);
        const voters = [owner, await addMember(store, project, { role: 'owner' })];
        while (voters.length < 6) voters.push(await addMember(store, project));
        const faces: number[] = [];
        while (faces.length < 3) faces.push((await addPortrait(store, project)).faceId);
        /** What each voter said last. */
        const said = new Map<string, Answer | null>();
        for (const { voter, face, person, answer } of steps) {
          await castBallot(
            { store, clock, nudges: notedNudges() },
            {
              projectId: project,
              accountId: voters[voter] ?? 0,
              answers: [{ faceId: faces[face] ?? 0, person, answer }],
              questionId: null,
              platform: 'web',
            },
          );
          said.set(`${voters[voter]} ${faces[face]} ${person}`, answer);
        }
        for (const faceId of faces) {
          for (const person of PERSONS) {
            const standing = await store.transaction((trx) => standingVotes(trx, project, faceId, person));
            const expected = voters.flatMap((voter) => {
              const answer = said.get(`${voter} ${faceId} ${person}`) ?? null;
              return answer === null ? [] : [`${voter} ${answer}`];
            });
            expect(standing.map((vote) => `${vote.accountId} ${vote.answer}`).toSorted()).toEqual(
              expected.toSorted(),
            );
            const row = await store.db
              .selectFrom('verdicts')
              .select(['verdict', 'source'])
              .where('project_id', '=', project)
              .where('face_id', '=', faceId)
              .where('person', '=', person)
              .executeTakeFirst();
            expect(row ?? { verdict: 'open', source: 'votes' }).toEqual(decide(standing, votesNeeded));
          }
        }
      }),
      { numRuns: 30 },
    );
  });
});
