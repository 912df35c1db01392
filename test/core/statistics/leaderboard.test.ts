import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentLog } from '../../../src/core/platform/log.ts';
import { purgeStep } from '../../../src/core/privacy/purge.ts';
import { deleteProject } from '../../../src/core/projects/states.ts';
import { undoAnswers } from '../../../src/core/review/undo.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import { leaderboard, setHidden } from '../../../src/core/statistics/leaderboard.ts';
import { projectStatistics } from '../../../src/core/statistics/project.ts';
import { projectTally } from '../../../src/core/statistics/tally.ts';
import type { Answer } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { addFace, addFile } from '../../support/pictures.ts';
import { addRun } from '../../support/runs.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

describe.each(engines())('the leaderboard on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let clock: ReturnType<typeof fakeClock>;
  let project: number;
  let owner: number;
  let faces: number[];
  beforeEach(async () => {
    clock = fakeClock();
    ({ store, dispose } = await freshStore(kind));
    ({ id: project, owner } = await addProject(store));
    const file = await addFile(store, project);
    faces = [await addFace(store, file), await addFace(store, file), await addFace(store, file)];
  });
  afterEach(() => dispose());

  const vote = (accountId: number, face: number, answer: Answer | null) =>
    castBallot(
      { store, clock, nudges: notedNudges() },
      {
        projectId: project,
        accountId,
        answers: [{ faceId: faces[face] ?? 0, person: 'Q1', answer }],
        questionId: null,
        platform: 'web',
      },
    );
  const member = async (username: string) =>
    addMember(store, project, { accountId: await addAccount(store, { username }) });
  const board = async (period: 'all' | 'month' | 'day' = 'all') =>
    (await leaderboard(store, period, clock.now())).map(
      ({ username, answers, written }) => `${username} ${answers} ${written}`,
    );
  const claim = async (accountId: number, pageId: number, state: 'written' | 'removed') => {
    const run_id = await addRun(store, project, accountId);
    await store.db
      .insertInto('sdc_claims')
      .values({
        page_id: pageId,
        person: 'Q1',
        project_id: project,
        face_id: null,
        statement_id: `M${pageId}$x`,
        state,
        reason: null,
        account_id: accountId,
        run_id,
        undo_run_id: null,
        revision: null,
        changed_at: clock.now(),
      })
      .execute();
  };

  test('counts answers that stand, once for each face, and statements that are there', async () => {
    const [anna, bo] = [await member('Anna'), await member('Bo')];
    await vote(anna, 0, 'yes');
    await vote(anna, 0, 'no');
    await vote(anna, 0, 'yes');
    await vote(anna, 1, 'unsure');
    await vote(bo, 0, 'yes');
    await vote(bo, 1, 'yes');
    await vote(bo, 1, null);
    await claim(bo, 1, 'written');
    await claim(bo, 2, 'removed');
    expect(await board()).toEqual(['Anna 2 0', 'Bo 1 1']);
  });

  test('what was undone was never said; what stood before stands again', async () => {
    const anna = await member('Anna');
    await vote(anna, 0, 'yes');
    await vote(anna, 1, 'yes');
    await vote(anna, 0, null);
    expect(await board()).toEqual(['Anna 1 0']);
    const undo = (count: number) =>
      undoAnswers({ store, clock, nudges: notedNudges() }, { projectId: project, accountId: anna, count });
    await undo(1);
    expect(await board()).toEqual(['Anna 2 0']);
    await undo(2);
    expect(await board()).toEqual([]);
  });

  test('knows 24 hours and 30 days', async () => {
    const anna = await member('Anna');
    await vote(anna, 0, 'yes');
    clock.advance(2 * DAY);
    await vote(anna, 1, 'yes');
    expect([await board('day'), await board('month'), await board('all')]).toEqual([
      ['Anna 1 0'],
      ['Anna 2 0'],
      ['Anna 2 0'],
    ]);
    clock.advance(29 * DAY);
    expect([await board('day'), await board('month'), await board('all')]).toEqual([
      [],
      ['Anna 1 0'],
      ['Anna 2 0'],
    ]);
  });

  test('leaves out who does not want to stand there, former members, and what banned members said', async () => {
    const [anna, bo, chen] = [await member('Anna'), await member('Bo'), await member('Chen')];
    for (const account of [anna, bo, chen]) await vote(account, 0, 'yes');
    await setHidden(store, anna, true);
    await store.db.deleteFrom('account_profiles').where('account_id', '=', bo).execute();
    expect(await board()).toEqual(['Chen 1 0']);
    await store.db
      .updateTable('project_members')
      .set({ status: 'banned' })
      .where('account_id', '=', chen)
      .execute();
    await setHidden(store, anna, false);
    expect(await board()).toEqual(['Anna 1 0']);
  });

  test('survives deleted projects, in each period', async () => {
    const anna = await member('Anna');
    await vote(anna, 0, 'yes');
    await vote(anna, 0, 'no');
    clock.advance(2 * DAY);
    await vote(anna, 1, 'yes');
    await vote(anna, 2, 'yes');
    await vote(anna, 2, null);
    await claim(anna, 1, 'written');
    const before = [await board('day'), await board('month'), await board('all')];
    expect(before).toEqual([['Anna 1 1'], ['Anna 2 1'], ['Anna 2 1']]);
    await deleteProject({ store, clock, nudges: notedNudges() }, { projectId: project, accountId: owner });
    while (await purgeStep({ store, clock, log: silentLog, workerId: 'w' })) {}
    expect(await store.db.selectFrom('votes').selectAll().execute()).toEqual([]);
    expect([await board('day'), await board('month'), await board('all')]).toEqual(before);
  });

  test('statistics of a project: verdicts by where they came from, answers by day and for each statement', async () => {
    const [anna, bo] = [await member('Anna'), await member('Bo')];
    await vote(anna, 0, 'yes');
    await vote(bo, 0, 'no');
    await vote(owner, 0, 'yes');
    await vote(anna, 1, 'no');
    clock.advance(DAY);
    await vote(bo, 1, 'no');
    await claim(anna, 1, 'written');
    await claim(anna, 2, 'written');
    const statistics = await projectStatistics(store, project, await projectTally(store, project));
    expect(statistics).toMatchObject({ answers: 5, voters: 3, written: 2, answersPerClaim: 2.5 });
    expect(statistics.verdicts).toEqual([
      { source: 'owner', verdict: 'match', count: 1 },
      { source: 'votes', verdict: 'no_match', count: 1 },
    ]);
    expect(statistics.days.map((day) => day.answers)).toEqual([4, 1]);
  });
});
