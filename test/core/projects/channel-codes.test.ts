import { describe, expect, it } from 'vitest';
import { setReadOnly } from '../../../src/core/administration/switch.ts';
import {
  bindByCode,
  CHANNEL_CODE_LIFETIME_MS,
  createChannelCode,
  isChannelCode,
} from '../../../src/core/projects/channel-codes.ts';
import { channelByExternalId } from '../../../src/core/projects/channels.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addAdministrator, addMember, addProject } from '../../support/people.ts';
import { engines, useTwoStores } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('codes for channels on %s', (kind) => {
  let store: Store;
  let other: Store;
  const clock = fakeClock();
  const nudges = notedNudges();
  const deps = (which: Store = store) => ({ store: which, clock, nudges });
  useTwoStores(kind, (first, second) => {
    [store, other] = [first, second];
  });

  let channels = 0;
  const newChannel = () => `!code${++channels}:example.org`;
  const make = (projectId: number, accountId: number) => createChannelCode(deps(), { projectId, accountId });
  const say = (code: string, externalId: string, accountId: number, which: Store = store) =>
    bindByCode(deps(which), { code, platform: 'matrix', externalId, name: 'A room', accountId });
  const projectOf = async (channel: string) =>
    (await channelByExternalId(store, 'matrix', channel))?.projectId ?? null;
  const over = expect.objectContaining({ code: 'not_found', message: expect.stringContaining('not valid') });

  it('binds one channel, said by somebody who is no member, once', async () => {
    const { id, owner } = await addProject(store);
    const [channel, next, speaker] = [newChannel(), newChannel(), await addAccount(store)];
    const { code, expiresAt } = await make(id, owner);
    expect(code).toMatch(/^[2-9A-HJ-NP-Z]{8}$/);
    expect(expiresAt).toBe(clock.now() + CHANNEL_CODE_LIFETIME_MS);
    nudges.topics.length = 0;
    // As people type it.
    expect(await say(` ${code.slice(0, 4).toLowerCase()}-${code.slice(4)}`, channel, speaker)).toBe(id);
    expect(await projectOf(channel)).toBe(id);
    expect(nudges.topics).toEqual(['posts']);
    const [bound, made] = await store.db
      .selectFrom('audit')
      .selectAll()
      .orderBy('id', 'desc')
      .limit(2)
      .execute();
    expect(made).toMatchObject({ account_id: owner, action: 'channel code made', subject: `project ${id}` });
    expect(bound).toMatchObject({ account_id: speaker, action: 'channel bound', subject: `project ${id}` });
    expect(JSON.parse(bound?.detail ?? '')).toEqual({ platform: 'matrix', channel, codeOf: owner });
    await expect(say(code, next, speaker)).rejects.toEqual(over);
    expect(await projectOf(next)).toBeNull();
  });

  it('is stored as a hash alone', async () => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    const rows = await store.db
      .selectFrom('channel_codes')
      .selectAll()
      .where('project_id', '=', id)
      .execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(code);
  });

  it('is worth nothing after ten minutes, or when its owner makes another', async () => {
    const { id, owner } = await addProject(store);
    const { code: old } = await make(id, owner);
    const { code } = await make(id, owner);
    const channel = newChannel();
    await expect(say(old, channel, owner)).rejects.toEqual(over);
    await clock.sleep(CHANNEL_CODE_LIFETIME_MS);
    await expect(say(code, channel, owner)).rejects.toEqual(over);
    expect(await projectOf(channel)).toBeNull();
    const elsewhere = await addProject(store);
    await make(elsewhere.id, elsewhere.owner);
    const rows = await store.db.selectFrom('channel_codes').select('project_id').execute();
    expect(rows.map((row) => row.project_id)).not.toContain(id);
  });

  it('is made by owners alone', async () => {
    const { id } = await addProject(store);
    for (const account of [
      await addMember(store, id),
      await addAccount(store),
      await addMember(store, id, { role: 'owner', blocked: true }),
    ])
      await expect(make(id, account)).rejects.toMatchObject({ code: 'forbidden' });
  });

  it('is worth as much as its owner when it is said', async () => {
    const { id, owner } = await addProject(store);
    const second = await addMember(store, id, { role: 'owner' });
    const { code } = await make(id, second);
    const channel = newChannel();
    const change = (role: 'owner' | 'member') =>
      store.db
        .updateTable('project_members')
        .set({ role })
        .where('project_id', '=', id)
        .where('account_id', '=', second)
        .execute();
    await change('member');
    await expect(say(code, channel, owner)).rejects.toEqual(over);
    await change('owner');
    await store.db
      .updateTable('account_profiles')
      .set({ blocked: 1 })
      .where('account_id', '=', second)
      .execute();
    await expect(say(code, channel, owner)).rejects.toEqual(over);
    expect(await projectOf(channel)).toBeNull();
  });

  it('is not for accounts that are blocked, nor for deleted projects, nor while the site is read-only', async () => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    const channel = newChannel();
    const blocked = await addAccount(store, { blocked: true });
    await expect(say(code, channel, blocked)).rejects.toMatchObject({ code: 'forbidden' });
    const admin = await addAdministrator(store);
    const turn = (on: boolean) => setReadOnly({ store, clock, nudges }, { accountId: admin, on });
    await turn(true);
    await expect(say(code, channel, owner)).rejects.toMatchObject({ code: 'read_only' });
    await turn(false);
    await store.db.updateTable('projects').set({ state: 'deleted' }).where('id', '=', id).execute();
    await expect(say(code, channel, owner)).rejects.toEqual(over);
    expect(await projectOf(channel)).toBeNull();
  });

  it('binds one of the channels in which it is said at once', async () => {
    const { id, owner } = await addProject(store);
    const { code } = await make(id, owner);
    const said = [1, 2, 3, 4].map((n) => ({ channel: newChannel(), which: n % 2 ? store : other }));
    const ends = await Promise.allSettled(said.map(({ channel, which }) => say(code, channel, owner, which)));
    expect(ends.filter((end) => end.status === 'fulfilled')).toHaveLength(1);
    const bound = await Promise.all(said.map(({ channel }) => projectOf(channel)));
    expect(bound.filter((project) => project === id)).toHaveLength(1);
  });
});

it.each([
  ['ABCDEFGH', true],
  ['abcd-efgh', true],
  ['2345-6789', true],
  ['23456789', false],
  ['12', false],
  ['ABCDEFG', false],
  ['ABCDEFG0', false],
  ['', false],
])('%j is written like a code: %s', (given, is) => {
  expect(isChannelCode(given)).toBe(is);
});
