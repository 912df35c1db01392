import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answersOf,
  changedAnswers,
  markLabel,
  normaliseEmoji,
  seedsFor,
  signOf,
} from '../../../src/core/review/reactions.ts';
import type { Answer, QuestionKind } from '../../../src/core/store/schema.ts';

const key = (number: number) => `${number}\u{FE0F}\u{20E3}`;
const [ONE, TWO, THREE, NINE] = [key(1), key(2), key(3), key(9)] as const;

/** y yes, n no, u not sure, s somebody else, - nothing: one sign for each position. */
function said(kind: QuestionKind, positions: number, ...emoji: string[]): string {
  const places = Array.from({ length: positions }, (_, i) => i + 1);
  const answers = answersOf(kind, places, emoji);
  expect([...answers.keys()]).toEqual(places);
  const signs = { yes: 'y', no: 'n', unsure: 'u', somebody_else: 's' } as const;
  return places.map((place) => signs[answers.get(place) ?? ('' as Answer)] ?? '-').join('');
}

describe('reactions below a question about one face', () => {
  it.each<[string[], string]>([
    [[], '-'],
    [['✅'], 'y'],
    [['❌'], 'n'],
    [['🤷'], 'u'],
    [['✅', '❌'], 'n'],
    [['❌', '✅'], 'y'],
    [['✅', '🤷'], 'u'],
    [['🤷', '✅', '❌'], 'n'],
    [['👍'], '-'],
    [['✅', '👍', '🎉'], 'y'],
    [[ONE], '-'],
    [['🚫'], '-'],
    [['🇦'], '-'],
    [['✅', '🚫', ONE], 'y'],
    [['👤'], 's'],
    [['✅', '👤'], 's'],
    [['👤', '❌'], 'n'],
  ])('%j says %s', (emoji, expected) => {
    expect(said('single', 1, ...emoji)).toBe(expected);
  });
});

describe('reactions below a question about several faces', () => {
  it.each<[string[], string]>([
    [[], '---'],
    [[ONE], 'ynn'],
    [[THREE], 'nny'],
    [[ONE, THREE], 'yny'],
    [[THREE, ONE], 'yny'],
    [[ONE, TWO, THREE], 'yyy'],
    [['🚫'], 'nnn'],
    [['🤷'], 'uuu'],
    // Of contradicting answers the last one counts.
    [[ONE, '🚫'], 'nnn'],
    [['🚫', ONE], 'ynn'],
    [['🚫', ONE, TWO], 'yyn'],
    [[ONE, '🚫', TWO], 'nyn'],
    [[ONE, '🤷'], 'uuu'],
    [['🤷', ONE], 'ynn'],
    [['🚫', '🤷'], 'uuu'],
    [['🤷', '🚫'], 'nnn'],
    [['🚫', '🤷', TWO], 'nyn'],
    [['👤'], 'sss'],
    [[ONE, '👤'], 'sss'],
    [['👤', ONE], 'ynn'],
    [['👤', '🚫'], 'nnn'],
    // What has no meaning here says nothing.
    [['✅'], '---'],
    [['❌'], '---'],
    [['🇦'], '---'],
    [['👍', TWO, '🎉'], 'nyn'],
    [[NINE], '---'],
    [[NINE, ONE], 'ynn'],
    [['🚫', NINE], 'nnn'],
    [['0️⃣'], '---'],
    [['🔟'], '---'],
  ])('%j says %s', (emoji, expected) => {
    expect(said('several', 3, ...emoji)).toBe(expected);
  });

  it('knows nine faces', () => {
    expect(said('several', 9, NINE)).toBe('nnnnnnnny');
  });

  it('does not mind the order of numbers, nor what means nothing', () => {
    const places = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    fc.assert(
      fc.property(
        fc.subarray(places).chain((chosen) => fc.tuple(fc.constant(chosen), fc.shuffledSubarray(chosen))),
        ([chosen, some]) => {
          const rest = chosen.filter((one) => !some.includes(one));
          const emoji = [...some, ...rest].flatMap((one) => ['🎉', key(one)]);
          const answers = answersOf('several', places, emoji);
          for (const place of places) {
            const expected = chosen.length === 0 ? null : chosen.includes(place) ? 'yes' : 'no';
            expect(answers.get(place)).toBe(expected);
          }
        },
      ),
    );
  });
});

