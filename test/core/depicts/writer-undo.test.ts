import { beforeEach, describe, expect, it } from 'vitest';
import { hasPairsToWrite } from '../../../src/core/depicts/ledger.ts';
import { previewRun, requestStop, startRun, startUndo } from '../../../src/core/depicts/runs.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { refusal } from '../../support/fake-wiki.ts';
import { engines, useStore } from '../../support/stores.ts';
import { claimStates, claims, runState, writingDesk } from './support.ts';
import { endRuns } from './writer-support.ts';

describe.each(engines())('taking statements back on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(() => endRuns(store));

  it('keeps statements whose undo was stopped, and takes them back another time', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store, { matches: 4 });
    const runId = await start();
    await writeStep(deps);
    const undoId = await startUndo(deps, { runId, accountId: member });
    wiki.onSaved = () => requestStop(deps, { runId: undoId, accountId: member });
    await writeStep(deps);
    wiki.onSaved = () => {};
    expect(await runState(store, undoId)).toBe('stopped');
    const states = await claimStates(store, matches);
    expect(states[0]).toBe('removed');
    expect(states.at(-1)).toBe('written');
    for (const [i, { pageId }] of matches.entries())
      expect(wiki.persons(pageId)).toEqual(states[i] === 'written' ? ['Q1'] : []);
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(Array(4).fill('removed'));
    expect(matches.flatMap(({ pageId }) => wiki.persons(pageId))).toEqual([]);
  });

  it('takes back our statements alone, and counts those that are gone as taken back', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    const [first, second] = matches;
    if (!first || !second) throw new Error('no match');
    const runId = await start();
    await writeStep(deps);
    // Somebody took ours out and recorded the person anew; and somebody added a statement beside ours.
    await wiki.removeStatement({
      statementId: (await claims(store)).get(first.pageId)?.statement_id ?? '',
      summary: '',
      account: { name: 'Somebody', accessToken: async () => '', refresh: async () => '' },
    });
    wiki.record(first.pageId, 'Q1');
    wiki.record(second.pageId, 'Q1');
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['removed', 'removed', 'removed']);
    expect(matches.map(({ pageId }) => wiki.persons(pageId).length)).toEqual([1, 1, 0]);
    expect((await claims(store)).get(first.pageId)?.reason).toContain('not there any more');
  });

  it('writes what it took back again when somebody asks for that, but never what other people took off', async () => {
    const { deps, wiki, matches, member, projectId, start } = await writingDesk(store);
    const [first] = matches;
    if (!first) throw new Error('no match');
    const runId = await start();
    await writeStep(deps);
    const before = await claims(store);
    await wiki.removeStatement({
      statementId: before.get(first.pageId)?.statement_id ?? '',
      summary: '',
      account: { name: 'Somebody', accessToken: async () => '', refresh: async () => '' },
    });
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    const ours = matches.slice(1).map(({ pageId }) => pageId);
    const preview = await previewRun(store, projectId);
    expect(preview.pairs).toEqual([]);
    expect(preview.takenBack.map(({ pageId }) => pageId)).toEqual(ours);
    expect(await hasPairsToWrite(store.db, projectId)).toBe(true);
    await expect(start()).rejects.toMatchObject({ say: { key: 'refusal-only-taken-back', params: [2] } });

    const again = await startRun(deps, { projectId, accountId: member, again: true });
    const started = store.db.selectFrom('audit').select('detail').where('subject', '=', `run ${again}`);
    expect((await started.executeTakeFirstOrThrow()).detail).toContain('"again":true');
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['removed', 'written', 'written']);
    expect(matches.map(({ pageId }) => wiki.persons(pageId).length)).toEqual([0, 1, 1]);
    const after = await claims(store);
    for (const page of ours) expect(after.get(page)?.statement_id).not.toBe(before.get(page)?.statement_id);
    await expect(startRun(deps, { projectId, accountId: member, again: true })).rejects.toMatchObject({
      say: { key: 'refusal-nothing-to-write-again' },
    });
    expect(await hasPairsToWrite(store.db, projectId)).toBe(false);
  });

  it('leaves a statement ours that a protected file keeps', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    const runId = await start();
    await writeStep(deps);
    wiki.onRequest = (pageId) => {
      if (pageId === matches[1]?.pageId) throw refusal('this_file', 'protectedpage');
    };
    const undoId = await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await runState(store, undoId)).toBe('done');
    expect(await claimStates(store, matches)).toEqual(['removed', 'written', 'removed']);
    wiki.onRequest = () => {};
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['removed', 'removed', 'removed']);
  });
});
