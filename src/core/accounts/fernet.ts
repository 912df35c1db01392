import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../platform/clock.ts';
import { VisavisError } from '../platform/errors.ts';

/**
 * Fernet by its specification (github.com/fernet/spec): AES-128-CBC with PKCS #7 padding, then HMAC-SHA256
 * over everything before it, in base64url:
 * version 0x80 | time, 8 bytes, seconds | IV, 16 bytes | ciphertext | HMAC, 32 bytes.
 */
export interface Fernet {
  /** Encrypts with the first key. */
  encrypt(text: string): string;
  /**
   * Decrypts with whichever key made the token.
   * @param maxAgeSeconds refuse older tokens, and those from more than a minute ahead
   * @throws VisavisError `configuration` with details.reason, a FernetFailure
   */
  decrypt(token: string, maxAgeSeconds?: number): string;
  /** Which of the keys made the token, counted from 0; null when none did, and for anything that is no token. */
  keyIndex(token: string): number | null;
}

export type FernetFailure =
  | 'not_base64'
  | 'too_short'
  | 'version'
  | 'block_size'
  | 'mac'
  | 'padding'
  | 'expired'
  | 'from_the_future';

/** Where the keys come from; named in errors, never what it holds. */
const VARIABLE = 'VISAVIS_TOKEN_KEY';
const VERSION = 0x80;
const HEADER_BYTES = 1 + 8 + 16;
const MAC_BYTES = 32;
const BLOCK_BYTES = 16;
const MAX_CLOCK_SKEW_SECONDS = 60;
const KEY_CHARACTERS = 44;

interface Key {
  readonly signing: Buffer;
  readonly encryption: Buffer;
}

/**
 * @param keys see `isFernetKey`; the first encrypts, all of them decrypt, so that keys can be rotated
 * @param randomBytes `crypto.randomBytes`, passed in
 */
export function createFernet(
  keys: readonly string[],
  clock: Pick<Clock, 'now'>,
  randomBytes: (size: number) => Uint8Array,
): Fernet {
  const all = keys.map(readKey);
  const [first] = all;
  if (!first) throw new VisavisError('configuration', `${VARIABLE} holds no key.`);
  const nowSeconds = () => Math.floor(clock.now() / 1000);

  return {
    encrypt(text) {
      const iv = randomBytes(16);
      const header = Buffer.alloc(HEADER_BYTES);
      header.writeUInt8(VERSION, 0);
      header.writeBigUInt64BE(BigInt(nowSeconds()), 1);
      header.set(iv, 9);
      const cipher = createCipheriv('aes-128-cbc', first.encryption, iv);
      const signed = Buffer.concat([header, cipher.update(text, 'utf8'), cipher.final()]);
      return toBase64(Buffer.concat([signed, mac(first, signed)]));
    },

    decrypt(token, maxAgeSeconds) {
      const { signed, signature, time } = split(token);
      const key = all.find((candidate) => isSignedBy(candidate, signed, signature));
      if (!key) throw failure('mac');
      // Only a time that is signed is worth comparing.
      if (maxAgeSeconds !== undefined) {
        if (time + maxAgeSeconds < nowSeconds()) throw failure('expired');
        if (time > nowSeconds() + MAX_CLOCK_SKEW_SECONDS) throw failure('from_the_future');
      }
      return decipher(key, signed);
    },

    keyIndex(token) {
      try {
        const { signed, signature } = split(token);
        const index = all.findIndex((candidate) => isSignedBy(candidate, signed, signature));
        return index < 0 ? null : index;
      } catch {
        return null;
      }
    },
  };
}

/** A new key, in the form that VISAVIS_TOKEN_KEY wants. */
export function newFernetKey(randomBytes: (size: number) => Uint8Array): string {
  return toBase64(Buffer.from(randomBytes(32)));
}

/**
 * Whether this is a key: 32 bytes in base64url, 44 characters. The `=` at the end, which gets lost where keys are
 * copied, may be missing; everything else has to be as the specification says. The settings ask here too.
 */
export function isFernetKey(text: string): boolean {
  return keyBytes(text) !== null;
}

function readKey(text: string, index: number): Key {
  const bytes = keyBytes(text);
  if (!bytes) {
    throw new VisavisError(
      'configuration',
      `Key ${index + 1} in ${VARIABLE} is not a Fernet key (32 bytes in base64url, 44 characters).`,
    );
  }
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) };
}

function keyBytes(text: string): Buffer | null {
  const key = text.trim();
  const bytes = fromBase64(key.length === KEY_CHARACTERS - 1 ? `${key}=` : key);
  return bytes?.length === 32 ? bytes : null;
}

function split(token: string): { signed: Buffer; signature: Buffer; time: number } {
  const bytes = fromBase64(token);
  if (!bytes) throw failure('not_base64');
  if (bytes.length < HEADER_BYTES + MAC_BYTES) throw failure('too_short');
  if (bytes.readUInt8(0) !== VERSION) throw failure('version');
  const signed = bytes.subarray(0, bytes.length - MAC_BYTES);
  if ((signed.length - HEADER_BYTES) % BLOCK_BYTES !== 0) throw failure('block_size');
  return {
    signed,
    signature: bytes.subarray(bytes.length - MAC_BYTES),
    time: Number(bytes.readBigUInt64BE(1)),
  };
}

function decipher(key: Key, signed: Buffer): string {
  const plain = createDecipheriv('aes-128-cbc', key.encryption, signed.subarray(9, HEADER_BYTES));
  try {
    return Buffer.concat([plain.update(signed.subarray(HEADER_BYTES)), plain.final()]).toString('utf8');
  } catch {
    throw failure('padding');
  }
}

function mac(key: Key, signed: Buffer): Buffer {
  return createHmac('sha256', key.signing).update(signed).digest();
}

function isSignedBy(key: Key, signed: Buffer, signature: Buffer): boolean {
  return timingSafeEqual(mac(key, signed), signature);
}

/** Strict: the alphabet of base64url, padded, and no second spelling of the same bytes. */
function fromBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return toBase64(bytes) === text ? bytes : null;
}

/** Node's base64url leaves the padding out; Fernet wants it. */
function toBase64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

const WORDS: Readonly<Record<FernetFailure, string>> = {
  not_base64: 'is damaged',
  too_short: 'is damaged',
  version: 'is not one of ours',
  block_size: 'is damaged',
  mac: `was made with a key that is not in ${VARIABLE}, or is damaged`,
  padding: 'is damaged',
  expired: 'is too old',
  from_the_future: 'comes from a machine whose clock is ahead',
};

function failure(reason: FernetFailure): VisavisError {
  return new VisavisError(
    'configuration',
    `A stored secret cannot be read (${VARIABLE}): it ${WORDS[reason]}.`,
    {
      details: { reason },
    },
  );
}
