import { beforeEach, describe, expect, it } from 'vitest';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { refusal } from '../../support/fake-wiki.ts';
import { engines, useStore } from '../../support/stores.ts';
import { claimStates, runRow, writingDesk } from './support.ts';
import { endRuns } from './writer-support.ts';

describe.each(engines())('writing what may stand there already, on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });
  beforeEach(() => endRuns(store));

  it('knows its own statement again after a lost answer', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store);
    let lost = 0;
    wiki.onSaved = () => {
      if (++lost === 2) throw refusal('later', 'NETWORK', { statement: 'unknown' });
    };
    const runId = await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written', 'writing', 'queued']);
    expect(await runRow(store, runId)).toMatchObject({ state: 'waiting' });
    clock.advance(60_000);
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(wiki.edits).toHaveLength(3);
    expect(matches.map(({ pageId }) => wiki.persons(pageId))).toEqual([['Q1'], ['Q1'], ['Q1']]);
  });

  it('knows it again when the client repeats the request itself and hears of a duplicate', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 1 });
    const set = wiki.setStatement;
    wiki.setStatement = async (statement) => {
      await set(statement);
      return set(statement);
    };
    await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written']);
    expect(wiki.persons(matches[0]?.pageId ?? 0)).toEqual(['Q1']);
  });

  it('looks twice after a duplicate, because a read may come from a copy that is behind', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 1 });
    const set = wiki.setStatement;
    wiki.setStatement = async (statement) => {
      await set(statement);
      const read = wiki.readStatements;
      wiki.readStatements = async (pageIds) => {
        wiki.readStatements = read;
        return new Map(pageIds.map((id) => [id, { exists: false, statements: [], revision: null }]));
      };
      return set(statement);
    };
    await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written']);
  });

  it('sees that a file refused the repetition of what it had taken', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 1 });
    wiki.onSaved = () => {
      throw refusal('this_file', 'protectedpage', { statement: 'unknown' });
    };
    await start();
    await writeStep(deps);
    expect(await claimStates(store, matches)).toEqual(['written']);
  });
});
