import { z } from 'zod';
import type { VisavisError } from '../../core/platform/errors.ts';
import { refusal } from '../../core/platform/refusals.ts';
import type { Client } from './client.ts';
import { type Outbox, PRIORITY } from './outbox.ts';
import type { Rooms } from './rooms.ts';
import { isRefusal } from './wire.ts';

/** Rooms in which the bot and one person are alone. */
export interface DirectRooms {
  /** Where this person is told things; made when there is none, and made anew when the person has left it. */
  roomFor(userId: string): Promise<string>;
  isDirect(roomId: string): boolean;
  /** A person asked the bot for a conversation, and the bot has joined. */
  add(userId: string, roomId: string): Promise<void>;
  /** Who is in the room has changed, or whether it is encrypted. */
  doubt(roomId: string): void;
  /** Reads what the account's own list says. */
  load(): Promise<void>;
}

export interface DirectDeps {
  readonly client: Client;
  /** The bot's own. */
  readonly userId: string;
  readonly rooms: Rooms;
  readonly outbox: Outbox;
  readonly read: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The account data `m.direct`; other programs may have written it. */
const Direct = z.record(z.string(), z.array(z.string()).catch([])).catch({});
const Members = z.object({ joined: z.record(z.string(), z.unknown()) });

/** The SDK has such a list too; it trusts a room without looking who is in it, and may make two at once. */
export function createDirectRooms({ client, userId: ownId, rooms, outbox, read }: DirectDeps): DirectRooms {
  let direct: Record<string, string[]> = {};
  const checked = new Map<string, string>();
  const asking = new Map<string, Promise<string>>();
  /** The homeserver encrypts every new conversation by itself. */
  let useless = false;

  return {
    roomFor(userId) {
      // Two answers at once must not make two rooms.
      const under = asking.get(userId);
      if (under) return under;
      const finding = find(userId).finally(() => asking.delete(userId));
      asking.set(userId, finding);
      return finding;
    },
    isDirect: (roomId) => Object.values(direct).some((list) => list.includes(roomId)),
    add: (userId, roomId) => keep(userId, [roomId, ...(direct[userId] ?? [])]),
    doubt(roomId) {
      for (const [userId, known] of checked) if (known === roomId) checked.delete(userId);
    },
    async load() {
      direct = await readList();
    },
  };

  async function find(userId: string): Promise<string> {
    const known = checked.get(userId);
    if (known !== undefined) return known;
    const list = direct[userId] ?? [];
    for (const roomId of list) {
      if (!(await isUsable(roomId, userId))) continue;
      checked.set(userId, roomId);
      return roomId;
    }
    const roomId = await create(userId);
    await keep(userId, [roomId]);
    checked.set(userId, roomId);
    for (const old of list) await leave(old);
    return roomId;
  }

  /** The bot, the person (there already or still invited), nobody else, and no encryption. */
  async function isUsable(roomId: string, userId: string): Promise<boolean> {
    if (!rooms.isIn(roomId) || (await rooms.isEncrypted(roomId))) return false;
    const others = await membersOf(roomId);
    if (others.length > 0) return others.length === 1 && others[0] === userId;
    return rooms.isInvited(roomId, userId);
  }

  /** Everybody there but the bot. */
  async function membersOf(roomId: string): Promise<string[]> {
    const answer = await read(() =>
      client.doRequest('GET', `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/joined_members`),
    );
    return Object.keys(Members.parse(answer).joined).filter((one) => one !== ownId);
  }

  async function create(userId: string): Promise<string> {
    if (useless) throw encryptedServer();
    const roomId = await outbox.send(PRIORITY.answer, async (tries) => {
      // No transaction id makes this request the same one again: the room may be there already.
      const lost = tries > 0 ? await findLost(userId) : null;
      return (
        lost ??
        (await client.createRoom({
          invite: [userId],
          is_direct: true,
          preset: 'trusted_private_chat',
          initial_state: [],
        }))
      );
    });
    rooms.joined(roomId);
    if (!(await rooms.isEncrypted(roomId))) return roomId;
    useless = true;
    await leave(roomId);
    throw encryptedServer();
  }

  /** A room that was made for this person by a request whose answer never came. */
  async function findLost(userId: string): Promise<string | null> {
    const listed = Object.values(direct).flat();
    for (const roomId of await client.getJoinedRooms()) {
      if (listed.includes(roomId) || !(await rooms.isInvited(roomId, userId))) continue;
      if ((await membersOf(roomId)).length === 0) return roomId;
    }
    return null;
  }

  async function leave(roomId: string): Promise<void> {
    if (!rooms.isIn(roomId)) return;
    await outbox.send(PRIORITY.seed, () => client.leaveRoom(roomId)).catch(() => {});
    rooms.left(roomId);
  }

  /** The account's list may have been changed elsewhere: read again, and only this person's rooms are replaced. */
  async function keep(userId: string, list: string[]): Promise<void> {
    direct = { ...(await readList()), [userId]: [...new Set(list)] };
    await outbox.send(PRIORITY.answer, () => client.setAccountData('m.direct', direct));
  }

  async function readList(): Promise<Record<string, string[]>> {
    try {
      return Direct.parse(await read(() => client.getAccountData('m.direct')));
    } catch (error) {
      // Normal before the first conversation.
      if (isRefusal(error, 404)) return {};
      throw error;
    }
  }
}

function encryptedServer(): VisavisError {
  return refusal('crypto-direct');
}
