import { describe, expect, it } from 'vitest';
import { mayAskMore, restingChannels } from '../../../src/core/projects/channel-rest.ts';
import { type ChannelSettings, changeChannel } from '../../../src/core/projects/channel-settings.ts';
import { bindChannel, boundChannels, channelByExternalId } from '../../../src/core/projects/channels.ts';
import { openQuestion } from '../../../src/core/review/questions.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

const HOUR = 60 * 60_000;
/** In Oslo it is 23:00, and in New York 17:00. */
const NIGHT = Date.parse('2026-01-10T22:00:00Z');

describe.each(engines())('settings of channels on %s', (kind) => {
  let store: Store;
  const clock = fakeClock();
  const nudges = notedNudges();
  useStore(kind, (fresh) => {
    store = fresh;
  });

  let count = 0;
  async function channel(settings: Partial<ChannelSettings> = {}, platform = 'discord') {
    const { id: projectId, owner: accountId } = await addProject(store);
    const externalId = `c${++count}`;
    const bind = (more: Partial<ChannelSettings>) =>
      bindChannel(
        { store, clock, nudges },
        { platform, externalId, name: '#faces', projectId, accountId, settings: more },
      );
    await bind(settings);
    const found = await channelByExternalId(store, platform, externalId);
    if (!found) throw new Error('it is not bound');
    const read = async () => (await channelByExternalId(store, platform, externalId))?.settings;
    const change = (more: Partial<ChannelSettings>, who = accountId, of = projectId) =>
      changeChannel(
        { store, clock, nudges },
        { channelId: found.id, projectId: of, accountId: who, settings: { ...found.settings, ...more } },
      );
    return { id: found.id, projectId, externalId, accountId, bind, read, change };
  }
  const lastAudit = () =>
    store.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();

  const ALL: ChannelSettings = {
    language: 'nb',
    maxOpen: 7,
    pace: 6,
    quiet: { from: 1320, to: 420 },
    timeZone: 'Europe/Oslo',
    blind: true,
  };

  it('are kept when the channel is bound, and those that are not named stay', async () => {
    const { bind, read, externalId } = await channel(ALL);
    expect(await read()).toEqual(ALL);
    expect(
      (await boundChannels(store, 'discord')).find((one) => one.externalId === externalId),
    ).toMatchObject(ALL);
    await bind({ pace: null, timeZone: 'america/new_york' });
    expect(await read()).toEqual({ ...ALL, pace: null, timeZone: 'America/New_York' });
    await bind({ quiet: null, language: null, blind: false });
    expect(await read()).toEqual({
      ...ALL,
      pace: null,
      timeZone: 'America/New_York',
      quiet: null,
      language: null,
      blind: false,
    });
  });

  it('are changed by owners, with what changed in the audit log', async () => {
    const { change, read, projectId, accountId } = await channel();
    nudges.topics.length = 0;
    await change(ALL);
    expect(await read()).toEqual(ALL);
    expect(nudges.topics).toEqual(['posts']);
    expect(await lastAudit()).toMatchObject({
      account_id: accountId,
      action: 'channel changed',
      subject: `project ${projectId}`,
    });
    expect((await lastAudit()).detail).toContain('"pace":[null,6]');
    const { id } = await lastAudit();
    await change(ALL);
    expect((await lastAudit()).id).toBe(id);
  });

  it('are refused to everybody else, and for a channel of another project', async () => {
    const { change, read, projectId } = await channel();
    for (const who of [
      await addAccount(store),
      await addMember(store, projectId),
      await addMember(store, projectId, { role: 'owner', blocked: true }),
    ])
      await expect(change(ALL, who)).rejects.toMatchObject({ code: 'forbidden' });
    const other = await addProject(store);
    await expect(change(ALL, other.owner, other.id)).rejects.toMatchObject({ code: 'not_found' });
    expect((await read())?.pace).toBeNull();
  });

  it.each([
    [{ maxOpen: 0 }, /from 1 to 20/],
    [{ maxOpen: 2.5 }, /from 1 to 20/],
    [{ pace: 61 }, /from 1 to 60/],
    [{ pace: Number.NaN }, /from 1 to 60/],
    [{ timeZone: 'Oslo' }, /time zone/],
    [{ language: 'not a code' }, /language/],
  ])('%j is refused with the reason', async (wrong, reason) => {
    const { change, bind, read } = await channel();
    const said = { code: 'bad_input', message: expect.stringMatching(reason) };
    await expect(change(wrong)).rejects.toMatchObject(said);
    await expect(bind(wrong)).rejects.toMatchObject(said);
    expect(await read()).toMatchObject({ maxOpen: 3, pace: null, timeZone: 'UTC' });
  });

  it.each(['matrix', 'room'])('no channel of %s is blind', async (platform) => {
    const { change, bind, read } = await channel({}, platform);
    await expect(change({ blind: true })).rejects.toThrow(/private buttons/);
    await expect(bind({ blind: true })).rejects.toThrow(/private buttons/);
    expect((await read())?.blind).toBe(false);
  });

  const ask = (projectId: number, channelId: number) =>
    store.transaction((trx) =>
      openQuestion(trx, { projectId, kind: 'single', person: 'Q1', faceIds: [] }, channelId, NIGHT),
    );
  const show = (postId: number, at: number) =>
    store.db
      .updateTable('posts')
      .set({ state: 'up', posted_at: at, external_id: `m${postId}` })
      .where('id', '=', postId)
      .execute();

  it('quiet hours hold in the channel’s own time zone', async () => {
    const quiet = { from: 1320, to: 420 };
    const oslo = await channel({ quiet, timeZone: 'Europe/Oslo' });
    const newYork = await channel({ quiet, timeZone: 'America/New_York' });
    for (const [{ id }, rests] of [
      [oslo, true],
      [newYork, false],
    ] as const) {
      const settings = {
        id,
        pace: null,
        quiet,
        timeZone: id === oslo.id ? 'Europe/Oslo' : 'America/New_York',
      };
      expect(await mayAskMore(store, settings, NIGHT)).toBe(!rests);
      expect((await restingChannels(store, 'discord', NIGHT)).has(id)).toBe(rests);
    }
    const resting = await restingChannels(store, 'discord', NIGHT + 9 * HOUR);
    expect([resting.has(oslo.id), resting.has(newYork.id)]).toEqual([false, true]);
    expect((await restingChannels(store, 'matrix', NIGHT)).has(oslo.id)).toBe(false);
  });

  it('the pace counts what was shown within an hour; what waits to be shown is not made twice', async () => {
    const { id, projectId } = await channel({ pace: 2 });
    const paced = { id, pace: 2, quiet: null, timeZone: 'UTC' };
    const rests = async (at: number) => (await restingChannels(store, 'discord', at)).has(id);
    const first = await ask(projectId, id);
    const second = await ask(projectId, id);
    // Nothing is shown yet: the two may be, but there need not be a third.
    expect(await rests(NIGHT)).toBe(false);
    expect(await mayAskMore(store, paced, NIGHT)).toBe(false);
    await show(first.postId, NIGHT);
    expect(await rests(NIGHT)).toBe(false);
    await show(second.postId, NIGHT + HOUR / 2);
    expect(await rests(NIGHT + HOUR - 1)).toBe(true);
    expect(await mayAskMore(store, paced, NIGHT + HOUR - 1)).toBe(false);
    expect(await rests(NIGHT + HOUR)).toBe(false);
    expect(await mayAskMore(store, paced, NIGHT + HOUR)).toBe(true);
    expect(await mayAskMore(store, { ...paced, pace: null }, NIGHT)).toBe(true);
  });
});
