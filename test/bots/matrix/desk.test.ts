import { expect, test } from 'vitest';
import { createDesk } from '../../../src/bots/desk.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import { memoryNudges } from '../../../src/core/platform/nudges.ts';
import type { Json } from '../../fakes/homeserver/events.ts';
import type { Person } from '../../fakes/homeserver/people.ts';
import { addPicture, fakeStudio, messages, verdictOf } from '../../support/desk.ts';
import { addAccount, addMember, addProject } from '../../support/people.ts';
import { type MatrixWorld, matrixWorld, messagesIn, seedsOn, toldTo } from './world.ts';

async function link(world: MatrixWorld, person: Person, accountId: number): Promise<void> {
  await world.store.db
    .insertInto('identities')
    .values({
      account_id: accountId,
      platform: 'matrix',
      external_id: person.id,
      display_name: person.id,
      linked_at: 0,
    })
    .execute();
}

test('from the room’s setup to a verdict, and back, with the desk', async () => {
  const world = await matrixWorld({ started: false });
  const { store, clock, server } = world;
  const { id: projectId, owner } = await addProject(store);
  await link(world, world.alice, owner);
  await link(world, world.bob, await addMember(store, projectId, { accountId: await addAccount(store) }));
  const { faceIds } = await addPicture(store, projectId);
  const studio = fakeStudio();
  const desk = createDesk(
    {
      store,
      clock,
      nudges: memoryNudges(),
      log: silentLog,
      pictures: studio.pictures,
      detector: studio.detector,
      translate: (language) => messages.translator(language),
      languages: messages.languages,
      itemUrl: (person) => `https://items.example/wiki/${person}`,
      publicUrl: 'https://visavis.example',
      workerId: 'desk one',
    },
    world.chat,
  );
  await desk.start();
  await server.until(() => server.requests.some((one) => one.path.endsWith('/sync')));
  const room = world.alice.makeRoom({ version: '12', name: 'Faces' });
  world.alice.invite(room, world.bob.id);
  world.bob.join(room);
  await server.until(() => room.membership(server.bot.id) === 'join');
  world.bob.say(room, `!visavis setup ${projectId}`);
  await server.until(() => toldTo(world, world.bob).length === 1);
  world.alice.say(room, `!visavis setup ${projectId}`);
  const question = () => messagesIn(world, room).find((event) => event.content.msgtype === 'm.image');
  await server.until(() => question() !== undefined);
  const id = question()?.eventId ?? '';
  await server.until(() => seedsOn(world, room, id).length === 3);
  expect(seedsOn(world, room, id)).toEqual(['✅', '❌', '🤷']);
  const stranger = server.person('stranger');
  world.alice.invite(room, stranger.id);
  stranger.join(room);
  stranger.react(room, id, '❌');
  await server.until(() => toldTo(world, stranger).length === 1);
  const [faceId = 0] = faceIds;
  expect(await verdictOf(store, projectId, faceId)).toBe('open');

  const yes = world.bob.react(room, id, '✅');
  const edits = () => room.related(id, 'm.replace').length;
  await server.until(() => edits() === 1);
  expect(await verdictOf(store, projectId, faceId)).toBe('match');
  const edited = room.related(id, 'm.replace')[0]?.content['m.new_content'] as Json;
  expect(edited).toMatchObject({ msgtype: 'm.image', url: question()?.content.url });
  world.bob.redact(room, yes);
  await server.until(() => edits() === 2);
  expect(await verdictOf(store, projectId, faceId)).toBe('open');
  await desk.stop();
});
