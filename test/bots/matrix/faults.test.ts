import { expect, test } from 'vitest';
import { matrixWorld, messagesIn, pass, picture, seedsOn } from './world.ts';

test('the homeserver is restarted: nothing is lost, nothing is done twice', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  await world.server.down();
  const yes = world.alice.react(room, id, '✅');
  const posting = world.post(room, { title: 'And this?' }, 'post-2');
  // The sync and the post wait, each for itself.
  await world.clock.sleeping(1_000, 2);
  await world.server.up();
  world.clock.advance(1_000);
  await posting;
  await world.until(() => world.reactions.length === 1);
  world.alice.redact(room, yes);
  await world.until(() => world.reactions.length === 2);
  expect(world.reactions.map((one) => one.change)).toEqual(['added', 'taken_back']);
  expect(messagesIn(world, room)).toHaveLength(2);
});

test('502 in front of the homeserver is waited for, longer each time', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.server.fail({ method: 'PUT', path: /\/send\//, how: 502, times: 3 });
  const posting = world.post(room);
  for (const ms of [1_000, 2_000, 4_000]) await pass(world, ms);
  await posting;
  expect(messagesIn(world, room)).toHaveLength(1);
});

test('what stays away too long is given up with words, and can be tried again', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.server.fail({ method: 'PUT', path: /\/send\//, how: 502, times: 8 });
  const posting = world.post(room);
  const refused = expect(posting).rejects.toMatchObject({ code: 'internal' });
  for (const ms of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 32_000]) await pass(world, ms);
  await refused;
  await world.post(room);
  expect(messagesIn(world, room)).toHaveLength(1);
});

for (const how of ['lose', 'drop', 502] as const)
  test(`a post whose answer never came (${how}) is there once, and its reactions are read`, async () => {
    const world = await matrixWorld();
    const room = await world.room();
    world.server.fail({ method: 'PUT', path: /m\.room\.message/, how });
    const posting = world.post(room, { title: 'Is this Ada?', picture });
    await pass(world, 1_000);
    const id = await posting;
    expect(messagesIn(world, room).map((event) => event.eventId)).toEqual([id]);
    expect(world.server.media.size).toBe(1);
    await world.until(() => world.gaps === 1);
  });

test('killed between the post and its answer, the next process finds the same message', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.server.fail({ method: 'PUT', path: /m\.room\.message/, how: 'hold' });
  const posting = world.post(room, { title: 'Is this Ada?', picture });
  const ended = expect(posting).rejects.toThrow();
  await world.server.until(() => messagesIn(world, room).length === 1);
  await world.restart();
  await ended;
  world.server.release();
  const id = await world.post(room, { title: 'Is this Ada?', picture });
  expect(messagesIn(world, room).map((event) => event.eventId)).toEqual([id]);
  expect(world.server.media.size).toBe(1);
  await world.until(() => world.gaps === 1);
});

test('a revoked token ends everything, with a clear message, and without asking again', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  expect(world.chat.health()).toEqual({ state: 'up', reason: null });
  world.server.revoke();
  await world.server.until(() => world.server.requests.some((one) => one.status === 401));
  await expect(world.post(room)).rejects.toMatchObject({ code: 'configuration' });
  expect(world.chat.health().state).toBe('ended');
  expect(world.chat.health().reason).toContain('VISAVIS_MATRIX_TOKEN');
  const asked = world.server.requests.length;
  await world.chat.stop();
  await expect(world.start()).rejects.toMatchObject({ code: 'configuration' });
  expect(world.server.requests.length).toBe(asked);
});

test('a token that is revoked while a message waits ends everything too', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.server.fail({ method: 'GET', path: /\/sync/, how: 'silence', times: 100 });
  world.alice.say(room, 'the sync returns, and the next one is silent');
  await world.server.until(() => world.server.requests.at(-1)?.path.endsWith('/sync') ?? false);
  world.server.revoke();
  await expect(world.post(room)).rejects.toMatchObject({ code: 'configuration' });
  expect(world.chat.health().state).toBe('ended');
});

