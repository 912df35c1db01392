import { describe, expect, it } from 'vitest';
import { addPicture, anotherChannel, deskWorld, nth, numberOf, type World } from '../support/desk.ts';

const DAY_MS = 24 * 60 * 60_000;

describe('messages leave the chat', () => {
  const shownIds = (world: World) => world.platform.shown().map((message) => message.id);

  it('when their project is deleted, decided or not', async () => {
    const world = await deskWorld({ votes_needed: 1 });
    for (let i = 0; i < 2; i++) await addPicture(world.store, world.projectId);
    await world.open();
    await world.platform.react(nth(world.platform.shown(), 0), await world.member('Ann'), '✅');
    await world.round();
    await world.store.db.updateTable('projects').set({ state: 'deleted' }).execute();
    await world.round();
    expect(shownIds(world)).toEqual([]);
    const left = await world.store.db.selectFrom('posts').select('id').where('state', '!=', 'gone').execute();
    expect(left).toEqual([]);
  });

  it('when their file is deleted, and the others stay', async () => {
    const world = await deskWorld();
    const pictures = [
      await addPicture(world.store, world.projectId),
      await addPicture(world.store, world.projectId),
    ];
    await world.open();
    const [first, second] = world.platform.shown();
    await world.store.db
      .updateTable('files')
      .set({ state: 'gone' })
      .where('id', '=', nth(pictures, 0).fileId)
      .execute();
    await world.round();
    expect(shownIds(world)).toEqual([second?.id]);
    expect(world.platform.calls.filter((call) => call === `remove ${first?.id}`)).toHaveLength(1);
    await world.round();
    expect(world.platform.calls.filter((call) => call.startsWith('remove'))).toHaveLength(1);
  });

  it('later when the chat refuses now', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    await world.open();
    world.platform.before = (method) => {
      if (method === 'remove') throw new Error('not now');
    };
    await world.store.db.updateTable('projects').set({ state: 'deleted' }).execute();
    await world.round();
    expect(shownIds(world)).toHaveLength(1);
    world.platform.before = () => {};
    for (let i = 0; i < 3; i++) await world.round();
    expect(shownIds(world)).toEqual([]);
  });

  it('when they waited to be shown, without ever having been there', async () => {
    const world = await deskWorld();
    await addPicture(world.store, world.projectId);
    world.studio.onDraw = () => {
      throw new Error('not now');
    };
    await world.open();
    await world.store.db.updateTable('projects').set({ state: 'deleted' }).execute();
    await world.round();
    expect(world.platform.messages).toEqual([]);
    expect(world.platform.calls.filter((call) => call.startsWith('remove'))).toEqual([]);
    const row = await world.store.db.selectFrom('posts').select('state').executeTakeFirstOrThrow();
    expect(row.state).toBe('gone');
  });

  it('when nobody answers them for a week and another channel has room', async () => {
    const world = await deskWorld({ maxOpen: 1 });
    await addPicture(world.store, world.projectId);
    await world.open();
    const message = world.question();
    const there = await anotherChannel(world);
    world.clock.advance(7 * DAY_MS);
    await world.round();
    await world.round();
    expect(world.platform.shown(world.channel.name)).toEqual([]);
    const [moved, ...more] = world.platform.shown(there);
    expect(more).toEqual([]);
    expect(moved?.card.title).toBe(message.card.title);
    expect(moved && numberOf(moved)).toBe(numberOf(message));
  });

  it('when their channel is unbound, and are asked elsewhere', async () => {
    const world = await deskWorld({ maxOpen: 1 });
    await addPicture(world.store, world.projectId);
    await world.open();
    expect(world.platform.shown(world.channel.name)).toHaveLength(1);
    const there = await anotherChannel(world);
    const own = await world.member('Olga', { role: 'owner' });
    await world.platform.say(world.channel.name, own, 'unbind', { mayManageChannel: true });
    await world.round();
    await world.round();
    expect(world.platform.shown(world.channel.name)).toEqual([]);
    expect(world.platform.shown(there)).toHaveLength(1);
  });
});
