import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { decide } from '../../../src/core/review/decide.ts';
import { standingVotes } from '../../../src/core/review/standing.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Answer } from '../../../src/core/store/schema.ts';
import { openStore, type Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('votes on %s', (kind) => {
  let store: Store;
  let other: Store;
  let dispose: () => Promise<void>;
  const clock = fakeClock();
  const nudges = notedNudges();
  let project: number;
  let owner: number;
  let faceId: number;
  beforeAll(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    other = openStore(fresh.address, { connections: 8 });
    dispose = async () => {
      await other.close();
      await fresh.dispose();
    };
  });
  afterAll(() => dispose());
  beforeEach(() => begin());

  const begin = async (given: Parameters<typeof addProject>[1] = {}, persons = ['Q1']) => {
    ({ id: project, owner } = await addProject(store, { votes_needed: 2, ...given }, persons));
    ({ faceId } = await addPortrait(store, project));
    nudges.topics.length = 0;
  };
  const cast = (
    accountId: number,
    answer: Answer | null,
    given: {
      faceId?: number;
      person?: string;
      questionId?: number | null;
      which?: Store;
      platform?: string;
    } = {},
  ) => {
    const which = given.which ?? store;
    return castBallot(
      { store: which, clock, nudges },
      {
        projectId: project,
        accountId,
        answers: [{ faceId: given.faceId ?? faceId, person: given.person ?? 'Q1', answer }],
        questionId: given.questionId ?? null,
        platform: given.platform ?? 'web',
      },
    );
  };
  const verdict = async (id = faceId, person = 'Q1') => {
    const row = await store.db
      .selectFrom('verdicts')
      .select(['verdict', 'source'])
      .where('project_id', '=', project)
      .where('face_id', '=', id)
      .where('person', '=', person)
      .executeTakeFirst();
    return row ? `${row.verdict} by ${row.source}` : 'none';
  };
  const votes = (id = faceId) =>
    store.db.selectFrom('votes').selectAll().where('face_id', '=', id).orderBy('id').execute();
  const standing = (id = faceId) => store.transaction((trx) => standingVotes(trx, project, id, 'Q1'));
  const member = (given: Parameters<typeof addMember>[2] = {}) => addMember(store, project, given);
  const changeNumber = async () =>
    (
      await store.db
        .selectFrom('projects')
        .select('change_number')
        .where('id', '=', project)
        .executeTakeFirstOrThrow()
    ).change_number;

  it('make a verdict of as many agreeing members as the project needs', async () => {
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
    for (let i = 0; i < 2; i++) await cast(await member(), 'no');
    expect(await verdict()).toBe('no_match by votes');
  });

  it('keep who said what, where and when', async () => {
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
    const account = await member();
    expect((await cast(account, 'yes')).cast).toBe(1);
    nudges.topics.length = 0;
    expect(await cast(account, 'yes')).toEqual({ cast: 0, changes: [] });
    expect(nudges.topics).toEqual([]);
    expect(await votes()).toHaveLength(1);
    expect(await verdict()).toBe('none');
  });

  it('count one account once, from wherever it votes', async () => {
    const account = await member();
    for (const platform of ['discord', 'matrix', 'web']) {
      await castBallot(
        { store, clock, nudges },
        {
          projectId: project,
          accountId: account,
          answers: [{ faceId, person: 'Q1', answer: 'yes' }],
          questionId: null,
          platform,
        },
      );
    }
    expect(await standing()).toHaveLength(1);
    expect(await verdict()).toBe('none');
  });

  it('are added to, never changed: the last answer of an account counts', async () => {
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
    expect(await cast(await member(), null)).toEqual({ cast: 0, changes: [] });
    expect(await votes()).toEqual([]);
  });

  it('leave those who are not sure out', async () => {
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
    const people = await Promise.all(Array.from({ length: 4 }, () => member()));
    const [dissenter = 0, ...rest] = people;
    await cast(dissenter, 'no');
    for (const account of rest) await cast(account, 'yes');
    expect(await verdict()).toBe('disputed by votes');
    await cast(dissenter, null);
    expect(await verdict()).toBe('match by votes');
  });

  describe('of owners', () => {
    const dispute = async () => {
      await cast(await member(), 'yes');
      await cast(await member(), 'no');
      expect(await verdict()).toBe('disputed by votes');
    };

    it('count like any other as long as there is no verdict', async () => {
      await cast(owner, 'yes');
      expect(await verdict()).toBe('none');
      expect(await votes()).toMatchObject([{ decides: 0 }]);
    });

    it('decide a dispute', async () => {
      await dispute();
      await cast(owner, 'no');
      expect(await verdict()).toBe('no_match by owner');
      await cast(await member(), 'yes');
      await cast(await member(), 'yes');
      expect(await verdict()).toBe('no_match by owner');
    });

    it('go against a verdict', async () => {
      for (let i = 0; i < 3; i++) await cast(await member(), 'yes');
      expect(await verdict()).toBe('match by votes');
      await cast(owner, 'no');
      expect(await verdict()).toBe('no_match by owner');
    });

    it('agree with a verdict without taking it over', async () => {
      for (let i = 0; i < 2; i++) await cast(await member(), 'yes');
      await cast(owner, 'yes');
      expect(await verdict()).toBe('match by votes');
    });

    it('replace the decision of an owner before, again and again', async () => {
      await dispute();
      const second = await member({ role: 'owner' });
      await cast(owner, 'yes');
      expect(await verdict()).toBe('match by owner');
      await cast(second, 'no');
      expect(await verdict()).toBe('no_match by owner');
      await cast(owner, 'yes');
      expect(await verdict()).toBe('match by owner');
      await cast(owner, 'no');
      expect(await verdict()).toBe('no_match by owner');
    });

    it('give the question back to the votes when they are taken back', async () => {
      await dispute();
      await cast(owner, 'yes');
      await cast(owner, null);
      expect(await verdict()).toBe('disputed by votes');
      await cast(owner, 'yes');
      await cast(owner, 'unsure');
      expect(await verdict()).toBe('disputed by votes');
    });

    it('decide a dispute that they are part of, by saying the same again', async () => {
      await cast(owner, 'yes');
      await cast(await member(), 'no');
      expect(await verdict()).toBe('disputed by votes');
      await cast(owner, 'yes');
      expect(await verdict()).toBe('match by owner');
      expect((await cast(owner, 'yes')).cast).toBe(0);
    });

    it('decide nothing when the same reaction is read again', async () => {
      const question = { questionId: 77 };
      await cast(owner, 'yes', question);
      await cast(await member(), 'no');
      expect((await cast(owner, 'yes', question)).cast).toBe(0);
      expect(await verdict()).toBe('disputed by votes');
      await cast(owner, 'yes', { questionId: 78 });
      expect(await verdict()).toBe('match by owner');
    });

    it('do not decide for members', async () => {
      await dispute();
      await cast(await member(), 'yes');
      expect(await verdict()).toBe('disputed by votes');
    });
  });

  it('are for members, and for everybody in the channels of open projects', async () => {
    const stranger = await addAccount(store);
    await expect(cast(stranger, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
    expect(await votes()).toEqual([]);
    await begin({ open: 1, votes_needed: 1 });
    await expect(cast(stranger, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
    await cast(stranger, 'yes', { platform: 'room' });
    expect(await verdict()).toBe('match by votes');
    const row = await store.db
      .selectFrom('project_members')
      .select(['role', 'status'])
      .where('project_id', '=', project)
      .where('account_id', '=', stranger)
      .executeTakeFirst();
    expect(row).toEqual({ role: 'member', status: 'active' });
  });

  it('are not for blocked accounts, in open projects neither', async () => {
    const blocked = await member({ blocked: true });
    await expect(cast(blocked, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
    await begin({ open: 1 });
    await expect(cast(blocked, 'yes', { platform: 'room' })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await votes()).toEqual([]);
    await expect(cast(999_999, 'yes')).rejects.toMatchObject({ code: 'not_signed_in' });
  });

  it('of banned members do not count, and they cast no more', async () => {
    const [good, bad] = [await member(), await member()];
    await cast(bad, 'no');
    await store.db
      .updateTable('project_members')
      .set({ status: 'banned' })
      .where('project_id', '=', project)
      .where('account_id', '=', bad)
      .execute();
    await expect(cast(bad, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
    await cast(good, 'yes');
    await cast(await member(), 'yes');
    expect(await verdict()).toBe('match by votes');
    expect(await standing()).toHaveLength(2);
    expect(await votes()).toHaveLength(3);
  });

  it('are about the faces and persons of the project alone', async () => {
    const account = await member();
    const elsewhere = await addPortrait(store, (await addProject(store)).id);
    await expect(cast(account, 'yes', { faceId: elsewhere.faceId })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(cast(account, 'yes', { person: 'Q2' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(cast(account, 'yes', { faceId: 999_999 })).rejects.toMatchObject({ code: 'not_found' });
    expect(await votes(elsewhere.faceId)).toEqual([]);
  });

  it('are not taken in a deleted project', async () => {
    await store.db.updateTable('projects').set({ state: 'deleted' }).where('id', '=', project).execute();
    await expect(cast(owner, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('about one person say nothing about another', async () => {
    await begin({ votes_needed: 1 }, ['Q1', 'Q2']);
    const account = await member();
    await cast(account, 'no', { person: 'Q1' });
    await cast(account, 'yes', { person: 'Q2' });
    expect([await verdict(faceId, 'Q1'), await verdict(faceId, 'Q2')]).toEqual([
      'no_match by votes',
      'match by votes',
    ]);
  });

  it('of a whole ballot are cast together or not at all', async () => {
    const account = await member();
    const second = await addPortrait(store, project);
    await expect(
      castBallot(
        { store, clock, nudges },
        {
          projectId: project,
          accountId: account,
          answers: [
            { faceId, person: 'Q1', answer: 'yes' },
            { faceId: second.faceId, person: 'Q9', answer: 'no' },
          ],
          questionId: null,
          platform: 'web',
        },
      ),
    ).rejects.toMatchObject({ code: 'not_found' });
    expect(await votes()).toEqual([]);
  });

  describe('about a face that the wiki vouches for', () => {
    beforeEach(async () => {
      await store.db
        .insertInto('verdicts')
        .values({
          project_id: project,
          face_id: faceId,
          person: 'Q1',
          verdict: 'match',
          source: 'bootstrap',
          changed_at: 0,
        })
        .execute();
    });

    it('change nothing until they add up to something', async () => {
      const account = await member();
      await cast(account, 'no');
      expect(await verdict()).toBe('match by bootstrap');
      await cast(await member(), 'no');
      expect(await verdict()).toBe('no_match by votes');
    });

    it('make it a match of people, which counts for the minimum', async () => {
      const before = await changeNumber();
      for (let i = 0; i < 2; i++) await cast(await member(), 'yes');
      expect(await verdict()).toBe('match by votes');
      // The matcher has to count again, although the verdict is the same.
      expect(await changeNumber()).toBeGreaterThan(before);
    });

    it('make a dispute of yes and no', async () => {
      await cast(await member(), 'yes');
      await cast(await member(), 'no');
      expect(await verdict()).toBe('disputed by votes');
    });

    it("go against it when they are an owner's", async () => {
      await cast(owner, 'no');
      expect(await verdict()).toBe('no_match by owner');
    });
  });

  it('of fifty accounts on one face at once add up as if they came one by one', async () => {
    await begin({ votes_needed: 5 });
    const people = await Promise.all(Array.from({ length: 50 }, () => member()));
    const answers: Answer[] = ['yes', 'no', 'unsure', 'yes'];
    const all = (say: (i: number) => Answer | null) =>
      Promise.all(people.map((account, i) => cast(account, say(i), { which: i % 2 ? store : other })));
    await all((i) => answers[i % 4] ?? null);
    expect(await standing()).toHaveLength(50);
    expect(await verdict()).toBe('disputed by votes');
    // Those who said no take it back.
    await all((i) => (i % 4 === 1 ? null : (answers[i % 4] ?? null)));
    expect(await standing()).toHaveLength(37);
    expect(await verdict()).toBe('match by votes');
    await all((i) => (i % 4 === 2 ? 'unsure' : null));
    expect(await verdict()).toBe('open by votes');
  });

  it('of accounts that change their minds at once add up to what stands', async () => {
    await begin({ votes_needed: 3 });
    const people = await Promise.all(Array.from({ length: 6 }, () => member()));
    const answers: (Answer | null)[] = ['yes', 'no', null, 'yes', 'unsure'];
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        cast(people[i % 6] ?? 0, answers[(i * 3) % 5] ?? null, { which: i % 2 ? store : other }),
      ),
    );
    const { verdict: expected } = decide(await standing(), 3);
    expect((await verdict()).split(' ')[0]).toBe(expected);
  });

  it('of fifty accounts that agree make one match', async () => {
    await begin({ votes_needed: 5 });
    const people = await Promise.all(Array.from({ length: 50 }, () => member()));
    const results = await Promise.all(
      people.map((account, i) => cast(account, 'yes', { which: i % 2 ? store : other })),
    );
    expect(results.flatMap((result) => result.changes)).toHaveLength(1);
    expect(await verdict()).toBe('match by votes');
    expect(await standing()).toHaveLength(50);
  });

  it('on many faces at once all come through', async () => {
    await begin({ votes_needed: 1 });
    const account = await member();
    const faces = await Promise.all(
      Array.from({ length: 40 }, async () => (await addPortrait(store, project)).faceId),
    );
    const results = await Promise.all(
      faces.map((id, i) => cast(account, 'yes', { faceId: id, which: i % 2 ? store : other })),
    );
    expect(results.every((result) => result.changes.length === 1)).toBe(true);
    expect(await changeNumber()).toBe(41);
  });

  it('of one account that says the same ten times at once are one', async () => {
    await begin({ open: 1, votes_needed: 1 });
    const account = await addAccount(store);
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        cast(account, 'yes', { which: i % 2 ? store : other, platform: 'room' }),
      ),
    );
    expect(results.reduce((sum, result) => sum + result.cast, 0)).toBe(1);
    expect(await votes()).toHaveLength(1);
  });
});
