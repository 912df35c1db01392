import { createHash, createHmac, randomBytes } from 'node:crypto';

/** Tokens and codes are kept as hashes only, like everywhere else in the product. */
export function fingerprint(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Opaque text as the OAuth extension makes it: `def50200…`, `length` hexadecimal digits. */
export function opaque(length: number): string {
  return `def50200${randomBytes(length / 2)
    .toString('hex')
    .slice(8)}`;
}

/** An edit token: forty digits and `+\`. */
export function editToken(secret: string): string {
  return `${createHmac('sha1', secret).update('csrf').digest('hex')}+\\`;
}

export function randomSecret(): string {
  return randomBytes(20).toString('hex');
}
