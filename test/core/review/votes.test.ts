import { describe, expect, it } from 'vitest';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addPortrait } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { votingDesk } from './votes-support.ts';

describe.each(engines())('votes on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('make a verdict of as many agreeing members as the project needs', async () => {
    const { project, faceId, nudges, cast, verdict, member, changeNumber } = await votingDesk(store);
    const [first, second] = [await member(), await member()];
    expect(await cast(first, 'yes')).toEqual({ cast: 1, changes: [] });
    expect(await verdict()).toBe('none');
    // Nobody sees how others voted before there is a verdict, so there is nothing to look at.
    expect(nudges.topics).toEqual([]);
    expect(await changeNumber()).toBe(1);
    expect(await cast(second, 'yes')).toEqual({
      cast: 1,
      changes: [{ faceId, person: 'Q1', before: 'open', after: 'match' }],
    });
    expect(await verdict()).toBe('match by votes');
    expect(nudges.topics).toContain('work');
    expect(nudges.topics).toContain(`project:${project}`);
    expect(await changeNumber()).toBe(2);
  });

  it('make no match of agreeing no', async () => {
    const { cast, verdict, member } = await votingDesk(store);
    for (let i = 0; i < 2; i++) await cast(await member(), 'no');
    expect(await verdict()).toBe('no_match by votes');
  });

  it('keep who said what, where and when', async () => {
    const { project, faceId, clock, cast, votes, member } = await votingDesk(store);
    const account = await member();
    await cast(account, 'unsure');
    expect(await votes()).toMatchObject([
      {
        project_id: project,
        face_id: faceId,
        person: 'Q1',
        account_id: account,
        answer: 'unsure',
        decides: 0,
        question_id: null,
        platform: 'web',
        voted_at: clock.now(),
      },
    ]);
  });

  it('count an answer that is given twice once', async () => {
    const { nudges, cast, verdict, votes, member } = await votingDesk(store);
    const account = await member();
    expect((await cast(account, 'yes')).cast).toBe(1);
    nudges.topics.length = 0;
    expect(await cast(account, 'yes')).toEqual({ cast: 0, changes: [] });
    expect(nudges.topics).toEqual([]);
    expect(await votes()).toHaveLength(1);
    expect(await verdict()).toBe('none');
  });

  it('count one account once, from wherever it votes', async () => {
    const { cast, verdict, standing, member } = await votingDesk(store);
    const account = await member();
    for (const platform of ['discord', 'matrix', 'web']) await cast(account, 'yes', { platform });
    expect(await standing()).toHaveLength(1);
    expect(await verdict()).toBe('none');
  });

  it('are added to, never changed: the last answer of an account counts', async () => {
    const { cast, votes, standing, member } = await votingDesk(store);
    const account = await member();
    await cast(account, 'yes');
    const [first] = await votes();
    await cast(account, 'no');
    await cast(account, 'unsure');
    await cast(account, 'yes');
    const all = await votes();
    expect(all[0]).toEqual(first);
    expect(all.map((vote) => vote.answer)).toEqual(['yes', 'no', 'unsure', 'yes']);
    expect(await standing()).toMatchObject([{ answer: 'yes', accountId: account, id: all[3]?.id }]);
  });

  it('can be taken back', async () => {
    const { cast, verdict, standing, member } = await votingDesk(store);
    const [first, second] = [await member(), await member()];
    await cast(first, 'yes');
    await cast(second, 'yes');
    expect(await cast(first, null)).toMatchObject({
      cast: 1,
      changes: [{ before: 'match', after: 'open' }],
    });
    expect(await verdict()).toBe('open by votes');
    expect(await cast(first, null)).toEqual({ cast: 0, changes: [] });
    expect(await standing()).toHaveLength(1);
    await cast(first, 'yes');
    expect(await verdict()).toBe('match by votes');
  });

  it('take nothing back where nothing was said', async () => {
    const { cast, votes, member } = await votingDesk(store);
    expect(await cast(await member(), null)).toEqual({ cast: 0, changes: [] });
    expect(await votes()).toEqual([]);
  });

  it('leave those who are not sure out', async () => {
    const { cast, verdict, member } = await votingDesk(store);
    const [first, second, third] = [await member(), await member(), await member()];
    await cast(first, 'unsure');
    await cast(second, 'yes');
    expect(await verdict()).toBe('none');
    await cast(third, 'yes');
    expect(await verdict()).toBe('match by votes');
    await cast(third, 'unsure');
    expect(await verdict()).toBe('open by votes');
  });

  it('make a dispute of yes and no, which members cannot end by numbers', async () => {
    const { cast, verdict, member } = await votingDesk(store);
    const people = await Promise.all(Array.from({ length: 4 }, () => member()));
    const [dissenter = 0, ...rest] = people;
    await cast(dissenter, 'no');
    for (const account of rest) await cast(account, 'yes');
    expect(await verdict()).toBe('disputed by votes');
    await cast(dissenter, null);
    expect(await verdict()).toBe('match by votes');
  });

  it('about one person say nothing about another', async () => {
    const { cast, verdict, member } = await votingDesk(store, { votes_needed: 1 }, ['Q1', 'Q2']);
    const account = await member();
    await cast(account, 'no', { person: 'Q1' });
    await cast(account, 'yes', { person: 'Q2' });
    expect([await verdict('Q1'), await verdict('Q2')]).toEqual(['no_match by votes', 'match by votes']);
  });

  it('of a whole ballot are cast together or not at all', async () => {
    const { project, faceId, deps, votes, member } = await votingDesk(store);
    const account = await member();
    const second = await addPortrait(store, project);
    await expect(
      castBallot(deps, {
        projectId: project,
        accountId: account,
        answers: [
          { faceId, person: 'Q1', answer: 'yes' },
          { faceId: second.faceId, person: 'Q9', answer: 'no' },
        ],
        questionId: null,
        platform: 'web',
      }),
    ).rejects.toMatchObject({ code: 'not_found' });
    expect(await votes()).toEqual([]);
  });
});
