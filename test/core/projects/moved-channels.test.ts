import { describe, expect, it } from 'vitest';
import { bindChannel, channelByExternalId } from '../../../src/core/projects/channels.ts';
import { followChannel, movedChannelsOf, noteMoved } from '../../../src/core/projects/moved-channels.ts';
import type { Store } from '../../../src/core/store/store.ts';
import { notedNudges } from '../../support/nudges.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { engines, useStore } from '../../support/stores.ts';
import { fakeClock } from '../wiki/fakes.ts';

describe.each(engines())('channels that were replaced, on %s', (kind) => {
  let store: Store;
  const clock = fakeClock();
  const nudges = notedNudges();
  useStore(kind, (fresh) => {
    store = fresh;
  });

  let count = 0;
  async function room() {
    const { id: projectId, owner } = await addProject(store);
    const externalId = `!old${++count}:example.org`;
    const to = `!new${count}`;
    await bindChannel(
      { store, clock, nudges },
      {
        platform: 'matrix',
        externalId,
        name: 'Faces',
        projectId,
        accountId: owner,
        settings: {
          pace: 6,
          language: 'fr',
          quiet: { from: 0, to: 60 },
          timeZone: 'Europe/Paris',
          maxOpen: 2,
        },
      },
    );
    const bound = await channelByExternalId(store, 'matrix', externalId);
    const note = () => noteMoved(store, { platform: 'matrix', externalId, movedTo: to });
    const follow = (accountId = owner) =>
      followChannel({ store, clock, nudges }, { channelId: bound?.id ?? 0, name: 'Faces 2', accountId });
    return { projectId, owner, externalId, to, settings: bound?.settings, note, follow };
  }

  it('are kept in mind for their owners alone', async () => {
    const { note, owner, projectId, externalId, to } = await room();
    const moved = await note();
    expect(moved).toMatchObject({ externalId, movedTo: to, projectId, language: 'fr', name: 'Faces' });
    expect(await movedChannelsOf(store, 'matrix', owner)).toEqual([moved]);
    expect(await movedChannelsOf(store, 'discord', owner)).toEqual([]);
    expect(await movedChannelsOf(store, 'matrix', await addMember(store, projectId))).toEqual([]);
    expect(await noteMoved(store, { platform: 'matrix', externalId: '!other', movedTo: to })).toBeNull();
  });

  it('are followed with the same settings, once', async () => {
    const { note, follow, owner, externalId, to, settings, projectId } = await room();
    await note();
    nudges.topics.length = 0;
    await follow();
    expect(await channelByExternalId(store, 'matrix', externalId)).toBeNull();
    expect(await channelByExternalId(store, 'matrix', to)).toMatchObject({ projectId, settings });
    expect(nudges.topics).toEqual(['posts']);
    expect(await movedChannelsOf(store, 'matrix', owner)).toEqual([]);
    const entry = await store.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirst();
    expect(entry).toMatchObject({ account_id: owner, action: 'channel followed' });
    await expect(follow()).rejects.toMatchObject({ code: 'not_found' });
  });

  it('are followed by owners alone, and not before they were replaced', async () => {
    const { note, follow, projectId, externalId } = await room();
    await expect(follow()).rejects.toMatchObject({ code: 'not_found' });
    await note();
    for (const who of [
      await addAccount(store),
      await addMember(store, projectId),
      await addMember(store, projectId, { role: 'owner', blocked: true }),
    ])
      await expect(follow(who)).rejects.toMatchObject({ code: 'forbidden' });
    expect((await channelByExternalId(store, 'matrix', externalId))?.projectId).toBe(projectId);
  });

  it('are forgotten as moved when an owner binds the old one again', async () => {
    const { note, owner, projectId, externalId } = await room();
    await note();
    await bindChannel(
      { store, clock, nudges },
      { platform: 'matrix', externalId, name: 'Faces', projectId, accountId: owner },
    );
    expect(await movedChannelsOf(store, 'matrix', owner)).toEqual([]);
  });
});
