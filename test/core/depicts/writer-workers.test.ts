import { beforeEach, describe, expect, it } from 'vitest';
import { requestStop, startUndo } from '../../../src/core/depicts/runs.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import { takeLease } from '../../../src/core/store/leases.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { refusal } from '../../support/fake-wiki.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { asWorker, claimStates, runRow, runState, writingDesk } from './support.ts';
import { auditOf, endRuns } from './writer-support.ts';

describe.each(engines())('writing with several workers on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });
  beforeEach(() => endRuns(store));

  it('gives the rest back when the worker is told to end', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store);
    const ending = new AbortController();
    wiki.onSaved = () => ending.abort();
    const runId = await start();
    await writeStep(deps, ending.signal);
    expect(await runState(store, runId)).toBe('waiting');
    expect(wiki.edits).toHaveLength(1);
    wiki.onSaved = () => {};
    await writeStep(asWorker(deps, 'worker two'));
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(wiki.edits).toHaveLength(3);
  });

  it('writes once when a worker dies between the edit and its own note of it', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store);
    const dying = dyingAfter(store);
    wiki.onSaved = () => {
      if (wiki.edits.length === 2) dying.die();
    };
    const runId = await start();
    await expect(writeStep({ ...deps, store: dying.store })).rejects.toThrow('killed');
    expect(await claimStates(store, matches)).toEqual(['written', 'writing', 'queued']);
    expect(await runState(store, runId)).toBe('working');
    const second = asWorker({ ...deps, store: other }, 'worker two');
    expect(await writeStep(second)).toBe(false);
    clock.advance(3 * 60_000);
    expect(await writeStep(second)).toBe(true);
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(wiki.edits).toHaveLength(3);
    expect(matches.map(({ pageId }) => wiki.persons(pageId))).toEqual([['Q1'], ['Q1'], ['Q1']]);
    expect(await runState(store, runId)).toBe('done');
  });

  it('knows that the edit of a dead worker stands when the run is stopped, so that it can be taken back', async () => {
    const { deps, wiki, clock, matches, member, start } = await writingDesk(store);
    const dying = dyingAfter(store);
    wiki.onSaved = () => dying.die();
    const runId = await start();
    await expect(writeStep({ ...deps, store: dying.store })).rejects.toThrow('killed');
    wiki.onSaved = () => {};
    await requestStop(deps, { runId, accountId: member });
    clock.advance(3 * 60_000);
    await writeStep(asWorker(deps, 'worker two'));
    expect(await runState(store, runId)).toBe('stopped');
    expect(await claimStates(store, matches)).toEqual(['written', null, null]);
    await startUndo(deps, { runId, accountId: member });
    await writeStep(deps);
    expect(wiki.persons(matches[0]?.pageId ?? 0)).toEqual([]);
  });

  it('stops writing when its lease is lost, and leaves the rest to the one who has it', async () => {
    const { deps, wiki, clock, matches, start } = await writingDesk(store);
    const runId = await start();
    const second = asWorker({ ...deps, store: other }, 'worker two');
    wiki.onSaved = async () => {
      wiki.onSaved = () => {};
      // The first worker's request hangs so long that another one takes over and does all the work.
      clock.advance(4 * 60_000);
      expect(await writeStep(second)).toBe(true);
    };
    await writeStep(deps);
    expect(wiki.edits).toHaveLength(3);
    expect(await claimStates(store, matches)).toEqual(['written', 'written', 'written']);
    expect(await runState(store, runId)).toBe('done');
    const entries = await auditOf(store, matches);
    expect(entries.filter((entry) => entry.action === 'statement written')).toHaveLength(3);
  });

  it('keeps its run for as long as it works on it', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 6, editsPerMinute: 1 });
    const second = asWorker({ ...deps, store: other }, 'worker two');
    const others: boolean[] = [];
    wiki.onSaved = async () => void others.push(await writeStep(second));
    await start();
    await writeStep(deps);
    expect(others).toEqual(Array(6).fill(false));
    expect(await claimStates(store, matches)).toEqual(Array(6).fill('written'));
  });

  it('leaves a run alone that another worker ended between the look and the lease', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store);
    wiki.onRequest = () => {
      throw refusal('this_account', 'blocked');
    };
    const runId = await start();
    const late = before(store, async () => {
      await writeStep(asWorker(deps, 'worker two'));
      wiki.onRequest = () => {};
    });
    expect(await writeStep({ ...deps, store: late })).toBe(false);
    expect(wiki.edits).toEqual([]);
    expect(await runState(store, runId)).toBe('paused');
    expect(await claimStates(store, matches)).toEqual(['writing', 'queued', 'queued']);
    expect((await runRow(store, runId)).reason).toContain('blocked');
  });

  it('does each claim once with two workers on one run', async () => {
    const { deps, wiki, matches, start } = await writingDesk(store, { matches: 12 });
    const runId = await start();
    const worked = await Promise.all([
      writeStep(deps),
      writeStep(asWorker({ ...deps, store: other }, 'worker two')),
      writeStep(asWorker(deps, 'worker three')),
    ]);
    expect(worked.filter(Boolean)).toHaveLength(1);
    expect(wiki.edits.map((edit) => edit.pageId)).toEqual(matches.map((match) => match.pageId));
    expect(await runState(store, runId)).toBe('done');
  });

  it('takes the next run when the first one is held', async () => {
    const one = await writingDesk(store, { matches: 1 });
    const two = await writingDesk(store, { matches: 1 });
    const [first, second] = [await one.start(), await two.start()];
    await takeLease(store, { name: `run ${first}`, owner: 'x', now: one.clock.now(), ttl: 1000 });
    expect(await writeStep(two.deps)).toBe(true);
    expect(await runState(store, first)).toBe('waiting');
    expect(await runState(store, second)).toBe('done');
  });
});

/** A store whose process is killed: from then on nothing of it reaches the database. */
function dyingAfter(store: Store): { store: Store; die(): void } {
  let dead = false;
  const killed = () => Promise.reject(new Error('killed'));
  return {
    die: () => {
      dead = true;
    },
    store: {
      ...store,
      get db() {
        if (dead) throw new Error('killed');
        return store.db;
      },
      transaction: (work) => (dead ? killed() : store.transaction(work)),
    },
  };
}

/** Something happens just before the first transaction. */
function before(store: Store, happens: () => Promise<unknown>): Store {
  let done = false;
  return {
    ...store,
    async transaction(work) {
      if (!done) {
        done = true;
        await happens();
      }
      return store.transaction(work);
    },
  };
}
