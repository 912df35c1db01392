import type { Millis } from './schema.ts';
import type { Store } from './store.ts';

/** Clocks of machines differ by less. */
export const CLOCKS_DIFFER_MS = 60_000;

interface Seen {
  readonly fence: number;
  readonly expiresAt: Millis;
  /** When this process saw it so first. */
  readonly since: Millis;
}

const suspects = new WeakMap<Store, Map<string, Seen>>();

/**
 * Whether somebody is still there who holds a lease. One that is to run longer than anybody takes it for was made by a
 * clock that was wrong: whether its holder lives shows in whether it is renewed. Who has died while the clock was an
 * hour ahead would keep everybody waiting for an hour.
 * @param ttl for which leases of this name are taken, and before which they are renewed
 */
export function isRunning(
  store: Store,
  lease: { readonly name: string; readonly fence: number; readonly expires_at: Millis },
  now: Millis,
  ttl: Millis,
): boolean {
  const { name, fence, expires_at: expiresAt } = lease;
  const seen = suspects.get(store) ?? new Map<string, Seen>();
  suspects.set(store, seen);
  const known = seen.get(name);
  seen.delete(name);
  if (expiresAt <= now) return false;
  if (expiresAt <= now + ttl + CLOCKS_DIFFER_MS) return true;
  const isSame = known?.fence === fence && known.expiresAt === expiresAt;
  if (isSame && now - known.since >= ttl) return false;
  seen.set(name, isSame ? known : { fence, expiresAt, since: now });
  return true;
}
