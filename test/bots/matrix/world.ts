import { afterEach, expect } from 'vitest';
import type { Card, ChatHandlers, CommandEvent, ReactionEvent } from '../../../src/bots/chat.ts';
import type { ReplacedRoom } from '../../../src/bots/matrix/listener.ts';
import { createMatrixChat, type MatrixChat } from '../../../src/bots/matrix/matrix.ts';
import { silentLog } from '../../../src/core/platform/log.ts';
import type { Store } from '../../../src/core/store/store.ts';
import type { Json, StoredEvent } from '../../fakes/homeserver/events.ts';
import { type Homeserver, startHomeserver } from '../../fakes/homeserver/homeserver.ts';
import type { Person } from '../../fakes/homeserver/people.ts';
import type { Room } from '../../fakes/homeserver/room.ts';
import { positionOf } from '../../fakes/homeserver/sync.ts';
import { type HeldClock, heldClock, memoryStore, messages } from '../../support/desk.ts';

export interface MatrixWorld {
  readonly clock: HeldClock;
  readonly store: Store;
  readonly server: Homeserver;
  /** The bot as it runs now. */
  chat: MatrixChat;
  /** May invite the bot. */
  readonly alice: Person;
  readonly bob: Person;
  readonly reactions: ReactionEvent[];
  readonly commands: CommandEvent[];
  readonly replaced: ReplacedRoom[];
  gaps: number;
  /** What becomes of a reaction before it counts as dealt with. */
  onReaction: (event: ReactionEvent) => Promise<void>;
  onCommand: (event: CommandEvent) => Promise<void>;
  onReplaced: (change: ReplacedRoom) => Promise<void>;
  start(): Promise<void>;
  /** The process ends, and another one starts on the same database. */
  restart(): Promise<void>;
  /** Resolves when this is so; looked at whenever the homeserver or a handler did something. */
  until(check: () => boolean): Promise<void>;
  /** Resolves when the bot has heard of everything that has happened so far; dealing with it may go on. */
  heard(): Promise<void>;
  /** A room with Alice in it, which the bot has joined. */
  room(given?: Parameters<Person['makeRoom']>[0]): Promise<Room>;
  /** A message whose reactions tell that everything before was dealt with. */
  post(room: Room, card?: Card, key?: string): Promise<string>;
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** The adapter and a homeserver. Time stands still unless the test moves it on. */
export async function matrixWorld(given: { store?: Store; started?: boolean } = {}): Promise<MatrixWorld> {
  const clock = heldClock();
  const server = await startHomeserver(clock);
  const store = given.store ?? (await memoryStore());
  if (!given.store) open.push(() => store.close());
  open.push(async () => {
    await server.close();
    expect(server.unplanned).toEqual([]);
  });
  const { look } = server;
  const connect = () =>
    createMatrixChat({
      store,
      clock,
      log: silentLog,
      homeserver: server.url,
      token: server.bot.token,
      userAgent: 'Visavis tests',
      translate: (language) => messages.translator(language),
      mayInvite: async (userId) => userId === world.alice.id,
      onReplaced: async (change) => {
        world.replaced.push(change);
        await world.onReplaced(change);
        look();
      },
    });
  const handlers: ChatHandlers = {
    async onReaction(event) {
      const dealing = world.onReaction(event);
      look();
      await dealing;
      world.reactions.push(event);
      look();
    },
    async onCommand(event) {
      world.commands.push(event);
      const dealing = world.onCommand(event);
      look();
      await dealing;
      look();
    },
    onGap() {
      world.gaps++;
      look();
    },
  };
  const world: MatrixWorld = {
    clock,
    store,
    server,
    chat: connect(),
    alice: server.person('alice', 'Alice'),
    bob: server.person('bob', 'Bob'),
    reactions: [],
    commands: [],
    replaced: [],
    gaps: 0,
    onReaction: async () => {},
    onCommand: async () => {},
    onReplaced: async () => {},
    start: () => world.chat.start(handlers),
    async restart() {
      await world.chat.stop();
      world.chat = connect();
      await world.start();
    },
    until: (check) => server.until(check),
    heard() {
      const { position } = server;
      return server.until(() => {
        const last = server.requests.findLast((one) => one.path.endsWith('/sync'));
        return last?.status === 0 && (positionOf(String(last.qs.since)) ?? 0) >= position;
      });
    },
    async room(made) {
      const room = world.alice.makeRoom(made);
      await world.until(() => room.membership(server.bot.id) === 'join');
      await world.heard();
      return room;
    },
    post: (room, card = { title: 'Is this Ada?' }, key = 'post-1') => world.chat.post(room.id, card, key),
  };
  open.push(() => world.chat.stop());
  if (given.started !== false) await world.start();
  return world;
}

/** Messages of the bot in a room, the oldest first, without edits. */
export function messagesIn(world: MatrixWorld, room: Room): StoredEvent[] {
  return room.events.filter(
    (event) =>
      event.sender === world.server.bot.id &&
      event.type === 'm.room.message' &&
      (event.content['m.relates_to'] as Json | undefined)?.rel_type !== 'm.replace',
  );
}

/** Keys of the bot's own reactions that stand. */
export function seedsOn(world: MatrixWorld, room: Room, eventId: string): unknown[] {
  return room
    .related(eventId, 'm.annotation')
    .filter((event) => event.sender === world.server.bot.id)
    .map((event) => (event.content['m.relates_to'] as Json).key)
    .toReversed();
}

/** The room in which the bot tells somebody things; null before the first time. */
export function directRoom(world: MatrixWorld, person: Person): Room | null {
  const list = world.server.accountData.get(`${world.server.bot.id} m.direct`)?.content[person.id];
  const [roomId] = (list ?? []) as string[];
  return roomId === undefined ? null : world.server.room(roomId);
}

/** What somebody was told there. */
export function toldTo(world: MatrixWorld, person: Person): unknown[] {
  const room = directRoom(world, person);
  return room ? messagesIn(world, room).map((event) => event.content.body) : [];
}

/** Lets a pause of that length pass. */
export async function pass(world: MatrixWorld, ms: number): Promise<void> {
  await world.clock.sleeping(ms);
  world.clock.advance(ms);
}

export const picture = {
  bytes: new Uint8Array([1, 2, 3, 4]),
  type: 'image/jpeg' as const,
  width: 800,
  height: 600,
  alt: 'a photo with one face marked',
};
