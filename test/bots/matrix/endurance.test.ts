import { expect, test } from 'vitest';
import type { Fault } from '../../fakes/homeserver/homeserver.ts';
import type { Person } from '../../fakes/homeserver/people.ts';
import type { Room } from '../../fakes/homeserver/room.ts';
import { type MatrixWorld, matrixWorld, messagesIn } from './world.ts';

const EMOJI = ['✅', '❌', '🤷', '🚫', '1️⃣', '2️⃣', '3️⃣', '4️⃣', '5️⃣', '👍'];
const FAULTS: readonly Fault[] = [
  { path: /\/sync/, how: 502 },
  { path: /\/sync/, how: 'drop' },
  { path: /\/sync/, how: 'lose' },
  { path: /\/sync/, how: 'silence' },
  { method: 'PUT', path: /\/send\//, how: 'lose' },
  { method: 'PUT', path: /\/send\//, how: 'drop' },
  { method: 'PUT', path: /\/send\//, how: 503 },
  { path: /\/relations\//, how: 502 },
];

/** What a desk does: standing reactions by their event, and all posts read again after a gap. */
function keepBooks(world: MatrixWorld, room: Room) {
  const standing = new Set<string>();
  world.onReaction = async ({ change, eventId }) => {
    if (eventId === undefined) throw new Error('a reaction without its event');
    if (change === 'taken_back') standing.delete(eventId);
    else standing.add(eventId);
  };
  return {
    standing,
    async readAgain(messages: readonly string[]) {
      for (const id of messages)
        for (const { eventId } of (await world.chat.reactions(room.id, id)) ?? [])
          if (eventId !== undefined) standing.add(eventId);
    },
    truth: (messages: readonly string[]) =>
      messages
        .flatMap((id) => room.related(id, 'm.annotation'))
        .filter((event) => event.sender !== world.server.bot.id)
        .map((event) => event.eventId)
        .sort(),
  };
}

/** Lets what is under way get on, and three seconds pass. */
async function tick(world: MatrixWorld): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  world.clock.advance(3_000);
}

/** Ticks until the work is done. */
async function ticking<T>(world: MatrixWorld, work: Promise<T>): Promise<T> {
  let over = false;
  const done = work.finally(() => {
    over = true;
  });
  done.catch(() => {});
  while (!over) await tick(world);
  return done;
}

async function busyRoom(world: MatrixWorld): Promise<{ room: Room; people: Person[] }> {
  const room = await world.room();
  const people = Array.from({ length: 5 }, (_, i) => world.server.person(`person${i}`));
  for (const person of people) {
    world.alice.invite(room, person.id);
    person.join(room);
  }
  await world.heard();
  return { room, people };
}

/** Numbers that look like chance, and are the same each time. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % sides;
  };
}

test('500 reactions and 10 posts while everything fails now and then: none lost, none twice', async () => {
  const world = await matrixWorld();
  const { room, people } = await busyRoom(world);
  const books = keepBooks(world, room);
  // Without gaps: what was taken back in one cannot be told any more.
  world.server.timelineLimit = 1_000;
  const roll = dice(7);
  const messages: string[] = [];
  const made: { person: Person; eventId: string }[] = [];
  for (let post = 0; post < EMOJI.length; post++) {
    world.server.fail(FAULTS[roll(FAULTS.length)] as Fault);
    const id = await ticking(world, world.post(room, { title: `Question ${post}` }, `post-${post}`));
    messages.push(id);
    for (const person of people)
      for (const emoji of EMOJI) {
        made.push({ person, eventId: person.react(room, id, emoji) });
        // One in ten is taken back again, at once or much later.
        if (roll(10) === 0) {
          const [one] = made.splice(roll(made.length), 1);
          one?.person.redact(room, one.eventId);
        }
        if (roll(8) === 0) world.server.fail(FAULTS[roll(FAULTS.length)] as Fault);
        if (roll(3) === 0) await tick(world);
      }
    if (post % 3 === 1) {
      await world.server.down();
      await tick(world);
      await world.server.up();
    }
    if (post % 4 === 2) {
      world.server.heal();
      await ticking(world, world.restart());
    }
    await ticking(world, world.heard());
  }
  world.server.heal();
  await ticking(world, world.heard());
  // Of a lost one, or one too many, the test would wait for ever.
  await ticking(
    world,
    world.until(() => [...books.standing].sort().join() === books.truth(messages).join()),
  );
  expect(messagesIn(world, room).map((event) => event.content.body)).toEqual(
    messages.map((_, post) => `Question ${post}`),
  );
  expect(made.length).toBeGreaterThan(400);
});
