import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../src/core/platform/turns.ts';
import {
  assertFileLease,
  assertLease,
  claimFiles,
  releaseLease,
  renewLease,
  takeLease,
} from '../../../src/core/store/leases.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { addProject } from '../../support/people.ts';
import { addFile } from '../../support/pictures.ts';
import { engines, useTwoStores } from '../../support/stores.ts';

describe.each(engines())('leases on %s', (kind) => {
  let store: Store;
  let other: Store;
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  it('has one holder at a time', async () => {
    const first = await takeLease(store, { name: 'a', owner: 'one', now: 1000, ttl: 500 });
    expect(first).toEqual({ name: 'a', owner: 'one', fence: 1 });
    expect(await takeLease(other, { name: 'a', owner: 'two', now: 1499, ttl: 500 })).toBeNull();
    expect(await takeLease(other, { name: 'a', owner: 'one', now: 1499, ttl: 500 })).toBeNull();
  });

  it('passes on when it has run out, and refuses whoever comes late', async () => {
    const first = await takeLease(store, { name: 'b', owner: 'one', now: 1000, ttl: 500 });
    if (!first) throw new Error('not taken');
    const second = await takeLease(other, { name: 'b', owner: 'two', now: 1500, ttl: 500 });
    expect(second).toMatchObject({ owner: 'two', fence: 2 });
    expect(await renewLease(store, first, 1501, 500)).toBe(false);
    await expect(store.transaction((trx) => assertLease(store, trx, first))).rejects.toMatchObject({
      code: 'lease_lost',
    });
    await releaseLease(store, first);
    expect(second && (await renewLease(other, second, 1600, 500))).toBe(true);
    await other.transaction(async (trx) => second && assertLease(other, trx, second));
  });

  it('takes one that a wrong clock has made last as soon as it is clear that nobody renews it', async () => {
    const hour = 60 * 60_000;
    const take = (now: number) => takeLease(other, { name: 'wrong clock', owner: 'two', now, ttl: 500 });
    const ahead = await takeLease(store, { name: 'wrong clock', owner: 'one', now: hour, ttl: 500 });
    if (!ahead) throw new Error('not taken');
    expect(await take(1000)).toBeNull();
    // Somebody lives there, whatever their clock says.
    expect(await renewLease(store, ahead, hour + 400, 500)).toBe(true);
    expect(await take(1500)).toBeNull();
    expect(await take(1999)).toBeNull();
    expect(await take(2000)).toMatchObject({ owner: 'two', fence: 2 });
    expect(await renewLease(store, ahead, hour + 401, 500)).toBe(false);
    // A little is how far the clocks of machines may be apart.
    for (const now of [0, 600])
      expect(await takeLease(store, { name: 'wrong clock', owner: 'one', now, ttl: 500 })).toBeNull();
  });

  it('claims a file anew that a wrong clock has kept', async () => {
    const hour = 60 * 60_000;
    const { id } = await addProject(store);
    const fileId = await addFile(store, id, { state: 'waiting' });
    const [first] = await claimFiles(store, { owner: 'one', now: hour, ttl: 500, limit: 1 });
    expect(first?.fileId).toBe(fileId);
    const [second] = await claimFiles(other, { owner: 'two', now: 1000, ttl: 500, limit: 1 });
    expect(second).toMatchObject({ fileId, owner: 'two' });
    if (!first) throw new Error('not claimed');
    await expect(store.transaction((trx) => assertFileLease(store, trx, first))).rejects.toMatchObject({
      code: 'lease_lost',
    });
    await store.db.updateTable('files').set({ state: 'detected' }).where('id', '=', fileId).execute();
  });

  it('can be held on to, and given back', async () => {
    const lease = await takeLease(store, { name: 'c', owner: 'one', now: 0, ttl: 100 });
    if (!lease) throw new Error('not taken');
    expect(await renewLease(store, lease, 90, 100)).toBe(true);
    expect(await takeLease(other, { name: 'c', owner: 'two', now: 150, ttl: 100 })).toBeNull();
    await releaseLease(store, lease);
    expect(await takeLease(other, { name: 'c', owner: 'two', now: 151, ttl: 100 })).toMatchObject({
      fence: 2,
    });
  });

  it.each(Array.from({ length: 20 }, (_, i) => i))(
    'goes to one of ten who ask at once (%i)',
    async (round) => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          takeLease(i % 2 ? store : other, { name: `race-${round}`, owner: `w${i}`, now: 0, ttl: 10 }),
        ),
      );
      expect(answers.filter((lease) => lease !== null)).toHaveLength(1);
    },
  );

  it('gives every waiting file to one of two workers that claim at once', async () => {
    const { id } = await addProject(store);
    for (let i = 0; i < 60; i++) await addFile(store, id, { state: 'waiting' });
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        claimFiles(i % 2 ? store : other, { owner: `w${i}`, now: 1000, ttl: 100, limit: 5 }),
      ),
    );
    const ids = claims.flat().map((claim) => claim.fileId);
    expect(new Set(ids).size).toBe(ids.length);
    // Somebody who came while all free rows were locked got fewer; nothing may be left for ever.
    let more = await claimFiles(store, { owner: 'last', now: 1000, ttl: 100, limit: 60 });
    ids.push(...more.map((claim) => claim.fileId));
    more = await claimFiles(store, { owner: 'last', now: 1000, ttl: 100, limit: 60 });
    expect(more).toEqual([]);
    expect(new Set(ids).size).toBe(60);
  });

  it('hands a file on after its time, and refuses the result of the one who lost it', async () => {
    const [late] = await claimFiles(store, { owner: 'late', now: 10_000, ttl: 100, limit: 1 });
    if (!late) throw new Error('nothing claimed');
    const next = (await claimFiles(other, { owner: 'next', now: 10_100, ttl: 100, limit: 60 })).find(
      (c) => c.fileId === late.fileId,
    );
    expect(next?.fence).toBe(late.fence + 1);
    await expect(store.transaction((trx) => assertFileLease(store, trx, late))).rejects.toMatchObject({
      code: 'lease_lost',
    });
    if (next) await other.transaction((trx) => assertFileLease(other, trx, next));
  });

  it('gives each project its share, and what one leaves to the next', async () => {
    await store.db.updateTable('files').set({ state: 'detected' }).execute();
    const filesOf = async (count: number) => {
      const { id } = await addProject(store);
      return Promise.all(Array.from({ length: count }, () => addFile(store, id, { state: 'waiting' })));
    };
    const [large, small, tiny] = [await filesOf(20), await filesOf(5), await filesOf(1)];
    const turns = createTurns();
    const claim = async (limit: number) => {
      const claimed = await claimFiles(store, { owner: 'fair', now: 1, ttl: 100, limit, turns });
      const ids = claimed.map((lease) => lease.fileId);
      return [large, small, tiny].map((files) => files.filter((id) => ids.includes(id)).length);
    };
    expect(await claim(6)).toEqual([3, 2, 1]);
    expect(await claim(6)).toEqual([3, 3, 0]);
    expect(await claim(6)).toEqual([6, 0, 0]);
    // More projects than files to claim: everybody's turn comes.
    const others = [await filesOf(2), await filesOf(2)];
    const ones = [];
    for (let i = 0; i < 3; i++)
      ones.push(...(await claimFiles(store, { owner: 'fair', now: 1, ttl: 100, limit: 1, turns })));
    const ids = ones.map((lease) => lease.fileId);
    expect([large, ...others].map((files) => files.filter((id) => ids.includes(id)).length)).toEqual([
      1, 1, 1,
    ]);
  });

  it('leaves files alone that wait for a later try, are done, or belong to no active project', async () => {
    await store.db
      .updateTable('files')
      .set({ retry_at: 99_999, lease_owner: null, lease_expires_at: null })
      .execute();
    expect(await claimFiles(store, { owner: 'x', now: 50_000, ttl: 1, limit: 5 })).toEqual([]);
    expect(await claimFiles(store, { owner: 'x', now: 100_000, ttl: 1, limit: 5 })).toHaveLength(5);
    await store.db.updateTable('projects').set({ state: 'paused' }).execute();
    expect(await claimFiles(store, { owner: 'x', now: 200_000, ttl: 1, limit: 5 })).toEqual([]);
    await store.db.updateTable('projects').set({ state: 'active' }).execute();
    await store.db.updateTable('files').set({ state: 'detected' }).execute();
    expect(await claimFiles(store, { owner: 'x', now: 200_000, ttl: 1, limit: 5 })).toEqual([]);
  });
});
