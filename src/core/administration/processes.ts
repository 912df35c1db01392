import type { Clock } from '../platform/clock.ts';
import type { Store } from '../store/store.ts';

/** A process that tells that it is alive, or did so not long ago. */
export interface ProcessSeen {
  readonly id: string;
  /** One or more of `web`, `bots`, `worker`. */
  readonly roles: readonly string[];
  /** Of the product; empty: older than the ones that tell. */
  readonly version: string;
  readonly host: string;
  readonly startedAt: number;
  readonly seenAt: number;
  /** Its heart beats twice a minute; after five minutes without it is taken for dead. */
  readonly away: boolean;
}

export const AWAY_AFTER_MS = 5 * 60_000;

interface Deps {
  readonly store: Store;
  readonly clock: Clock;
}

/** Processes that have not said goodbye, those that were seen last first. */
export async function processesSeen({ store, clock }: Deps): Promise<ProcessSeen[]> {
  const rows = await store.db
    .selectFrom('workers')
    .selectAll()
    .orderBy('seen_at', 'desc')
    .limit(100)
    .execute();
  return rows.map(({ id, roles, version, host, started_at, seen_at }) => ({
    id,
    roles: roles.split(' '),
    version,
    host,
    startedAt: started_at,
    seenAt: seen_at,
    away: clock.now() - seen_at > AWAY_AFTER_MS,
  }));
}

/** What does not go on by itself when nobody has the role. */
export type NeededRole = 'worker' | 'bots';

/**
 * Roles that are needed, and that no process has had for five minutes: a worker always, bots where a chat is configured
 * or a channel is bound to a project.
 * @param since nobody is missed before there were five minutes to come
 */
export async function missingRoles(
  { store, clock }: Deps,
  { chats, since }: { readonly chats: boolean; readonly since: number },
): Promise<NeededRole[]> {
  const now = clock.now();
  const rows = await store.db
    .selectFrom('workers')
    .select((eb) => ['roles', eb.fn.max('seen_at').as('seen')])
    .groupBy('roles')
    .execute();
  const isAway = (role: NeededRole) =>
    rows
      .filter(({ roles }) => roles.split(' ').includes(role))
      .every(({ seen }) => now - Math.max(Number(seen), since) > AWAY_AFTER_MS) &&
    now - since > AWAY_AFTER_MS;
  const missing: NeededRole[] = isAway('worker') ? ['worker'] : [];
  if (isAway('bots') && (chats || (await anyChannel(store)))) missing.push('bots');
  return missing;
}

async function anyChannel(store: Store): Promise<boolean> {
  const row = await store.db
    .selectFrom('channels')
    .select('id')
    .where('project_id', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
