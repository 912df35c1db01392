import { createHash, randomBytes } from 'node:crypto';

/** 32 characters, five bits each: no 0 and O, no 1 and I. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

export function newCode(length: number): string {
  return [...randomBytes(length)].map((byte) => ALPHABET[byte & 31]).join('');
}

/** As people type it: small letters, blanks and hyphens are all right. Empty for anything else. */
export function readCode(given: string, length: number): string {
  const code = given.replace(/[\s-]/g, '').toUpperCase();
  return code.length === length && [...code].every((one) => ALPHABET.includes(one)) ? code : '';
}

/** What is stored of a code. */
export function hashOf(code: string): Uint8Array {
  return createHash('sha256').update(code).digest();
}
