import { refusal } from '../platform/refusals.ts';
import type { Db } from '../store/store.ts';

/** `csp_user` is INT UNSIGNED. */
const LARGEST = 4_294_967_295;

/** The central id of an account, as `csp_sources` has it. @throws VisavisError `conflict` */
export async function centralUser(db: Db, accountId: number): Promise<number> {
  const user = await knownCentralUser(db, accountId);
  if (user === null) throw refusal('no-central-id');
  return user;
}

/** null: the account was forgotten, or its central id is no number that fits. */
export async function knownCentralUser(db: Db, accountId: number): Promise<number | null> {
  const row = await db
    .selectFrom('account_profiles')
    .select('central_id')
    .where('account_id', '=', accountId)
    .executeTakeFirst();
  return row ? readCentralId(row.central_id) : null;
}

/** null when it is no number that fits. */
export function readCentralId(text: string): number | null {
  if (!/^[1-9]\d{0,9}$/.test(text)) return null;
  const user = Number(text);
  return user <= LARGEST ? user : null;
}

/** Values in the binary columns are ASCII. */
export const toBytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
export const fromBytes = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** MediaWiki's timestamps (TS_MW): `YYYYMMDDHHMMSS`, UTC. */
export function toTimestamp(millis: number): string {
  return new Date(millis).toISOString().replace(/\D/g, '').slice(0, 14);
}

export function fromTimestamp(text: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.map(Number) ?? [];
  return Date.UTC(year ?? 1970, (month ?? 1) - 1, day ?? 1, hour ?? 0, minute ?? 0, second ?? 0);
}

/** YYYYMMDD, UTC. */
export function dayOf(millis: number): number {
  return Number(toTimestamp(millis).slice(0, 8));
}
