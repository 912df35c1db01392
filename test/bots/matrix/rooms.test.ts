import { expect, test } from 'vitest';
import { createInviters } from '../../../src/bots/matrix/inviters.ts';
import { memoryStore } from '../../support/desk.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { matrixWorld, messagesIn, toldTo } from './world.ts';

test('invitations of strangers are declined with a reason, those of owners accepted', async () => {
  const world = await matrixWorld();
  const declined = world.bob.makeRoom();
  await world.server.until(() => declined.membership(world.server.bot.id) === 'leave');
  expect(declined.state('m.room.member', world.server.bot.id)?.content.reason).toMatch(/owners/);
  const room = await world.room();
  expect(room.membership(world.server.bot.id)).toBe('join');
});

test('invitations that came while nobody was there are answered, also before the very first start', async () => {
  const world = await matrixWorld({ started: false });
  const first = world.alice.makeRoom();
  await world.start();
  await world.server.until(() => first.membership(world.server.bot.id) === 'join');
  await world.heard();
  await world.chat.stop();
  const second = world.alice.makeRoom();
  await world.restart();
  await world.server.until(() => second.membership(world.server.bot.id) === 'join');
});

test('an invitation that was withdrawn is forgotten', async () => {
  const world = await matrixWorld();
  world.server.fail({ path: /\/join\//, how: 'hold' });
  world.server.fail({ path: /\/leave/, how: 'hold' });
  for (const inviter of [world.alice, world.bob]) {
    const room = inviter.makeRoom();
    await world.server.until(() => world.server.held() === 1);
    inviter.kick(room);
    world.server.release();
  }
  const later = await world.room();
  expect(await world.post(later)).toMatch(/^\$/);
});

test('nothing is ever sent into an encrypted room: such invitations are declined', async () => {
  const world = await matrixWorld();
  const room = world.alice.makeRoom({ encrypted: true });
  await world.server.until(() => room.membership(world.server.bot.id) === 'leave');
  expect(room.state('m.room.member', world.server.bot.id)?.content.reason).toMatch(/encrypted/);
  expect(world.server.requests.filter((one) => one.path.includes('/join/'))).toEqual([]);
});

test('a room that turns out to be encrypted is left again, with a reason that the host is told once', async () => {
  const world = await matrixWorld();
  world.server.fail({ path: /\/join\//, how: 'hold' });
  const room = world.alice.makeRoom();
  await world.server.until(() => world.server.held() === 1);
  world.alice.setState(room, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' });
  world.server.release();
  await world.server.until(() => toldTo(world, world.alice).length === 1);
  expect(room.membership(world.server.bot.id)).toBe('leave');
  expect(room.state('m.room.member', world.server.bot.id)?.content.reason).toMatch(/encrypted/);
  expect(messagesIn(world, room)).toEqual([]);
  await world.room();
  expect(toldTo(world, world.alice)).toHaveLength(1);
});

test('a room that is encrypted later is told so once, privately, and gets nothing more', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  world.alice.setState(room, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' });
  await world.heard();
  await world.server.until(() => toldTo(world, world.alice).length === 1);
  const refused = { code: 'forbidden' };
  await expect(world.post(room, { text: 'secret' }, 'post-2')).rejects.toMatchObject(refused);
  await expect(world.chat.edit(room.id, id, { text: 'secret' })).rejects.toMatchObject(refused);
  await expect(world.chat.seed(room.id, id, ['✅'])).rejects.toMatchObject(refused);
  await world.restart();
  await expect(world.post(room, { text: 'secret' }, 'post-2')).rejects.toMatchObject(refused);
  expect(toldTo(world, world.alice)).toHaveLength(1);
  expect(JSON.stringify(world.server.requests)).not.toContain('secret');
  // What is there can still be taken away.
  await world.chat.remove(room.id, id);
  expect(room.event(id).content).toEqual({});
});

test('encryption that was switched on in a gap is found before the next message', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  await world.post(room);
  await world.chat.stop();
  world.server.timelineLimit = 1;
  world.alice.setState(room, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' });
  for (let i = 0; i < 3; i++) world.alice.say(room, 'talk');
  await world.restart();
  await expect(world.post(room, { text: 'secret' }, 'post-2')).rejects.toMatchObject({ code: 'forbidden' });
});

test('kicked out, the bot says so, and goes on when it is invited again', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  await world.post(room);
  world.alice.kick(room);
  await world.heard();
  await expect(world.post(room, { text: 'x' }, 'post-2')).rejects.toMatchObject({ code: 'forbidden' });
  world.alice.invite(room);
  await world.server.until(() => room.membership(world.server.bot.id) === 'join');
  await world.heard();
  await world.post(room, { text: 'back' }, 'post-2');
  expect(messagesIn(world, room)).toHaveLength(2);
});

test('without the right to write there, the words say what to do', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const levels = room.state('m.room.power_levels')?.content;
  world.alice.setState(room, 'm.room.power_levels', { ...levels, events_default: 50 });
  const posting = world.post(room);
  await expect(posting).rejects.toMatchObject({ code: 'forbidden' });
  await expect(posting).rejects.toThrow(/right to write/);
});

test('an upgraded room is reported once, and followed when somebody says so', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const next = world.alice.makeRoom({ version: '12' });
  await world.server.until(() => next.membership(world.server.bot.id) === 'join');
  world.alice.kick(next);
  await world.heard();
  world.alice.setState(room, 'm.room.tombstone', { body: 'moved', replacement_room: 7 });
  world.alice.setState(room, 'm.room.tombstone', { body: 'moved', replacement_room: next.id });
  await world.until(() => world.replaced.length === 1);
  expect(world.replaced).toEqual([{ roomId: room.id, replacement: next.id, by: world.alice.id }]);
  world.server.fail({ path: /\/join\//, how: 502 });
  const following = world.chat.follow(next.id, world.alice.id);
  await world.server.until(() => world.server.requests.some((one) => one.status === 502));
  world.alice.invite(next);
  await world.clock.sleeping(1_000);
  world.clock.advance(1_000);
  await following;
  await world.post(next);
  expect(messagesIn(world, next)).toHaveLength(1);
});

test('only linked owners and administrators may have the bot; who is blocked may not', async () => {
  const store = await memoryStore();
  const link = async (username: string, given: { owner?: boolean; blocked?: boolean } = {}) => {
    const accountId = await addAccount(store, { username, blocked: given.blocked ?? false });
    await store.db
      .insertInto('identities')
      .values({
        account_id: accountId,
        platform: 'matrix',
        external_id: `@${username}:localhost`,
        display_name: username,
        linked_at: 0,
      })
      .execute();
    return accountId;
  };
  const owner = await link('owner');
  const { id: projectId } = await addProject(store, { created_by: owner });
  await addMember(store, projectId, { accountId: await link('member'), role: 'member' });
  await addMember(store, projectId, { accountId: await link('gone', { blocked: true }), role: 'owner' });
  await addMember(store, projectId, { accountId: await link('barred'), role: 'owner' });
  await store.db
    .updateTable('account_profiles')
    .set({ barred: 'as told' })
    .where('username', '=', 'barred')
    .execute();
  const admin = { account_id: await link('admin'), name: 'admin', since: 0 };
  await store.db.insertInto('administrators').values(admin).execute();
  const mayInvite = createInviters(store);
  const answers = ['owner', 'admin', 'member', 'gone', 'barred', 'nobody'].map((name) =>
    mayInvite(`@${name}:localhost`),
  );
  expect(await Promise.all(answers)).toEqual([true, true, false, false, false, false]);
  await store.db.updateTable('projects').set({ state: 'deleted' }).execute();
  expect(await mayInvite('@owner:localhost')).toBe(false);
  await store.close();
});
