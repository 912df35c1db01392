import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../src/core/platform/turns.ts';
import { claimFiles } from '../../../src/core/store/leases.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { createWaitingFiles } from '../../../src/core/store/waiting-files.ts';
import { addProject } from '../../support/people.ts';
import { addFile } from '../../support/pictures.ts';
import { engines, useTwoStores } from '../../support/stores.ts';

describe.each(engines())('claims of a worker that remembers what it saw waiting, on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  const waitingFile = (projectId: number) => addFile(store, projectId, { state: 'waiting' });
  /** A worker of its own. */
  const worker = (name: string) => {
    const [turns, waiting] = [createTurns(), createWaitingFiles()];
    return async (now: number) => {
      const claimed = await claimFiles(store, { owner: name, now, ttl: 1_000_000, limit: 1, turns, waiting });
      return claimed.map((lease) => lease.fileId);
    };
  };

  it('pass over what others took meanwhile, and see what came since when the list is at its end', async () => {
    const { id } = await addProject(store);
    const [first, second, third] = [await waitingFile(id), await waitingFile(id), await waitingFile(id)];
    const claim = worker('one');
    expect(await claim(1_000)).toEqual([first]);
    const taken = await claimFiles(other, { owner: 'two', now: 1_000, ttl: 1_000_000, limit: 1 });
    expect(taken.map((lease) => lease.fileId)).toEqual([second]);
    expect(await claim(1_000)).toEqual([third]);
    const late = await waitingFile(id);
    expect(await claim(1_000)).toEqual([late]);
    expect(await claim(1_000)).toEqual([]);
  });

  it('leave a project alone as soon as it is paused', async () => {
    const { id } = await addProject(store);
    const files = [await waitingFile(id), await waitingFile(id)];
    const claim = worker('one');
    expect(await claim(1_000)).toEqual(files.slice(0, 1));
    const set = (state: 'paused' | 'active') =>
      store.db.updateTable('projects').set({ state }).where('id', '=', id).execute();
    await set('paused');
    expect(await claim(1_000)).toEqual([]);
    await set('active');
    expect(await claim(1_000)).toEqual(files.slice(1));
  });

  it('serve a project that is new after a few seconds, however many files another one has', async () => {
    const { id: large } = await addProject(store);
    for (let i = 0; i < 5; i++) await waitingFile(large);
    const claim = worker('one');
    await claim(1_000);
    const { id: small } = await addProject(store);
    const file = await waitingFile(small);
    expect(await claim(5_999)).not.toEqual([file]);
    expect(await claim(6_000)).toEqual([file]);
  });
});
