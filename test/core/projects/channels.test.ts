import { describe, expect, it } from 'vitest';
import {
  bindChannel,
  boundChannels,
  channelByExternalId,
  DEFAULT_MAX_OPEN,
  unbindChannel,
} from '../../../src/core/projects/channels.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('channels on %s', (kind) => {
  let store: Store;
  let other: Store;
  const clock = fakeClock();
  const nudges = notedNudges();
  const deps = (which: Store = store) => ({ store: which, clock, nudges });
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  let channels = 0;
  const newChannel = () => `!room${++channels}:example.org`;
  const bind = (externalId: string, projectId: number, accountId: number, which: Store = store) =>
    bindChannel(deps(which), { platform: 'matrix', externalId, name: 'A room', projectId, accountId });
  const unbind = (externalId: string, accountId: number) =>
    unbindChannel(deps(), { platform: 'matrix', externalId, accountId });

  it('binds a channel to a project of an owner', async () => {
    const { id, owner } = await addProject(store);
    const channel = newChannel();
    nudges.topics.length = 0;
    await bind(channel, id, owner);
    const found = await channelByExternalId(store, 'matrix', channel);
    expect(found?.projectId).toBe(id);
    expect(await channelByExternalId(store, 'discord', channel)).toBeNull();
    expect((await boundChannels(store, 'matrix')).filter((one) => one.projectId === id)).toEqual([
      {
        id: found?.id,
        externalId: channel,
        projectId: id,
        forDisputes: false,
        language: null,
        maxOpen: DEFAULT_MAX_OPEN,
        pace: null,
        quiet: null,
        timeZone: 'UTC',
        blind: false,
      },
    ]);
    expect(nudges.topics).toEqual(['posts']);
    const entry = await store.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirst();
    expect(entry).toMatchObject({ account_id: owner, action: 'channel bound', subject: `project ${id}` });
  });

  it('refuses members, strangers, banned and blocked owners', async () => {
    const { id } = await addProject(store);
    const channel = newChannel();
    for (const account of [
      await addMember(store, id),
      await addAccount(store),
      await addMember(store, id, { role: 'owner', status: 'banned' }),
      await addMember(store, id, { role: 'owner', blocked: true }),
    ]) {
      await expect(bind(channel, id, account)).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await channelByExternalId(store, 'matrix', channel)).toBeNull();
  });

  it('refuses a project that is deleted', async () => {
    const { id, owner } = await addProject(store, { state: 'deleted' });
    await expect(bind(newChannel(), id, owner)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('moves a channel to another project and keeps its pace', async () => {
    const [first, second] = [await addProject(store), await addProject(store)];
    const channel = newChannel();
    await bind(channel, first.id, first.owner);
    const before = await channelByExternalId(store, 'matrix', channel);
    await store.db.updateTable('channels').set({ max_open: 7 }).where('external_id', '=', channel).execute();
    await bind(channel, second.id, second.owner);
    expect(await channelByExternalId(store, 'matrix', channel)).toMatchObject({
      id: before?.id,
      projectId: second.id,
    });
    const bound = await boundChannels(store, 'matrix');
    expect(bound.find((one) => one.externalId === channel)?.maxOpen).toBe(7);
  });

  it('binds once when an owner sets up twice at once', async () => {
    const { id, owner } = await addProject(store);
    const channel = newChannel();
    await Promise.all(Array.from({ length: 6 }, (_, i) => bind(channel, id, owner, i % 2 ? store : other)));
    expect((await boundChannels(store, 'matrix')).filter((one) => one.projectId === id)).toHaveLength(1);
  });

  it('is unbound by an owner of its project alone', async () => {
    const { id, owner } = await addProject(store);
    const channel = newChannel();
    await bind(channel, id, owner);
    for (const account of [
      await addMember(store, id),
      (await addProject(store)).owner,
      await addMember(store, id, { role: 'owner', blocked: true }),
    ]) {
      await expect(unbind(channel, account)).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect((await channelByExternalId(store, 'matrix', channel))?.projectId).toBe(id);
    expect(await unbind(channel, owner)).toBe(true);
    expect(await channelByExternalId(store, 'matrix', channel)).toBeNull();
    expect(await unbind(channel, owner)).toBe(false);
    expect(await unbind(newChannel(), owner)).toBe(false);
  });

  it('posts in channels of active projects only', async () => {
    const { id, owner } = await addProject(store);
    const channel = newChannel();
    await bind(channel, id, owner);
    const bound = async () =>
      (await boundChannels(store, 'matrix')).some((one) => one.externalId === channel);
    for (const [state, expected] of [
      ['active', true],
      ['paused', false],
      ['completed', false],
      ['deleted', false],
    ] as const) {
      await store.db.updateTable('projects').set({ state }).where('id', '=', id).execute();
      expect(await bound(), state).toBe(expected);
      expect((await channelByExternalId(store, 'matrix', channel)) !== null, state).toBe(state !== 'deleted');
    }
  });
});
