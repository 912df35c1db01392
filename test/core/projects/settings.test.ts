import { describe, expect, it } from 'vitest';
import {
  changeSettings,
  type ProjectSettings,
  projectSettings,
} from '../../../src/core/projects/settings.ts';
import { compareWithVotes } from '../../../src/core/review/replay.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('settings on %s', (kind) => {
  let store: Store;
  const clock = fakeClock();
  const nudges = notedNudges();
  const deps = () => ({ store, clock, nudges });
  useStore(kind, (fresh) => {
    store = fresh;
  });

  const AS_MADE: ProjectSettings = {
    title: 'A project',
    language: 'en',
    votesNeeded: 1,
    threshold: 0.6,
    minConfirmed: 2,
    open: false,
    matching: true,
    smallFaces: false,
    depth: 3,
    fileCap: 9000,
  };
  const change = (projectId: number, accountId: number, wish: Partial<ProjectSettings>) =>
    changeSettings(deps(), { projectId, accountId, settings: { ...AS_MADE, ...wish } });
  const row = (id: number) =>
    store.db
      .selectFrom('projects')
      .select(['change_number', 'crawl_wanted_at'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();

  it('keeps what an owner wants, and says in the log what it was before', async () => {
    const { id, owner } = await addProject(store);
    const wish: ProjectSettings = {
      title: 'Élodie & friends',
      language: 'fr',
      votesNeeded: 3,
      threshold: 0.45,
      minConfirmed: 5,
      open: true,
      matching: false,
      smallFaces: true,
      depth: 0,
      fileCap: 120,
    };
    await change(id, owner, { ...wish, title: `  ${wish.title} ` });
    expect(await projectSettings(store, id)).toEqual(wish);
    const entry = await store.db
      .selectFrom('audit')
      .select(['action', 'detail', 'account_id'])
      .where('subject', '=', `project ${id}`)
      .executeTakeFirstOrThrow();
    expect([entry.action, entry.account_id]).toEqual(['settings changed', owner]);
    expect(JSON.parse(entry.detail)).toMatchObject({ threshold: [0.6, 0.45], open: [false, true] });
  });

  it('is for owners alone', async () => {
    const { id } = await addProject(store);
    for (const account of [
      await addMember(store, id),
      await addAccount(store),
      (await addProject(store)).owner,
    ])
      await expect(change(id, account, { title: 'Mine' })).rejects.toMatchObject({ code: 'forbidden' });
    expect(await projectSettings(store, id)).toEqual(AS_MADE);
  });

  it('has the matcher look again when what it goes by has changed, and only then', async () => {
    const { id, owner } = await addProject(store);
    let before = (await row(id)).change_number;
    for (const wish of [{ threshold: 0.5 }, { minConfirmed: 3 }, { matching: false }]) {
      await change(id, owner, wish);
      const { change_number } = await row(id);
      expect(change_number, JSON.stringify(wish)).toBeGreaterThan(before);
      await change(id, owner, {});
      before = (await row(id)).change_number;
    }
    nudges.topics.length = 0;
    await change(id, owner, { title: 'Another', open: true, language: 'nb', smallFaces: true });
    expect((await row(id)).change_number).toBe(before);
    expect(nudges.topics).toContain(`project:${id}`);
  });

  it('wants the category read again when the depth changes, and only then', async () => {
    const { id, owner } = await addProject(store);
    await change(id, owner, { threshold: 0.5 });
    expect((await row(id)).crawl_wanted_at).toBeNull();
    await change(id, owner, { depth: 1 });
    expect((await row(id)).crawl_wanted_at).toBe(clock.now());
  });

  it('takes more files when an administrator of the site says so, and what they said stays', async () => {
    const { id, owner } = await addProject(store);
    const admin = await addAccount(store);
    await store.db
      .insertInto('administrators')
      .values({ account_id: admin, name: `Admin ${admin}`, since: 0 })
      .execute();
    await expect(change(id, admin, { fileCap: 50_001 })).rejects.toMatchObject({ code: 'bad_input' });
    await change(id, admin, { fileCap: 50_000 });
    expect((await row(id)).crawl_wanted_at).toBe(clock.now());
    await change(id, owner, { title: 'Larger', fileCap: 50_000 });
    const { fileCap: _left, ...without } = AS_MADE;
    await changeSettings(deps(), { projectId: id, accountId: owner, settings: without });
    expect((await projectSettings(store, id))?.fileCap).toBe(50_000);
    await expect(change(id, owner, { fileCap: 40_000 })).rejects.toMatchObject({ code: 'bad_input' });
  });

  it('counts the votes again when another number of them is needed', async () => {
    const { id, owner } = await addProject(store);
    const faceId = await addFace(store, await addFile(store, id));
    await castBallot(deps(), {
      projectId: id,
      accountId: owner,
      answers: [{ faceId, person: 'Q1', answer: 'yes' }],
      questionId: null,
      platform: 'web',
    });
    const verdict = async () =>
      (
        await store.db
          .selectFrom('verdicts')
          .select('verdict')
          .where('face_id', '=', faceId)
          .executeTakeFirstOrThrow()
      ).verdict;
    expect(await verdict()).toBe('match');
    await change(id, owner, { votesNeeded: 2 });
    expect([await verdict(), await compareWithVotes(store.db, id)]).toEqual(['open', []]);
    await change(id, owner, { votesNeeded: 1 });
    expect([await verdict(), await compareWithVotes(store.db, id)]).toEqual(['match', []]);
  });

  it('refuses what makes no sense, and changes nothing then', async () => {
    const { id, owner } = await addProject(store);
    const wrong: Partial<ProjectSettings>[] = [
      { title: '  ' },
      { title: 'x'.repeat(256) },
      { language: 'en"><b>' },
      { language: '' },
      { votesNeeded: 0 },
      { votesNeeded: 6 },
      { votesNeeded: 1.5 },
      { threshold: Number.NaN },
      { threshold: 0.05 },
      { minConfirmed: 0 },
      { minConfirmed: 101 },
      { depth: -1 },
      { depth: 11 },
      { depth: Number.POSITIVE_INFINITY },
      { fileCap: 0 },
      { fileCap: 9001 },
      { fileCap: 1.5 },
      { fileCap: Number.NaN },
    ];
    for (const wish of wrong) {
      await expect(change(id, owner, wish), JSON.stringify(wish)).rejects.toMatchObject({
        code: 'bad_input',
      });
    }
    expect(await projectSettings(store, id)).toEqual(AS_MADE);
  });

  it('knows no deleted project', async () => {
    const { id, owner } = await addProject(store, { state: 'deleted' });
    expect(await projectSettings(store, id)).toBeNull();
    await expect(change(id, owner, {})).rejects.toMatchObject({ code: 'not_found' });
  });
});
