import { refusal } from '../../core/platform/refusals.ts';
import type { Client } from './client.ts';
import { readEvent, textOf } from './incoming.ts';
import { isRefusal } from './wire.ts';

/** What the bot needs to know about rooms; asked when it is needed, because a sync leaves much out. */
export interface Rooms {
  isIn(roomId: string): boolean;
  joined(roomId: string): void;
  left(roomId: string): void;
  /** Encryption is never switched off again. */
  markEncrypted(roomId: string): void;
  isEncrypted(roomId: string): Promise<boolean>;
  /** @throws VisavisError `forbidden`: nothing may be sent there in clear */
  assertClear(roomId: string): Promise<void>;
  /** Power 50, or a creator where creators stand above all levels (room version 12). */
  mayManage(roomId: string, userId: string): Promise<boolean>;
  /** Invited, and no answer yet. */
  isInvited(roomId: string, userId: string): Promise<boolean>;
  /** The room's name as its people gave it, else its id. */
  nameOf(roomId: string): Promise<string>;
  /** The name the person chose and the id, which nobody can choose: `Alice (@alice:example.org)`. */
  personIn(roomId: string, userId: string): Promise<string>;
}

/** Who may change the state of a room may bind it: 50, as of Matrix’s moderators. */
const NEEDED_POWER = 50;

/** @param read asks the homeserver, patiently */
export function createRooms(client: Client, read: <T>(work: () => Promise<T>) => Promise<T>): Rooms {
  const members = new Set<string>();
  const encrypted = new Map<string, boolean>();

  /** Content of a state event; null where there is none, or it is not ours to see. */
  async function state(
    roomId: string,
    type: string,
    key = '',
  ): Promise<Readonly<Record<string, unknown>> | null> {
    try {
      const content: unknown = await read(() => client.getRoomStateEvent(roomId, type, key));
      return typeof content === 'object' && content !== null ? { ...content } : null;
    } catch (error) {
      if (isRefusal(error, 404)) return null;
      throw error;
    }
  }

  const rooms: Rooms = {
    isIn: (roomId) => members.has(roomId),
    joined: (roomId) => void members.add(roomId),
    left(roomId) {
      members.delete(roomId);
      encrypted.delete(roomId);
    },
    markEncrypted: (roomId) => void encrypted.set(roomId, true),
    async isEncrypted(roomId) {
      const known = encrypted.get(roomId);
      if (known !== undefined) return known;
      const found = (await state(roomId, 'm.room.encryption')) !== null;
      // The event may have come while we asked.
      if (encrypted.get(roomId) !== true) encrypted.set(roomId, found);
      return encrypted.get(roomId) ?? found;
    },
    async assertClear(roomId) {
      if (await rooms.isEncrypted(roomId)) throw refusal('crypto-room');
    },
    async mayManage(roomId, userId) {
      const levels = await state(roomId, 'm.room.power_levels');
      if (powerOf(levels, userId) >= NEEDED_POWER) return true;
      // Since version 12 the room is named after the event that made it, and its creators have no level.
      if (!roomId.includes(':')) return (await creators(roomId)).includes(userId);
      // Without any levels the creator of an older room has all the power.
      if (levels !== null) return false;
      return textOf((await state(roomId, 'm.room.create')) ?? {}, 'creator') === userId;
    },
    async isInvited(roomId, userId) {
      const member = await state(roomId, 'm.room.member', userId);
      return textOf(member ?? {}, 'membership') === 'invite';
    },
    async nameOf(roomId) {
      const [name, alias] = await Promise.all([
        state(roomId, 'm.room.name'),
        state(roomId, 'm.room.canonical_alias'),
      ]);
      return clean(textOf(name ?? {}, 'name')) || textOf(alias ?? {}, 'alias') || roomId;
    },
    async personIn(roomId, userId) {
      const member = await state(roomId, 'm.room.member', userId);
      const name = clean(textOf(member ?? {}, 'displayname'));
      return name === '' || name === userId ? userId : `${name} (${userId})`;
    },
  };
  return rooms;

  async function creators(roomId: string): Promise<unknown[]> {
    const created = readEvent(await read(() => client.getEvent(roomId, `$${roomId.slice(1)}`)));
    const more = created?.content.additional_creators;
    return created ? [created.sender, ...(Array.isArray(more) ? more : [])] : [];
  }
}

function powerOf(levels: Readonly<Record<string, unknown>> | null, userId: string): number {
  const users = levels?.users;
  const own =
    typeof users === 'object' && users !== null && Object.hasOwn(users, userId)
      ? (users as Record<string, unknown>)[userId]
      : levels?.users_default;
  const power = Number(own ?? 0);
  return Number.isFinite(power) ? power : 0;
}

/** Without what hides or turns text around; a name is the last thing to trust. */
function clean(name: string | null): string {
  return (name ?? '')
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .trim()
    .slice(0, 80);
}
