import { beforeAll, describe, expect, inject, it } from 'vitest';
import { preparedPhotos } from '../detect/prepared.ts';
import { expectedAnswers } from './journal.ts';
import { inWords, plan } from './plan.ts';
import { recover } from './recovery.ts';
import { tableOf } from './table.ts';

describe('the plan of a recovery run', () => {
  const first = (seed: number, count: number) => {
    const faults = plan(seed, 1_000);
    return Array.from({ length: count }, () => faults.next().value);
  };

  it('is the same for the same seed, and another one for another', () => {
    expect(first(7, 300)).toEqual(first(7, 300));
    expect(first(7, 300).map(({ fault }) => inWords(fault))).not.toEqual(
      first(8, 300).map(({ fault }) => inWords(fault)),
    );
  });

  it('has every kind of fault in every round', () => {
    const kinds = new Set(first(3, 27).map(({ fault }) => fault.kind));
    expect(kinds.size).toBe(14);
  });
});

describe('the journal of a community', () => {
  const faceOf = (messageId: string) => (messageId === 'M' ? 5 : undefined);
  const chat = (emoji: string, change: 'added' | 'taken back', messageId = 'M') =>
    ({ where: 'chat', who: 'Ann', messageId, emoji, change }) as const;

  it('says which answers each person must have, one after the other', () => {
    const said = expectedAnswers(
      [
        chat('✅', 'added'),
        chat('❌', 'added'),
        chat('❌', 'taken back'),
        chat('✅', 'added', 'no question'),
      ],
      faceOf,
    );
    expect(said).toEqual([{ who: 'Ann', faceId: 5, answers: ['yes', 'no', 'yes'], open: false }]);
  });

  it('leaves open what nobody knows', () => {
    const web = (taken: boolean) => ({ where: 'web', who: 'Bo', faceId: 10, answer: 'yes', taken }) as const;
    expect(expectedAnswers([web(false)], faceOf)).toMatchObject([{ answers: [], open: true }]);
    expect(expectedAnswers([web(false), web(true)], faceOf)).toMatchObject([
      { answers: ['yes'], open: false },
    ]);
  });
});

/** The long run is `npm run test:recovery`; how soon everybody is back is measured there. */
describe.runIf(inject('mariadb') && inject('redis'))('everything that can be killed, cut or paused', () => {
  beforeAll(async () => {
    await preparedPhotos();
  }, 300_000);

  it('loses and doubles nothing in a short run', async () => {
    const lines: string[] = [];
    const result = await recover({
      seed: 89,
      minutes: 0.25,
      gapMs: 1_500,
      faces: 30,
      hurry: true,
      say: (line) => lines.push(line),
    });
    for (const one of result.leftOut) process.stderr.write(`\n  LEFT OUT  ${one}\n`);
    const told = `${lines.join('\n')}\n${tableOf(result)}`;
    expect(result.wrong, told).toEqual([]);
    expect(result.returns.length, told).toBeGreaterThan(5);
    expect(result.totals.votes, told).toBeGreaterThan(10);
  }, 900_000);
});
