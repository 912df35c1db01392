import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from '../../../src/cli/review/random.ts';
import { standingVotesOf } from '../../../src/core/review/standing.ts';
import { projectStatistics } from '../../../src/core/statistics/project.ts';
import { projectTally } from '../../../src/core/statistics/tally.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addBigProject, type BigProject } from '../../support/big-project.ts';
import { engines, freshStore } from '../../support/stores.ts';

const NOW = Date.UTC(2026, 5, 30);

describe.each(engines())('statistics of a project on %s', (kind) => {
  let store: Store;
  let dispose: () => Promise<void>;
  let project: BigProject;
  beforeAll(async () => {
    ({ store, dispose } = await freshStore(kind));
    project = await addBigProject(store, { faces: 150, now: NOW, decided: 0.9, days: 20 });
  });
  afterAll(() => dispose());

  /** What the votes say, one by one. */
  const counted = async () => {
    const votes = [...(await standingVotesOf(store.db, project.id, null)).values()].flat();
    const days = Map.groupBy(votes, (vote) => new Date(vote.votedAt).toISOString().slice(0, 10));
    return {
      answers: votes.length,
      voters: new Set(votes.map((vote) => vote.accountId)).size,
      days: [...days]
        .map(([day, own]) => ({ day, answers: own.length }))
        .sort((a, b) => (a.day < b.day ? -1 : 1)),
    };
  };

  test('the database counts the votes that stand, and no others', async () => {
    const { db } = store;
    const random = seeded(5);
    const votes = await db.selectFrom('votes').selectAll().where('project_id', '=', project.id).execute();
    const before = (await counted()).answers;
    // Some were said again, some were taken back, some undone, some asked anew.
    for (const vote of votes) {
      const chance = random();
      const { id: _id, ...row } = vote;
      if (chance < 0.1) {
        const answer = chance < 0.05 ? null : ('unsure' as const);
        await db
          .insertInto('votes')
          .values({ ...row, answer, voted_at: vote.voted_at + 90_000_000 })
          .execute();
      } else if (chance < 0.15) {
        await db
          .updateTable('ballots')
          .set({ undone_at: NOW })
          .where('id', '=', vote.ballot_id ?? 0)
          .execute();
      } else if (chance < 0.2) {
        await db
          .insertInto('reopenings')
          .values({
            project_id: project.id,
            face_id: vote.face_id,
            person: vote.person,
            after_vote: vote.id,
            account_id: project.owner,
            reopened_at: NOW,
          })
          .execute();
      }
    }
    // One member is banned, of whom some votes are kept; of another one they were, until everything was recounted.
    for (const [member, recounted_at] of [
      [project.members[1] ?? 0, null],
      [project.members[2] ?? 0, NOW],
    ] as const) {
      await db
        .updateTable('project_members')
        .set({ status: 'banned', banned_at: NOW, banned_after: 1, recounted_at })
        .where('project_id', '=', project.id)
        .where('account_id', '=', member)
        .execute();
      const kept = votes.filter((vote) => vote.account_id === member).slice(0, 6);
      await db
        .insertInto('kept_votes')
        .values(kept.map((vote) => ({ vote_id: vote.id, project_id: project.id, account_id: member })))
        .execute();
    }
    const wanted = await counted();
    expect(wanted.answers).toBeLessThan(before);
    expect(wanted.answers).toBeGreaterThan(50);
    const tally = await projectTally(store, project.id);
    expect(await projectStatistics(store, project.id, tally)).toMatchObject(wanted);
  });
});
