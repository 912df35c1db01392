import { VisavisError } from '../platform/errors.ts';
import type { Millis } from './schema.ts';
import { forUpdate, forUpdateSkipLocked, isDuplicate, type Store, type Trx } from './store.ts';

/**
 * The right to work on something until a time. The fencing number grows with every new holder: whoever writes
 * states it, and is refused when somebody else has taken over meanwhile.
 */
export interface Lease {
  readonly name: string;
  readonly owner: string;
  readonly fence: number;
}

/** Takes a named lease when it is free or has run out; null when somebody else holds it. */
export async function takeLease(
  store: Store,
  args: { name: string; owner: string; now: Millis; ttl: Millis },
): Promise<Lease | null> {
  const { name, owner, now, ttl } = args;
  try {
    return await store.transaction(async (trx) => {
      const row = await forUpdate(
        store,
        trx.selectFrom('leases').selectAll().where('name', '=', name),
      ).executeTakeFirst();
      if (!row) {
        await trx
          .insertInto('leases')
          .values({ name, owner, expires_at: now + ttl, fence: 1 })
          .execute();
        return { name, owner, fence: 1 };
      }
      if (row.owner !== null && row.expires_at > now) return null;
      const fence = row.fence + 1;
      await trx
        .updateTable('leases')
        .set({ owner, expires_at: now + ttl, fence })
        .where('name', '=', name)
        .execute();
      return { name, owner, fence };
    });
  } catch (error) {
    // Two took it for the first time at once; the other one has it.
    if (isDuplicate(error)) return null;
    throw error;
  }
}

/** Holds on to it for another `ttl`. False: it is lost, stop working. */
export async function renewLease(store: Store, lease: Lease, now: Millis, ttl: Millis): Promise<boolean> {
  const result = await store.db
    .updateTable('leases')
    .set({ expires_at: now + ttl })
    .where('name', '=', lease.name)
    .where('owner', '=', lease.owner)
    .where('fence', '=', lease.fence)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

export async function releaseLease(store: Store, lease: Lease): Promise<void> {
  await store.db
    .updateTable('leases')
    .set({ owner: null, expires_at: 0 })
    .where('name', '=', lease.name)
    .where('fence', '=', lease.fence)
    .execute();
}

/** Inside the transaction that writes a worker's result: throws `lease_lost` when the lease is no longer held. */
export async function assertLease(store: Store, trx: Trx, lease: Lease): Promise<void> {
  const row = await forUpdate(
    store,
    trx.selectFrom('leases').select(['owner', 'fence']).where('name', '=', lease.name),
  ).executeTakeFirst();
  if (!row || row.owner !== lease.owner || row.fence !== lease.fence) {
    throw new VisavisError('lease_lost', `another worker has taken over ${lease.name}`);
  }
}

/** Files that a worker holds for detection. */
export interface FileLease {
  readonly fileId: number;
  readonly owner: string;
  readonly fence: number;
}

/**
 * Claims up to `limit` waiting files of active projects, oldest first, passing over those that others hold.
 * Two workers never get the same file while its lease runs.
 */
export async function claimFiles(
  store: Store,
  args: { owner: string; now: Millis; ttl: Millis; limit: number },
): Promise<FileLease[]> {
  const { owner, now, ttl, limit } = args;
  return store.transaction(async (trx) => {
    const query = trx
      .selectFrom('files')
      .select(['id', 'fence'])
      .where('state', '=', 'waiting')
      .where((eb) => eb.or([eb('lease_expires_at', 'is', null), eb('lease_expires_at', '<=', now)]))
      .where((eb) => eb.or([eb('retry_at', 'is', null), eb('retry_at', '<=', now)]))
      .where((eb) =>
        eb.exists(
          eb
            .selectFrom('project_files')
            .innerJoin('projects', 'projects.id', 'project_files.project_id')
            .select('project_files.file_id')
            .whereRef('project_files.file_id', '=', 'files.id')
            .where('projects.state', '=', 'active'),
        ),
      )
      .orderBy('id')
      .limit(limit);
    const rows = await forUpdateSkipLocked(store, query).execute();
    const claimed: FileLease[] = [];
    for (const row of rows) {
      const fence = row.fence + 1;
      await trx
        .updateTable('files')
        .set((eb) => ({
          lease_owner: owner,
          lease_expires_at: now + ttl,
          fence,
          attempts: eb('attempts', '+', 1),
        }))
        .where('id', '=', row.id)
        .execute();
      claimed.push({ fileId: row.id, owner, fence });
    }
    return claimed;
  });
}

/** Locks the claimed file's row, or throws `lease_lost` when its fence has moved on. */
export async function assertFileLease(store: Store, trx: Trx, lease: FileLease) {
  const row = await forUpdate(
    store,
    trx.selectFrom('files').selectAll().where('id', '=', lease.fileId),
  ).executeTakeFirst();
  if (!row || row.lease_owner !== lease.owner || row.fence !== lease.fence) {
    throw new VisavisError('lease_lost', `another worker has taken over file ${lease.fileId}`);
  }
  return row;
}