test('the first start with a wrong token, or without a homeserver, says what is the matter', async () => {
  const world = await matrixWorld({ started: false });
  expect(world.chat.health()).toEqual({ state: 'starting', reason: null });
  await world.server.down();
  await expect(world.start()).rejects.toThrow(/could not be reached/);
  expect(world.chat.health().state).toBe('away');
  await world.server.up();
  await world.start();
  expect(world.chat.health().state).toBe('up');
  await world.chat.stop();
  world.server.revoke();
  await expect(world.start()).rejects.toMatchObject({ code: 'configuration' });
});

test('a silent homeserver is away after 90 s, asked again, and then up', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  await world.heard();
  world.server.fail({ method: 'GET', path: /\/sync/, how: 'silence', times: 100 });
  world.alice.react(room, id, '✅');
  await world.until(() => world.reactions.length === 1);
  for (const ms of [40_000, 1_000, 40_000]) await pass(world, ms);
  await world.clock.sleeping(2_000);
  expect(world.chat.health().state).toBe('up');
  for (const ms of [2_000, 40_000]) await pass(world, ms);
  await world.clock.sleeping(4_000);
  expect(world.chat.health()).toMatchObject({
    state: 'away',
    reason: expect.stringContaining(world.server.url),
  });
  world.server.heal();
  world.alice.react(room, id, '❌');
  world.clock.advance(4_000);
  await world.until(() => world.reactions.length === 2);
  expect(world.chat.health()).toEqual({ state: 'up', reason: null });
});

test('stop ends the sync that is under way', async () => {
  const world = await matrixWorld();
  await world.heard();
  await world.chat.stop();
  await expect(world.chat.tell(world.bob.id, { text: 'x' })).rejects.toThrow(/stopping/);
});

test('where the homeserver limits, people’s answers go first and nothing is lost or doubled', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  const id = await world.post(room);
  await world.chat.tell(world.alice.id, { text: 'hello' });
  world.server.limiter.limit = { perSecond: 0.2, burst: 1 };
  await world.chat.edit(room.id, id, { text: 'this is let through' });
  const done: string[] = [];
  const note = (what: string) => () => void done.push(what);
  const work = [
    world.chat.seed(room.id, id, ['✅', '❌']).then(note('seeds')),
    world.post(room, { text: 'two' }, 'post-2').then(note('post')),
    world.chat.edit(room.id, id, { text: 'edit' }).then(note('edit')),
    world.chat.tell(world.alice.id, { text: 'answer' }).then(note('answer')),
  ];
  // Answer, edit, post and two reactions, each five seconds after the one before.
  for (let i = 0; i < 5; i++) await pass(world, 5_000);
  await Promise.all(work);
  expect(done).toEqual(['answer', 'edit', 'post', 'seeds']);
  expect(seedsOn(world, room, id)).toEqual(['✅', '❌']);
  expect(room.related(id, 'm.replace')).toHaveLength(2);
  expect(messagesIn(world, room)).toHaveLength(2);
  expect(world.server.requests.filter((one) => one.status === 429)).toHaveLength(5);
});

test('the homeserver’s default limits let a burst through and then one message in five seconds', async () => {
  const world = await matrixWorld();
  const room = await world.room();
  world.server.limiter.limit = { perSecond: 0.2, burst: 10 };
  const posting = Array.from({ length: 12 }, (_, i) => world.post(room, { text: `${i}` }, `post-${i}`));
  await Promise.all(posting.slice(0, 10));
  for (const rest of posting.slice(10)) {
    await pass(world, 5_000);
    await rest;
  }
  expect(messagesIn(world, room).map((event) => event.content.body)).toEqual(
    Array.from({ length: 12 }, (_, i) => `${i}`),
  );
});

test('two installations with one account do not take each other’s posts for their own', async () => {
  const first = await matrixWorld();
  const room = await first.room();
  const id = await first.post(room);
  await first.store.db.deleteFrom('matrix_state').execute();
  await first.store.db.deleteFrom('matrix_messages').execute();
  await first.restart();
  expect(await first.post(room, { title: 'Is this Grace?' })).not.toBe(id);
});
