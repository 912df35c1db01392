import { beforeEach, describe, expect, it } from 'vitest';
import { startRun } from '../../../src/core/depicts/runs.ts';
import { writeStep } from '../../../src/core/depicts/writer.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addMember, addProject } from '../../support/people.ts';
import { engines, freshStore } from '../../support/stores.ts';
import { addMatch, asWorker, runState, type WritingDesk, writingDesk } from './support.ts';

describe.each(engines())('several runs on %s', (kind) => {
  let store: Store;
  let desk: WritingDesk;
  beforeEach(async () => {
    const fresh = await freshStore(kind);
    store = fresh.store;
    desk = await writingDesk(store);
    return () => fresh.dispose();
  });

  /** A run in a project of its own. */
  const startElsewhere = async (accountId?: number) => {
    const { id: projectId } = await addProject(store);
    const member = await addMember(store, projectId, accountId === undefined ? {} : { accountId });
    await addMatch(store, projectId);
    return startRun(desk.deps, { projectId, accountId: member });
  };
  /** What happens while the first run is at its first edit. */
  const duringFirstEdit = async (then: () => Promise<void>) => {
    let first = true;
    desk.wiki.onRequest = async () => {
      if (!first) return;
      first = false;
      await then();
    };
    expect(await writeStep(desk.deps)).toBe(true);
    expect(first).toBe(false);
  };

  it('go on side by side when they are different people’s', async () => {
    const long = await desk.start();
    const short = await startElsewhere();
    await duringFirstEdit(async () => {
      expect(await writeStep(desk.deps)).toBe(true);
      expect(await runState(store, short)).toBe('done');
      expect(await runState(store, long)).toBe('working');
    });
    expect(await runState(store, long)).toBe('done');
  });

  it('of one account go one after the other, in this worker and in others', async () => {
    await desk.start();
    const second = await startElsewhere(desk.member);
    await duringFirstEdit(async () => {
      expect(await writeStep(desk.deps)).toBe(false);
      expect(await writeStep(asWorker(desk.deps, 'worker two'))).toBe(false);
      expect(await runState(store, second)).toBe('waiting');
    });
    expect(await writeStep(desk.deps)).toBe(true);
    expect(await runState(store, second)).toBe('done');
  });

  it('of one account can be stopped while another is at work', async () => {
    await desk.start();
    const second = await startElsewhere(desk.member);
    await duringFirstEdit(async () => {
      await store.db.updateTable('runs').set({ stop_requested_at: 1 }).where('id', '=', second).execute();
      expect(await writeStep(desk.deps)).toBe(true);
      expect(await runState(store, second)).toBe('stopped');
    });
  });

  it('leave no turn behind', async () => {
    await desk.start();
    await startElsewhere();
    while (await writeStep(desk.deps));
    const held = await store.db.selectFrom('leases').select('name').where('owner', 'is not', null).execute();
    expect(held).toEqual([]);
  });
});
