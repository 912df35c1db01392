import { expect } from 'vitest';
import { createMatrixChat } from '../../../../src/bots/matrix/matrix.ts';
import { silentLog } from '../../../../src/core/platform/log.ts';
import type { Json, StoredEvent } from '../../../fakes/homeserver/events.ts';
import { startHomeserver } from '../../../fakes/homeserver/homeserver.ts';
import type { Person } from '../../../fakes/homeserver/people.ts';
import type { Room } from '../../../fakes/homeserver/room.ts';
import { messages } from '../../../support/desk.ts';
import { NAMES, type Name, type Stage, type StageDeps } from '../stage.ts';

/** The stand-in homeserver: people write `!visavis …`, and are told things in a direct room. */
export async function matrixStage({ store, clock }: StageDeps): Promise<Stage> {
  const server = await startHomeserver(clock);
  const people = new Map(NAMES.map((name) => [name, server.person(name.toLowerCase(), name)]));
  const names = new Map([...people].map(([name, { id }]) => [id, name]));
  const olga = personOf('Olga');
  const [questions, disputes] = [makeRoom('Faces'), makeRoom('Disputes')];

  return {
    platform: 'matrix',
    questions: questions.id,
    disputes: disputes.id,
    repeats: true,
    connect: () =>
      createMatrixChat({
        store,
        clock,
        log: silentLog,
        homeserver: server.url,
        token: server.bot.token,
        userAgent: 'Visavis tests',
        translate: (language) => messages.translator(language),
        mayInvite: async (userId) => userId === olga.id,
      }),
    isReady: () => [questions, disputes].every((room) => room.membership(server.bot.id) === 'join'),
    idOf: (name) => personOf(name).id,
    async say(name, channel, command) {
      personOf(name).say(server.room(channel), `!visavis ${command}`);
    },
    async react(name, channel, messageId, emoji) {
      personOf(name).react(server.room(channel), messageId, emoji);
    },
    async takeBack(name, channel, messageId, emoji) {
      const person = personOf(name);
      const room = server.room(channel);
      const reaction = reactionsOn(room, messageId).find(
        (one) => one.sender === person.id && keyOf(one) === emoji,
      );
      if (!reaction) throw new Error(`${name} has no ${emoji} there`);
      person.redact(room, reaction.eventId);
    },
    async shown(channel) {
      const room = server.room(channel);
      return ownMessages(room).map((message) => {
        const content = contentNow(room, message);
        const reactions = reactionsOn(room, message.eventId);
        return {
          id: message.eventId,
          text: String(content.body),
          hasPicture: content.msgtype === 'm.image',
          seeds: reactions.filter((one) => one.sender === server.bot.id).map(keyOf),
          reactions: reactions
            .filter((one) => one.sender !== server.bot.id)
            .map((one) => `${names.get(one.sender)} ${keyOf(one)}`)
            .sort(),
          mentions: ((message.content['m.mentions'] as Json | undefined)?.user_ids ?? []) as string[],
        };
      });
    },
    async toldTo(name) {
      const direct = server.accountData.get(`${server.bot.id} m.direct`)?.content[personOf(name).id];
      return ((direct ?? []) as string[])
        .flatMap((roomId) => ownMessages(server.room(roomId)))
        .map((message) => String(message.content.body));
    },
    async close() {
      await server.close();
      expect(server.unplanned).toEqual([]);
    },
  };

  function personOf(name: Name): Person {
    const person = people.get(name);
    if (!person) throw new Error(`nobody is called ${name}`);
    return person;
  }

  function makeRoom(name: string): Room {
    const room = olga.makeRoom({ version: '12', name });
    for (const person of people.values()) {
      if (person === olga) continue;
      olga.invite(room, person.id);
      person.join(room);
    }
    return room;
  }

  /** The bot's messages that are there, the oldest first, without its edits. */
  function ownMessages(room: Room): StoredEvent[] {
    return room.events.filter(
      (event) =>
        event.sender === server.bot.id &&
        event.type === 'm.room.message' &&
        !event.redactedBy &&
        (event.content['m.relates_to'] as Json | undefined)?.rel_type !== 'm.replace',
    );
  }
}

/** The oldest first. */
function reactionsOn(room: Room, messageId: string): StoredEvent[] {
  return room.related(messageId, 'm.annotation').toReversed();
}

function keyOf(event: StoredEvent): string {
  return String((event.content['m.relates_to'] as Json).key);
}

/** As the newest edit has it. */
function contentNow(room: Room, message: StoredEvent): Json {
  const [edit] = room.related(message.eventId, 'm.replace');
  return (edit?.content['m.new_content'] as Json | undefined) ?? message.content;
}