describe('reactions below a batch', () => {
  it.each<[string[], string]>([
    [[], '---'],
    [['✅'], 'yyy'],
    [['❌'], 'nnn'],
    [['🤷'], 'uuu'],
    [['✅', '🇧'], 'y-y'],
    [['🇧', '✅'], 'y-y'],
    [['🇦', '✅', '🇨'], '-y-'],
    [['🇦', '🇧', '🇨', '✅'], '---'],
    [['🇧'], '---'],
    [['❌', '🇧'], 'nnn'],
    [['🇧', '❌'], 'nnn'],
    [['🤷', '🇧'], 'uuu'],
    [['✅', '🇧', '❌'], 'nnn'],
    [['❌', '🇧', '✅'], 'y-y'],
    [['✅', '❌', '🤷'], 'uuu'],
    [['✅', '🇮'], 'yyy'],
    [['✅', '🇯'], 'yyy'],
    [[ONE, '🚫'], '---'],
    [['✅', ONE, '🚫'], 'yyy'],
  ])('%j says %s', (emoji, expected) => {
    expect(said('batch', 3, ...emoji)).toBe(expected);
  });

  it('knows nine letters', () => {
    expect(said('batch', 9, '✅', '🇮', '🇦')).toBe('-yyyyyyy-');
  });
});

describe('reactions of every kind', () => {
  const some = fc.array(
    fc.constantFrom('✅', '❌', '🤷', '🚫', ONE, TWO, THREE, NINE, '🇦', '🇧', '🇨', '🎉', '👍', ''),
    { maxLength: 8 },
  );
  const kinds = fc.constantFrom<QuestionKind>('single', 'several', 'batch');

  it('leave an answer or nothing for each face', () => {
    fc.assert(
      fc.property(kinds, some, fc.integer({ min: 1, max: 9 }), (kind, emoji, count) => {
        const places = Array.from({ length: count }, (_, i) => i + 1);
        const answers = answersOf(kind, places, emoji);
        expect([...answers.keys()]).toEqual(places);
        for (const answer of answers.values()) expect([null, 'yes', 'no', 'unsure']).toContain(answer);
      }),
    );
  });

  it('say the same without those that mean nothing', () => {
    fc.assert(
      fc.property(kinds, some, (kind, emoji) => {
        const meant = emoji.filter((one) => signOf(kind, one) !== null);
        expect(answersOf(kind, [1, 2, 3], emoji)).toEqual(answersOf(kind, [1, 2, 3], meant));
      }),
    );
  });

  it('say the same with and without variation selectors and skin tones', () => {
    const dress = (emoji: string) =>
      emoji === '🤷' ? '🤷🏽\u{200D}♀\u{FE0F}' : emoji.endsWith('\u{20E3}') ? emoji : `${emoji}\u{FE0F}`;
    fc.assert(
      fc.property(kinds, some, (kind, emoji) => {
        expect(answersOf(kind, [1, 2, 3], emoji.map(dress))).toEqual(answersOf(kind, [1, 2, 3], emoji));
      }),
    );
  });
});

describe('emoji', () => {
  it.each([
    ['✅', 'yes'],
    ['✅\u{FE0F}', 'yes'],
    ['❌', 'no'],
    ['❌\u{FE0E}', 'no'],
    ['🤷', 'unsure'],
    ['🤷🏻', 'unsure'],
    ['🤷🏿', 'unsure'],
    ['🤷‍♀️', 'unsure'],
    ['🤷‍♂', 'unsure'],
    ['🤷🏽‍♀️', 'unsure'],
    ['🤷🏽‍♂️', 'unsure'],
    ['🤦', null],
    ['✔️', null],
    ['👍🏽', null],
    ['', null],
    ['yes', null],
  ])('%s says %s about one face', (emoji, sign) => {
    expect(signOf('single', emoji)).toBe(sign);
  });

  it.each([
    ['1️⃣', 1],
    ['1\u{20E3}', 1],
    ['9️⃣', 9],
    ['0️⃣', null],
    ['#️⃣', null],
    ['1', null],
    ['🚫', 'none'],
    ['🚫\u{FE0F}', 'none'],
  ])('%s says %s about several', (emoji, sign) => {
    expect(signOf('several', emoji)).toBe(sign);
  });

  it.each([
    ['🇦', 1],
    ['🇮', 9],
    ['🇯', null],
    ['🇦🇮', null],
    ['A', null],
  ])('%s says %s about a batch', (emoji, sign) => {
    expect(signOf('batch', emoji)).toBe(sign);
  });

  it('is the same after being made the same twice', () => {
    for (const emoji of ['🤷🏽‍♀️', '1️⃣', '✅', '🇦', '👨‍👩‍👧'])
      expect(normaliseEmoji(normaliseEmoji(emoji))).toBe(normaliseEmoji(emoji));
    expect(normaliseEmoji('🤷🏽‍♀️')).toBe('🤷');
  });
});

