import { beforeEach, describe, expect, it } from 'vitest';
import { requestStop } from '../../../src/core/depicts/runs.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { refusal } from '../../support/fake-wiki.ts';
import { engines, useStore } from '../../support/stores.ts';
import { claimStates, claims, pagesToWrite, runState, writingDesk } from './support.ts';
import { endRuns } from './writer-support.ts';

describe.each(engines())('a stop of writing on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(() => endRuns(store));

  it('ends within five claims of a stop, and lets go of what it did not get to', async () => {
    const { deps, wiki, matches, member, projectId, start } = await writingDesk(store, { matches: 30 });
    const runId = await start();
    let after = 0;
    wiki.onSaved = async () => {
      if (wiki.edits.length === 10) await requestStop(deps, { runId, accountId: member });
      else if (wiki.edits.length > 10) after++;
    };
    await writeStep(deps);
    expect(after).toBeLessThan(5);
    expect(await runState(store, runId)).toBe('stopped');
    const written = wiki.edits.map((edit) => edit.pageId);
    const ledger = await claims(store);
    for (const { pageId } of matches) {
      expect(ledger.get(pageId)?.state).toBe(written.includes(pageId) ? 'written' : undefined);
    }
    expect(await pagesToWrite(store, projectId)).toHaveLength(30 - written.length);
  });

  it('ends a run that is stopped while it is paused', async () => {
    const { deps, wiki, matches, member, projectId, start } = await writingDesk(store);
    wiki.onRequest = () => {
      throw refusal('this_account', 'blocked');
    };
    const runId = await start();
    await writeStep(deps);
    expect(await runState(store, runId)).toBe('paused');
    await requestStop(deps, { runId, accountId: member });
    expect(await writeStep(deps)).toBe(true);
    expect(await runState(store, runId)).toBe('stopped');
    expect(await claimStates(store, matches)).toEqual(['failed', null, null]);
    expect(await pagesToWrite(store, projectId)).toHaveLength(3);
    wiki.onRequest = () => {};
    await start();
  });

  it('ends a run that is stopped while it waits, without asking the wiki', async () => {
    const { deps, wiki, matches, member, start } = await writingDesk(store);
    wiki.onRead = () => {
      throw refusal('later', 'NETWORK', { statement: 'not_sent' });
    };
    const runId = await start();
    await writeStep(deps);
    await requestStop(deps, { runId, accountId: member });
    expect(await writeStep(deps)).toBe(true);
    expect(await runState(store, runId)).toBe('stopped');
    expect(await claimStates(store, matches)).toEqual([null, null, null]);
    expect(wiki.reads).toHaveLength(1);
  });
});
