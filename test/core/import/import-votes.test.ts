import { describe, expect, inject, it } from 'vitest';
import { pairsToWrite } from '../../../src/core/depicts/ledger.ts';
import { engines } from '../../support/stores.ts';
import { LATER } from './old-rows.ts';
import { importDesk } from './support.ts';

describe.skipIf(!inject('mariadb')).each(engines())('votes taken over into %s', (kind) => {
  it('makes votes of what people said, and verdicts of those', async () => {
    const { store, fill, run, rows } = await importDesk(kind);
    await fill();
    const { leftOut } = await run();
    expect(await rows.verdicts()).toEqual([
      { page_id: 101, person: 'Q1', verdict: 'match', source: 'votes' },
      { page_id: 101, person: 'Q33', verdict: 'match', source: 'votes' },
      { page_id: 101, person: 'Q1', verdict: 'no_match', source: 'votes' },
      { page_id: 102, person: 'Q1', verdict: 'match', source: 'bootstrap' },
      { page_id: 105, person: 'Q1', verdict: 'match', source: 'votes' },
      { page_id: 110, person: 'Q1', verdict: 'match', source: 'votes' },
      { page_id: 111, person: 'Q1', verdict: 'match', source: 'votes' },
      { page_id: 120, person: 'Q2', verdict: 'match', source: 'votes' },
    ]);
    const votes = await store.db
      .selectFrom('votes')
      .innerJoin('account_profiles', 'account_profiles.account_id', 'votes.account_id')
      .select(['username', 'answer', 'voted_at', 'platform'])
      .where('face_id', '=', (await rows.faces(111))[0]?.id ?? 0)
      .orderBy('username')
      .execute();
    const vote = { answer: 'yes', voted_at: LATER.getTime(), platform: 'import' };
    expect(votes).toEqual([
      { username: 'Ada', ...vote },
      { username: 'Ben', ...vote },
    ]);
    expect(leftOut.filter((row) => row.kind === 'labels')).toEqual(
      expect.arrayContaining([
        { kind: 'labels', reason: 'of the old matcher, not of a person', count: 1 },
        { kind: 'labels', reason: 'of a person whose account is not there any more', count: 1 },
        { kind: 'labels', reason: 'the wiki does not say it any more', count: 1 },
        { kind: 'labels', reason: 'about a face or file that is left out', count: 2 },
      ]),
    );
  });

  it('believes the wiki about what was written', async () => {
    const { store, fill, run, rows } = await importDesk(kind);
    const { standing } = await fill();
    const { taken, leftOut } = await run();
    const claims = await store.db.selectFrom('sdc_claims').selectAll().orderBy('page_id').execute();
    expect(claims).toMatchObject([
      { page_id: 101, person: 'Q1', state: 'present', statement_id: standing },
      { page_id: 109, person: 'Q1', state: 'removed' },
    ]);
    expect(claims[0]?.reason).toContain('not ours to remove');
    expect(taken).toMatchObject({
      'written statements': 1,
      'written statements that somebody has removed since': 1,
    });
    expect(leftOut).toContainEqual({
      kind: 'written statements',
      reason: 'marked as written, but the wiki does not have them',
      count: 1,
    });
    const [first] = await rows.projects();
    // 101 stands, 109 was removed; what was only marked as written can be written now.
    const pairs = await pairsToWrite(store.db, first?.id ?? 0);
    expect(pairs.map((pair) => pair.pageId)).toEqual([105, 110, 111]);
    const depicts = await store.db
      .selectFrom('project_files')
      .innerJoin('files', 'files.id', 'project_files.file_id')
      .select(['page_id', 'depicts', 'depicts_read_at'])
      .where('depicts', 'is not', null)
      .execute();
    expect(depicts).toMatchObject([{ page_id: 102, depicts: 'Q1' }]);
  });
});
