import { describe, expect, it } from 'vitest';
import { migrations } from '../../../migrations/index.ts';
import { compareWithVotes } from '../../../src/core/review/replay.ts';
import { undoAnswers } from '../../../src/core/review/undo.ts';
import { castBallot } from '../../../src/core/review/votes.ts';
import { migrate } from '../../../src/core/store/migrate.ts';
import { openStore } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addOldVotes } from '../../support/old-votes.ts';
import { emptyDatabase, engines } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';
import { standingVotes } from './support.ts';

describe.each(engines())('votes of an earlier version on %s', (kind) => {
  it('count on, and are answers that can be undone', async () => {
    const database = await emptyDatabase(kind);
    const store = openStore(database.address);
    try {
      const before = Object.entries(migrations).filter(([name]) => name < '0006');
      await migrate(store, Object.fromEntries(before));
      const { projectId, accountId, faceId } = await addOldVotes(store);
      await store.db
        .insertInto('verdicts')
        .values({
          project_id: projectId,
          face_id: faceId,
          person: 'Q1',
          verdict: 'match',
          source: 'votes',
          changed_at: 1,
        })
        .execute();
      await migrate(store, migrations);
      const deps = { store, clock: fakeClock(), nudges: notedNudges() };
      const said = async () =>
        (await standingVotes(store.db, projectId, faceId, 'Q1')).map((vote) => vote.answer);
      const undo = () => undoAnswers(deps, { projectId, accountId, count: 1 });
      expect(await compareWithVotes(store.db, projectId)).toEqual([]);
      await undo();
      expect(await said()).toEqual(['no']);
      // What was taken over from another program is nobody's last answer.
      expect([(await undo()).answers, (await undo()).answers]).toEqual([1, 0]);
      expect(await said()).toEqual(['yes']);
      // New ballots have numbers of their own.
      const ballot = {
        projectId,
        accountId,
        answers: [{ faceId, person: 'Q1', answer: 'no' as const }],
        questionId: null,
        platform: 'web',
      };
      expect((await castBallot(deps, ballot)).cast).toBe(1);
      expect(await compareWithVotes(store.db, projectId)).toEqual([]);
    } finally {
      await store.close();
      await database.drop();
    }
  });
});
