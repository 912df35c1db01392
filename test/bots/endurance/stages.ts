import type { Clock } from '../../../src/core/platform/clock.ts';
import { type FakeDiscord, startFakeDiscord } from '../../fakes/discord/discord.ts';
import type { FakeUser } from '../../fakes/discord/world.ts';
import type { Json } from '../../fakes/homeserver/events.ts';
import { type Homeserver, startHomeserver } from '../../fakes/homeserver/homeserver.ts';
import type { Person } from '../../fakes/homeserver/people.ts';

/** One channel on a stand-in, with the people in it. Messages and people are named by the platform's ids. */
export interface Stage {
  readonly platform: 'discord' | 'matrix';
  readonly channel: string;
  /** Where the bot finds it, and by which token. */
  readonly url: string;
  readonly token: string;
  /** Somebody who is in the channel from now on. */
  person(name: string): string;
  react(person: string, message: string, emoji: string): void;
  takeBack(person: string, message: string, emoji: string): void;
  /** What the bot has posted there, the oldest first. */
  posts(): string[];
  /** Emoji that the bot itself put below a post. */
  seeds(message: string): string[];
  /** What a post says now. */
  text(message: string): string;
  close(): Promise<void>;
}

export interface DiscordStage extends Stage {
  readonly fake: FakeDiscord;
}

export async function discordStage(): Promise<DiscordStage> {
  const fake = await startFakeDiscord();
  const { world } = fake;
  const channel = world.addChannel('labelling').id;
  const people = new Map<string, FakeUser>();
  const both = (person: string, message: string) => {
    const [user, post] = [people.get(person), world.messages.get(message)];
    if (!user || !post) throw new Error(`no ${person} or ${message}`);
    return { user, post };
  };
  return {
    platform: 'discord',
    fake,
    channel,
    url: fake.api,
    token: fake.token,
    person(name) {
      const user = world.addUser(name);
      people.set(user.id, user);
      return user.id;
    },
    react(person, message, emoji) {
      const { user, post } = both(person, message);
      world.react(post, user, emoji);
    },
    takeBack(person, message, emoji) {
      const { user, post } = both(person, message);
      world.takeBack(post, user, emoji);
    },
    posts: () => world.shown(channel).map((one) => one.id),
    seeds: (message) =>
      (world.messages.get(message)?.reactions ?? [])
        .filter(({ users }) => users.includes(world.bot))
        .map(({ emoji }) => emoji.name),
    text: (message) => JSON.stringify(world.messages.get(message)?.embeds),
    close: () => fake.stop(),
  };
}

export interface MatrixStage extends Stage {
  readonly server: Homeserver;
}

/** @param clock of the homeserver and of the bot */
export async function matrixStage(clock: Clock): Promise<MatrixStage> {
  const server = await startHomeserver(clock);
  const host = server.person('host');
  const room = host.makeRoom({ version: '12', name: 'Faces' });
  const people = new Map<string, Person>();
  const given = new Map<string, string>();
  const somebody = (id: string) => {
    const person = people.get(id);
    if (!person) throw new Error(`nobody is ${id}`);
    return person;
  };
  const relation = (content: Json) => content['m.relates_to'] as Json | undefined;
  return {
    platform: 'matrix',
    server,
    channel: room.id,
    url: server.url,
    token: server.bot.token,
    person(name) {
      const person = server.person(name);
      people.set(person.id, person);
      host.invite(room, person.id);
      person.join(room);
      return person.id;
    },
    react(person, message, emoji) {
      given.set(`${person} ${message} ${emoji}`, somebody(person).react(room, message, emoji));
    },
    takeBack(person, message, emoji) {
      somebody(person).redact(room, given.get(`${person} ${message} ${emoji}`) ?? '');
    },
    posts: () =>
      room.events
        .filter((event) => event.sender === server.bot.id && event.type === 'm.room.message')
        .filter((event) => !event.redactedBy && relation(event.content)?.rel_type !== 'm.replace')
        .map((event) => event.eventId),
    seeds: (message) =>
      room
        .related(message, 'm.annotation')
        .filter((event) => event.sender === server.bot.id)
        .map((event) => String(relation(event.content)?.key))
        .toReversed(),
    text(message) {
      const [edit] = room.related(message, 'm.replace');
      return JSON.stringify((edit ?? room.event(message)).content);
    },
    close: () => server.close(),
  };
}
