import { expect, test } from 'vitest';
import { createDesk } from '../../../src/bots/desk.ts';
import { tellMoved } from '../../../src/bots/moves.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import { bindChannel, channelByExternalId } from '../../../src/core/projects/channels.ts';
import type { Person } from '../../fakes/homeserver/people.ts';
import type { Room } from '../../fakes/homeserver/room.ts';
import { addPicture, fakeStudio, messages } from '../../support/desk.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { directRoom, type MatrixWorld, matrixWorld, messagesIn, toldTo } from './world.ts';

/** A room that is bound to a project of Alice, in which Bob is a member, with a desk and a first question. */
async function followWorld() {
  const world = await matrixWorld({ started: false });
  const { store, clock, server } = world;
  const { id: projectId, owner } = await addProject(store);
  const link = (person: Person, account_id: number) =>
    store.db
      .insertInto('identities')
      .values({
        account_id,
        platform: 'matrix',
        external_id: person.id,
        display_name: person.id,
        linked_at: 0,
      })
      .execute();
  await link(world.alice, owner);
  await link(world.bob, await addMember(store, projectId, { accountId: await addAccount(store) }));
  // One question for each room.
  for (let i = 0; i < 2; i++) await addPicture(store, projectId);
  const translate = (language: string) => messages.translator(language);
  world.onReplaced = (change) => tellMoved({ store, log: silentLog, translate }, world.chat, change);
  const { pictures, detector } = fakeStudio();
  const nudges = memoryNudges();
  const desk = createDesk(
    {
      store,
      clock,
      nudges,
      log: silentLog,
      pictures,
      detector,
      translate,
      languages: messages.languages,
      itemUrl: (person) => `https://items.example/wiki/${person}`,
      publicUrl: 'https://visavis.example',
      workerId: 'desk one',
    },
    world.chat,
  );
  await desk.start();
  await server.until(() => server.requests.some((one) => one.path.endsWith('/sync')));
  const makeRoom = async () => {
    const room = world.alice.makeRoom({ name: 'Faces' });
    world.alice.invite(room, world.bob.id);
    world.bob.join(room);
    await server.until(() => room.membership(server.bot.id) === 'join');
    await world.heard();
    return room;
  };
  const old = await makeRoom();
  await bindChannel(
    { store, clock, nudges },
    {
      platform: 'matrix',
      externalId: old.id,
      name: 'Faces',
      projectId,
      accountId: owner,
      settings: { pace: 6, maxOpen: 1 },
    },
  );
  const questions = (room: Room) =>
    messagesIn(world, room).filter((event) => event.content.msgtype === 'm.image');
  await server.until(() => questions(old).length === 1);
  const told = (person: Person) => toldTo(world, person).map(String);
  return { ...world, world, projectId, old, desk, questions, told };
}

/** A room in which Alice alone has the power; the bot is not in it. */
function newRoom(world: MatrixWorld, given: Parameters<Person['makeRoom']>[0] = {}): Room {
  const room = world.alice.makeRoom({ name: 'Faces again', ...given });
  world.alice.kick(room);
  return room;
}

test('the bot says where the room went, and goes on there after the owner’s yes', async () => {
  const { world, server, alice, bob, store, projectId, old, questions, told, desk } = await followWorld();
  const next = newRoom(world);
  alice.setState(old, 'm.room.tombstone', { body: 'moved', replacement_room: next.id });
  const spoken = () => messagesIn(world, old).filter((event) => event.content.msgtype === 'm.notice');
  await server.until(() => spoken().length === 1);
  expect(String(spoken()[0]?.content.body)).toContain('!visavis follow');

  bob.say(old, '!visavis follow');
  await server.until(() => told(bob).length === 1);
  expect(told(bob)[0]).toContain('No room of a project of yours');

  alice.say(old, '!visavis follow');
  await server.until(() => told(alice).length === 1);
  expect(told(alice)[0]).toContain('does not let me in');
  alice.invite(next);
  await server.until(() => next.membership(server.bot.id) === 'join');
  await world.heard();
  alice.say(old, '!visavis follow');
  await server.until(() => told(alice).length === 2 && questions(next).length === 1);
  expect(told(alice)[1]).toContain('go on in “Faces again”');
  expect(await channelByExternalId(store, 'matrix', next.id)).toMatchObject({
    projectId,
    settings: { pace: 6 },
  });
  expect(await channelByExternalId(store, 'matrix', old.id)).toBeNull();
  await desk.stop();
});

test('where the old room is closed for the bot, the owners are told, and may answer there', async () => {
  const { world, server, alice, bob, old, questions, told, desk } = await followWorld();
  const levels = old.state('m.room.power_levels')?.content;
  alice.setState(old, 'm.room.power_levels', { ...levels, events_default: 50 });
  const next = newRoom(world);
  alice.setState(old, 'm.room.tombstone', { body: 'moved', replacement_room: next.id });
  await server.until(() => told(alice).length === 1);
  expect(told(alice)[0]).toContain('“Faces” of the project “A project”');
  expect(told(bob)).toEqual([]);
  alice.invite(next);
  await server.until(() => next.membership(server.bot.id) === 'join');
  await world.heard();
  const direct = directRoom(world, alice);
  if (!direct) throw new Error('there is no direct room');
  alice.join(direct);
  alice.say(direct, '!visavis follow');
  await server.until(() => questions(next).length === 1);
  await desk.stop();
});

test('the right to manage the new room is needed too, and it must not be encrypted', async () => {
  const { world, server, alice, bob, old, told, desk, store } = await followWorld();
  // In the new room Bob alone has the power.
  const foreign = newRoom(world);
  alice.invite(foreign);
  await server.until(() => foreign.membership(server.bot.id) === 'join');
  await world.heard();
  const levels = foreign.state('m.room.power_levels')?.content;
  alice.setState(foreign, 'm.room.power_levels', { ...levels, users: { [bob.id]: 100 } });
  alice.setState(old, 'm.room.tombstone', { body: 'moved', replacement_room: foreign.id });
  await server.until(() => messagesIn(world, old).some((event) => event.content.msgtype === 'm.notice'));
  alice.say(old, '!visavis follow');
  await server.until(() => told(alice).length === 1);
  expect(told(alice)[0]).toContain('right to manage the new room');
  expect(await channelByExternalId(store, 'matrix', foreign.id)).toBeNull();

  const secret = newRoom(world, { encrypted: true });
  alice.setState(old, 'm.room.tombstone', { body: 'moved again', replacement_room: secret.id });
  await server.until(
    () => messagesIn(world, old).filter((event) => event.content.msgtype === 'm.notice').length === 2,
  );
  alice.say(old, '!visavis follow');
  await server.until(() => told(alice).length === 2);
  expect(await channelByExternalId(store, 'matrix', secret.id)).toBeNull();
  expect((await channelByExternalId(store, 'matrix', old.id)) !== null).toBe(true);
  await desk.stop();
});
