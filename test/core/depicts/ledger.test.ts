import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pairsToWrite } from '../../../src/core/depicts/ledger.ts';
import { startRun } from '../../../src/core/depicts/runs.ts';
import type { ClaimState } from '../../../src/core/store/schema.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { memoryStore } from '../../support/desk.ts';
import { addMember, addProject } from '../../support/people.ts';
import { addFile, addToProject } from '../../support/pictures.ts';
import { addMatch, claims, pagesToWrite, type WritingDesk, writingDesk } from './support.ts';

let store: Store;
beforeEach(async () => {
  store = await memoryStore();
});
afterEach(() => store.close());

async function settle(pageId: number, state: ClaimState, changedAt = 100): Promise<void> {
  await store.db
    .updateTable('sdc_claims')
    .set({ state, changed_at: changedAt })
    .where('page_id', '=', pageId)
    .execute();
}

async function endRuns(): Promise<void> {
  await store.db.updateTable('runs').set({ state: 'done' }).execute();
}

describe('what there is to write', () => {
  it('is what people have agreed on, and nothing else', async () => {
    const { id } = await addProject(store);
    const match = await addMatch(store, id);
    const decided = await addMatch(store, id, { source: 'owner' });
    await addMatch(store, id, { verdict: 'no_match' });
    await addMatch(store, id, { verdict: 'disputed' });
    await addMatch(store, id, { verdict: 'open' });
    await addMatch(store, id, { source: 'bootstrap' });
    expect(await pagesToWrite(store, id)).toEqual([match.pageId, decided.pageId]);
  });

  it('names the file and the person for the preview', async () => {
    const { id } = await addProject(store);
    const match = await addMatch(store, id);
    expect(await pairsToWrite(store.db, id)).toEqual([
      {
        pageId: match.pageId,
        person: 'Q1',
        faceId: match.faceId,
        title: `File:Picture ${match.pageId}.jpg`,
        pageUrl: `https://wiki.example/File:${match.pageId}`,
        label: 'Person Q1',
      },
    ]);
  });

  it('is one statement for two faces of a person in a file, and two for two persons', async () => {
    const { id } = await addProject(store, {}, ['Q1', 'Q2']);
    const first = await addMatch(store, id);
    await addMatch(store, id, { fileId: first.fileId });
    await addMatch(store, id, { fileId: first.fileId, person: 'Q2' });
    const pairs = await pairsToWrite(store.db, id);
    expect(pairs.map((pair) => pair.person).sort()).toEqual(['Q1', 'Q2']);
    expect(pairs.find((pair) => pair.person === 'Q1')?.faceId).toBe(first.faceId);
  });

  it('leaves files out that are gone from the wiki', async () => {
    const { id } = await addProject(store);
    await addMatch(store, id, { fileId: await addFile(store, id, { state: 'gone' }) });
    expect(await pagesToWrite(store, id)).toEqual([]);
  });

  it.each<ClaimState>(['queued', 'writing', 'written', 'present', 'removing'])(
    'leaves out what another project has in the ledger as %s',
    async (state) => {
      const desk = await writingDesk(store, { matches: 1 });
      const [match] = desk.matches;
      if (!match) throw new Error('no match');
      await desk.start();
      await settle(match.pageId, state);
      const other = await addProject(store);
      await addToProject(store, other.id, match.fileId);
      await addMatch(store, other.id, { fileId: match.fileId });
      expect(await pagesToWrite(store, other.id)).toEqual([]);
      expect(await pagesToWrite(store, desk.projectId)).toEqual([]);
    },
  );

  it('has failed ones again, under the statement id that they had', async () => {
    const { matches, projectId, start } = await oneMatch();
    await start();
    const before = (await claims(store)).get(matches.pageId)?.statement_id;
    await settle(matches.pageId, 'failed');
    await endRuns();
    expect(await pagesToWrite(store, projectId)).toEqual([matches.pageId]);
    const again = await start();
    expect((await claims(store)).get(matches.pageId)).toMatchObject({
      statement_id: before,
      state: 'queued',
      run_id: again,
    });
  });

  it('has those that were taken back only when people agreed anew since, under a new statement id', async () => {
    const { matches, projectId, start } = await oneMatch();
    await start();
    const before = (await claims(store)).get(matches.pageId)?.statement_id;
    await settle(matches.pageId, 'removed', 100);
    await endRuns();
    const agreeAt = (at: number) => store.db.updateTable('verdicts').set({ changed_at: at }).execute();
    await agreeAt(100);
    expect(await pagesToWrite(store, projectId)).toEqual([]);
    await expect(start()).rejects.toMatchObject({ code: 'conflict' });
    await agreeAt(101);
    expect(await pagesToWrite(store, projectId)).toEqual([matches.pageId]);
    const again = await start();
    const after = (await claims(store)).get(matches.pageId);
    expect(after).toMatchObject({ state: 'queued', run_id: again, undo_run_id: null });
    expect(after?.statement_id).not.toBe(before);
  });

  it('lets another project take over what failed', async () => {
    const { matches, start } = await oneMatch();
    await start();
    await settle(matches.pageId, 'failed');
    const other = await addProject(store);
    await addToProject(store, other.id, matches.fileId);
    await addMatch(store, other.id, { fileId: matches.fileId });
    const member = await addMember(store, other.id);
    const { deps } = await writingDesk(store, { matches: 0 });
    const runId = await startRun(deps, { projectId: other.id, accountId: member });
    expect((await claims(store)).get(matches.pageId)).toMatchObject({
      project_id: other.id,
      account_id: member,
      run_id: runId,
      state: 'queued',
    });
  });
});

async function oneMatch(): Promise<
  Omit<WritingDesk, 'matches'> & { matches: WritingDesk['matches'][number] }
> {
  const desk = await writingDesk(store, { matches: 1 });
  const [matches] = desk.matches;
  if (!matches) throw new Error('no match');
  return { ...desk, matches };
}
