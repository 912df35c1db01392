import type { Json } from './events.ts';
import { createRoom, type Room, type RoomVersion } from './room.ts';
import { enter, invite, redactIn, type State } from './routes.ts';

/** Somebody at another client; each word is done at once, under the same rules as the bot's requests. */
export interface Person {
  readonly id: string;
  /** A room with the bot invited. */
  makeRoom(given?: { version?: RoomVersion; name?: string; direct?: boolean; encrypted?: boolean }): Room;
  invite(room: Room, userId?: string): void;
  join(room: Room): void;
  leave(room: Room): void;
  /** Takes the bot, or somebody else, out of the room. */
  kick(room: Room, userId?: string): void;
  /** @returns the event's id */
  say(room: Room, body: string, more?: Json): string;
  send(room: Room, type: string, content: Json): string;
  react(room: Room, eventId: string, key: string): string;
  redact(room: Room, eventId: string): string;
  setState(room: Room, type: string, content: Json): string;
}

export function createPerson(state: State, id: string, botId: string): Person {
  const member = (room: Room, userId: string, content: Json) =>
    void room.send({ sender: id, type: 'm.room.member', stateKey: userId, content });
  const person: Person = {
    id,
    makeRoom({ version = state.version, name, direct = false, encrypted = false } = {}) {
      const room = createRoom(state, version, id, state.users.get(id)?.displayname);
      state.rooms.set(room.id, room);
      if (name !== undefined) person.setState(room, 'm.room.name', { name });
      if (encrypted) person.setState(room, 'm.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' });
      invite(state, room, id, botId, direct);
      return room;
    },
    invite: (room, userId = botId) => void invite(state, room, id, userId, false),
    join: (room) => void enter(state, room, id),
    leave: (room) => member(room, id, { membership: 'leave' }),
    kick: (room, userId = botId) => member(room, userId, { membership: 'leave', reason: 'bye' }),
    say: (room, body, more = {}) => person.send(room, 'm.room.message', { msgtype: 'm.text', body, ...more }),
    send: (room, type, content) => room.send({ sender: id, type, content }).eventId,
    react: (room, eventId, key) =>
      person.send(room, 'm.reaction', {
        'm.relates_to': { rel_type: 'm.annotation', event_id: eventId, key },
      }),
    redact: (room, eventId) => redactIn(room, id, eventId, {}).eventId,
    setState: (room, type, content) => room.send({ sender: id, type, stateKey: '', content }).eventId,
  };
  return person;
}