describe('the seeds below a question', () => {
  it('are what the question can be answered with', () => {
    expect(seedsFor('single', 1, 1)).toEqual(['✅', '❌', '🤷']);
    expect(seedsFor('several', 3, 1)).toEqual(['1️⃣', '2️⃣', '3️⃣', '🚫', '🤷']);
    expect(seedsFor('batch', 2, 1)).toEqual(['✅', '❌', '🇦', '🇧', '🤷']);
  });

  it('have “somebody else” where a project looks for several persons', () => {
    expect(seedsFor('single', 1, 2)).toEqual(['✅', '❌', '👤', '🤷']);
    expect(seedsFor('several', 2, 2)).toEqual(['1️⃣', '2️⃣', '🚫', '👤', '🤷']);
    expect(seedsFor('batch', 2, 2)).toEqual(['✅', '❌', '🇦', '🇧', '🤷']);
    expect([signOf('single', '👤'), signOf('batch', '👤')]).toEqual(['somebody_else', null]);
  });

  it.each(['single', 'several', 'batch'] as const)('mean something below %s', (kind) => {
    for (const seed of seedsFor(kind, 9, 2)) expect(signOf(kind, seed)).not.toBeNull();
  });

  it('stand beside the faces as numbers or letters', () => {
    expect([1, 9].map((position) => markLabel('several', position))).toEqual(['1', '9']);
    expect([1, 9].map((position) => markLabel('batch', position))).toEqual(['A', 'I']);
  });
});

describe('what changes from one thing said to another', () => {
  const faces = [
    { faceId: 11, position: 1 },
    { faceId: 12, position: 2 },
  ];
  const asked = { person: 'Q2', persons: ['Q1', 'Q2', 'Q3'] };
  const between = (before: string[], after: string[], persons = asked.persons) =>
    changedAnswers(
      faces,
      { ...asked, persons },
      answersOf('several', [1, 2], before),
      answersOf('several', [1, 2], after),
    ).map((one) => `${one.faceId} ${one.person} ${one.answer}`);

  it('is about the person who is asked about', () => {
    expect(between([], [ONE])).toEqual(['11 Q2 yes', '12 Q2 no']);
    expect(between([ONE], [ONE, TWO])).toEqual(['12 Q2 yes']);
    expect(between([ONE], [])).toEqual(['11 Q2 null', '12 Q2 null']);
    expect(between([ONE], [ONE])).toEqual([]);
  });

  it('is about everybody where it was somebody else, and where it is not any more', () => {
    expect(between([], ['👤'])).toEqual(
      [11, 12].flatMap((face) => [`${face} Q2 no`, `${face} Q1 no`, `${face} Q3 no`]),
    );
    expect(between(['👤'], ['👤', ONE])).toEqual([
      '11 Q2 yes',
      '11 Q1 null',
      '11 Q3 null',
      '12 Q1 null',
      '12 Q3 null',
    ]);
    expect(between(['🚫'], ['🚫', '👤'])).toEqual(
      [11, 12].flatMap((face) => [`${face} Q1 no`, `${face} Q3 no`]),
    );
  });

  it('of a project with one person is a no', () => {
    expect(between([], ['👤'], ['Q2'])).toEqual(['11 Q2 no', '12 Q2 no']);
  });
});
