import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type StandingVote } from '../../../src/core/review/decide.ts';
import type { Answer, VerdictValue } from '../../../src/core/store/schema.ts';

let ids = 0;
const vote = (answer: Answer, decides = false): StandingVote => {
  const id = ++ids;
  return { id, accountId: id, answer, decides };
};
const yes = () => vote('yes');
const no = () => vote('no');
const unsure = () => vote('unsure');

/** One vote of each account, with ids in any order. */
const votes = fc
  .uniqueArray(
    fc.record({
      id: fc.integer({ min: 1, max: 1000 }),
      answer: fc.constantFrom<Answer>('yes', 'no', 'unsure'),
      decides: fc.boolean(),
    }),
    { selector: (one) => one.id, maxLength: 12 },
  )
  .map((list) => list.map((one, i): StandingVote => ({ ...one, accountId: i })));
const needed = fc.integer({ min: 1, max: 5 });

describe('decide', () => {
  it.each<[string, StandingVote[], number, VerdictValue]>([
    ['nobody', [], 1, 'open'],
    ['one yes of one', [yes()], 1, 'match'],
    ['one no of one', [no()], 1, 'no_match'],
    ['one yes of two', [yes()], 2, 'open'],
    ['two yes of two', [yes(), yes()], 2, 'match'],
    ['two no of two', [no(), no()], 2, 'no_match'],
    ['three yes of two', [yes(), yes(), yes()], 2, 'match'],
    ['four of five', [yes(), yes(), yes(), yes()], 5, 'open'],
    ['five of five', [yes(), yes(), yes(), yes(), yes()], 5, 'match'],
    ['yes and no', [yes(), no()], 5, 'disputed'],
    ['many yes and a no', [yes(), yes(), yes(), no()], 2, 'disputed'],
    ['not sure alone', [unsure(), unsure(), unsure()], 1, 'open'],
    ['yes and not sure', [yes(), unsure()], 1, 'match'],
    ['yes and not sure of two', [yes(), unsure()], 2, 'open'],
    ['no and not sure', [unsure(), no()], 1, 'no_match'],
    ['a decision against many', [yes(), yes(), yes(), vote('no', true)], 2, 'no_match'],
    ['a decision alone', [vote('yes', true)], 5, 'match'],
    ['a later decision', [vote('yes', true), vote('no', true)], 1, 'no_match'],
    ['a decision and a later plain vote', [vote('yes', true), no()], 1, 'match'],
    ['an unsure owner', [yes(), no(), vote('unsure', true)], 1, 'disputed'],
  ])('%s', (_, standing, votesNeeded, verdict) => {
    expect(decide(standing, votesNeeded).verdict).toBe(verdict);
  });

  it('says who decided', () => {
    expect(decide([yes()], 1).source).toBe('votes');
    expect(decide([yes(), vote('no', true)], 1)).toEqual({ verdict: 'no_match', source: 'owner' });
  });

  it('does not depend on the order', () => {
    fc.assert(
      fc.property(
        votes.chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
          ),
        ),
        needed,
        ([list, shuffled], votesNeeded) => {
          expect(decide(shuffled, votesNeeded)).toEqual(decide(list, votesNeeded));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is not changed by people who are not sure', () => {
    fc.assert(
      fc.property(votes, needed, (list, votesNeeded) => {
        const sure = list.filter((one) => one.answer !== 'unsure');
        expect(decide(list, votesNeeded)).toEqual(decide(sure, votesNeeded));
      }),
    );
  });

  it('treats yes and no alike', () => {
    const opposite = { yes: 'no', no: 'yes', unsure: 'unsure' } as const;
    const other = { match: 'no_match', no_match: 'match', open: 'open', disputed: 'disputed' } as const;
    fc.assert(
      fc.property(votes, needed, (list, votesNeeded) => {
        const turned = list.map((one) => ({ ...one, answer: opposite[one.answer] }));
        expect(decide(turned, votesNeeded).verdict).toBe(other[decide(list, votesNeeded).verdict]);
      }),
    );
  });

  it('follows the latest decision of an owner, whoever else says what', () => {
    fc.assert(
      fc.property(votes, needed, fc.constantFrom<Answer>('yes', 'no'), (list, votesNeeded, answer) => {
        const last: StandingVote = { id: 5000, accountId: 99, answer, decides: true };
        expect(decide([last, ...list], votesNeeded)).toEqual({
          verdict: answer === 'yes' ? 'match' : 'no_match',
          source: 'owner',
        });
      }),
    );
  });

  it('makes a match of nothing but agreement without dissent', () => {
    fc.assert(
      fc.property(votes, needed, (list, votesNeeded) => {
        const plain = list.map((one) => ({ ...one, decides: false }));
        const count = (answer: Answer) => plain.filter((one) => one.answer === answer).length;
        const { verdict } = decide(plain, votesNeeded);
        expect(verdict === 'match').toBe(count('yes') >= votesNeeded && count('no') === 0);
        expect(verdict === 'no_match').toBe(count('no') >= votesNeeded && count('yes') === 0);
        expect(verdict === 'disputed').toBe(count('yes') > 0 && count('no') > 0);
      }),
    );
  });
});
