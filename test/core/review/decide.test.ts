import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide, type StandingVote } from '../../../src/core/review/decide.ts';
import type { Answer, VerdictValue } from '../../../src/core/store/schema.ts';

let ids = 0;
const vote = (answer: Answer, decides = false): StandingVote => {
  const id = ++ids;
  return { id, accountId: id, answer, decides, onProbation: false, keptUntil: null };
};
const yes = () => vote('yes');
const no = () => vote('no');
const unsure = () => vote('unsure');

/** One vote of each account, with ids in any order; some on probation, some of banned members. */
const votes = fc
  .uniqueArray(
    fc.record({
      id: fc.integer({ min: 1, max: 30 }),
      answer: fc.constantFrom<Answer>('yes', 'no', 'unsure'),
      decides: fc.boolean(),
      onProbation: fc.boolean(),
      keptUntil: fc.option(fc.integer({ min: 1, max: 40 })),
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

  it('needs one vote more where a member on probation agrees', () => {
    const doubted = (answer: Answer) => ({ ...vote(answer), onProbation: true });
    expect(decide([yes(), doubted('yes')], 2).verdict).toBe('open');
    expect(decide([yes(), doubted('yes'), yes()], 2).verdict).toBe('match');
    expect(decide([doubted('yes'), doubted('yes'), doubted('yes')], 2).verdict).toBe('match');
    expect(decide([doubted('no')], 1).verdict).toBe('open');
    expect(decide([doubted('no'), no()], 1).verdict).toBe('no_match');
    expect(decide([yes(), yes(), doubted('unsure')], 2).verdict).toBe('match');
    expect(decide([yes(), yes(), doubted('no')], 2).verdict).toBe('disputed');
    expect(decide([{ ...vote('yes', true), onProbation: true }], 2).verdict).toBe('match');
  });

  it('never turns a verdict by one more voice that agrees, on probation or not', () => {
    fc.assert(
      fc.property(votes, needed, fc.boolean(), (list, votesNeeded, onProbation) => {
        const active = list.filter((one) => one.keptUntil === null);
        const { verdict } = decide(active, votesNeeded);
        fc.pre(verdict === 'match' || verdict === 'no_match');
        const more = { ...vote(verdict === 'match' ? 'yes' : 'no'), onProbation };
        expect(decide([...active, more], votesNeeded).verdict).toBe(verdict);
      }),
      { numRuns: 500 },
    );
  });

  describe('with votes of banned members', () => {
    /** The votes 1, 2, 3 and so on; those of `banned` were kept when there were so many. */
    const standing = (answers: readonly Answer[], banned: readonly number[], keptUntil: number) =>
      answers.map((answer, i) => ({
        ...vote(answer),
        id: i + 1,
        keptUntil: banned.includes(i + 1) ? keptUntil : null,
      }));

    it.each<[string, Answer[], number[], number, number, VerdictValue]>([
      ['upholds what they were part of', ['yes', 'yes'], [2], 2, 2, 'match'],
      ['upholds what both of them decided', ['yes', 'yes'], [1, 2], 2, 2, 'match'],
      ['does without them where nothing was decided', ['yes', 'yes'], [1], 1, 2, 'open'],
      ['does not take them for a new verdict', ['yes', 'unsure', 'yes'], [1], 2, 2, 'open'],
      ['leaves a dispute to the others', ['yes', 'no'], [1], 1, 1, 'no_match'],
      ['still has the dissent of others', ['yes', 'yes', 'no'], [2], 2, 2, 'disputed'],
      ['does not need them', ['yes', 'yes', 'yes'], [3], 3, 2, 'match'],
    ])('%s', (_, answers, banned, keptUntil, votesNeeded, verdict) => {
      expect(decide(standing(answers, banned, keptUntil), votesNeeded).verdict).toBe(verdict);
    });

    it('comes to nothing open or disputed that it would not come to without them', () => {
      fc.assert(
        fc.property(votes, needed, (list, votesNeeded) => {
          const decision = decide(list, votesNeeded);
          const without = decide(
            list.filter((one) => one.keptUntil === null),
            votesNeeded,
          );
          if (decision.verdict === 'open' || decision.verdict === 'disputed')
            expect(without).toEqual(decision);
        }),
        { numRuns: 500 },
      );
    });

    it('upholds nothing that the votes up to the ban do not come to', () => {
      fc.assert(
        fc.property(votes, needed, (list, votesNeeded) => {
          const early = list.map((one) => (one.keptUntil === null ? one : { ...one, keptUntil: 0 }));
          const without = list.filter((one) => one.keptUntil === null);
          expect(decide(early, votesNeeded)).toEqual(decide(without, votesNeeded));
        }),
      );
    });
  });

  it('follows the latest decision of an owner, whoever else says what', () => {
    fc.assert(
      fc.property(votes, needed, fc.constantFrom<Answer>('yes', 'no'), (list, votesNeeded, answer) => {
        const last: StandingVote = { ...vote(answer, true), id: 5000 };
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
        const plain = list.map((one) => ({ ...one, decides: false, onProbation: false, keptUntil: null }));
        const count = (answer: Answer) => plain.filter((one) => one.answer === answer).length;
        const { verdict } = decide(plain, votesNeeded);
        expect(verdict === 'match').toBe(count('yes') >= votesNeeded && count('no') === 0);
        expect(verdict === 'no_match').toBe(count('no') >= votesNeeded && count('yes') === 0);
        expect(verdict === 'disputed').toBe(count('yes') > 0 && count('no') > 0);
      }),
    );
  });
});
