import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store/store.ts';
import { addAccount, addProject } from '../../support/people.ts';
import { addPortrait } from '../../support/pictures.ts';
import { engines, useStore } from '../../support/stores.ts';
import { votingDesk } from './votes-support.ts';

describe.each(engines())('the right to vote on %s', (kind) => {
  let store: Store;
  useStore(kind, (fresh) => {
    store = fresh;
  });

  it('are for members, and for everybody in the channels of open projects', async () => {
    const closed = await votingDesk(store);
    const stranger = await addAccount(store);
    await expect(closed.cast(stranger, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(closed.cast(stranger, 'yes', { platform: 'room' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect(await closed.votes()).toEqual([]);
    const { project, cast, verdict } = await votingDesk(store, { open: 1, votes_needed: 1 });
    await expect(cast(stranger, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
    await cast(stranger, 'yes', { platform: 'room' });
    expect(await verdict()).toBe('match by votes');
    const row = await store.db
      .selectFrom('project_members')
      .select(['role', 'status'])
      .where('project_id', '=', project)
      .where('account_id', '=', stranger)
      .executeTakeFirst();
    expect(row).toEqual({ role: 'member', status: 'active' });
  });

  it('are not for blocked accounts, in open projects neither', async () => {
    const closed = await votingDesk(store);
    const blocked = await closed.member({ blocked: true });
    await expect(closed.cast(blocked, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
    expect(await closed.votes()).toEqual([]);
    const { cast, votes } = await votingDesk(store, { open: 1 });
    await expect(cast(blocked, 'yes', { platform: 'room' })).rejects.toMatchObject({ code: 'forbidden' });
    await expect(cast(999_999, 'yes')).rejects.toMatchObject({ code: 'not_signed_in' });
    expect(await votes()).toEqual([]);
  });

  it('of banned members do not count, and they cast no more', async () => {
    const { project, cast, verdict, votes, standing, member } = await votingDesk(store);
    const [good, bad] = [await member(), await member()];
    await cast(bad, 'no');
    await store.db
      .updateTable('project_members')
      .set({ status: 'banned' })
      .where('project_id', '=', project)
      .where('account_id', '=', bad)
      .execute();
    await expect(cast(bad, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
    await cast(good, 'yes');
    await cast(await member(), 'yes');
    expect(await verdict()).toBe('match by votes');
    expect(await standing()).toHaveLength(2);
    expect(await votes()).toHaveLength(3);
  });

  it('are about the faces and persons of the project alone', async () => {
    const { cast, votes, member } = await votingDesk(store);
    const account = await member();
    const elsewhere = await addPortrait(store, (await addProject(store)).id);
    await expect(cast(account, 'yes', { faceId: elsewhere.faceId })).rejects.toMatchObject({
      code: 'not_found',
    });
    await expect(cast(account, 'yes', { person: 'Q2' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(cast(account, 'yes', { faceId: 999_999 })).rejects.toMatchObject({ code: 'not_found' });
    expect(await votes(elsewhere.faceId)).toEqual([]);
  });

  it('are not taken in a deleted project', async () => {
    const { project, owner, cast } = await votingDesk(store);
    await store.db.updateTable('projects').set({ state: 'deleted' }).where('id', '=', project).execute();
    await expect(cast(owner, 'yes')).rejects.toMatchObject({ code: 'forbidden' });
  });
});
