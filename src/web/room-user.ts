import { randomBytes } from 'node:crypto';
import { VisavisError } from '../core/platform/errors.ts';
import type { Translator } from '../core/platform/messages.ts';
import type { RoomUser } from '../core/room/messages.ts';

const MAX_NAME_LENGTH = 40;

/** Somebody new in the practice room, with a name like “Visitor 7F3A”. */
export function newRoomUser(t: Translator): RoomUser {
  return {
    id: `room-${randomBytes(12).toString('hex')}`,
    name: t('room-visitor-name', randomBytes(2).toString('hex').toUpperCase()),
  };
}

/** @throws VisavisError `bad_input` for an empty or too long name, or one that looks like the bot's */
export function readNickname(text: string, t: Translator): string {
  // Invisible and direction-changing characters could make a name look like another.
  const name = text
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
  if (name === '' || [...name].length > MAX_NAME_LENGTH) {
    throw new VisavisError('bad_input', t('room-name-length', MAX_NAME_LENGTH));
  }
  if (name.normalize('NFKC').toLowerCase().includes('visavis')) {
    throw new VisavisError('bad_input', t('room-name-taken'));
  }
  return name;
}
