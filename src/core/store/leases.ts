import { VisavisError } from '../platform/errors.ts';
import { createTurns, type Turns } from '../platform/turns.ts';
import { CLOCKS_DIFFER_MS, isRunning } from './overlong.ts';
import type { Millis } from './schema.ts';
import { forUpdate, forUpdateSkipLocked, isDuplicate, type Store, type Trx } from './store.ts';
import type { FilesByProject, WaitingFiles } from './waiting-files.ts';

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
      if (row.owner !== null && isRunning(store, row, now, ttl)) return null;
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
 * Claims up to `limit` waiting files of active projects, passing over those that others hold: from each project an
 * equal share, oldest first, and what one project leaves goes to the next. Two workers never get the same file while
 * its lease runs.
 * @param turns who was served when: where there are more projects than files to claim, everybody's turn comes
 * @param waiting what this process saw waiting; without it all files are looked through
 */
export async function claimFiles(
  store: Store,
  args: Claiming & { readonly waiting?: WaitingFiles },
): Promise<FileLease[]> {
  const { waiting, now } = args;
  const left = waiting?.left(now);
  const claimed = left ? await claimAmong(store, left, args) : [];
  if (claimed.length > 0) return claimed;
  const seen = await lookForWaiting(store, args);
  waiting?.saw(seen, now);
  return claimAmong(store, seen, args);
}

interface Claiming {
  readonly owner: string;
  readonly now: Millis;
  readonly ttl: Millis;
  readonly limit: number;
  readonly turns?: Turns;
}

/** Those who come at the same moment look at the same files first; enough of them for everybody. */
const SPARE = 50;

async function lookForWaiting({ db }: Store, claiming: Claiming): Promise<FilesByProject> {
  const { limit } = claiming;
  const projects = await dueFiles(db, claiming)
    .innerJoin('project_files', 'project_files.file_id', 'files.id')
    .innerJoin('projects', 'projects.id', 'project_files.project_id')
    .where('projects.state', '=', 'active')
    .select('projects.id')
    .distinct()
    .orderBy('projects.id')
    .execute();
  const seen = new Map<number, number[]>();
  for (const { id } of projects) {
    const files = await dueFiles(db, claiming)
      .innerJoin('project_files', 'project_files.file_id', 'files.id')
      .select('files.id')
      .where('project_files.project_id', '=', id)
      .orderBy('project_files.file_id')
      .limit(limit + SPARE)
      .execute();
    seen.set(
      id,
      files.map((file) => file.id),
    );
  }
  return seen;
}

/** Takes what it claims, or what is claimed already, out of the lists. */
async function claimAmong(store: Store, files: FilesByProject, args: Claiming): Promise<FileLease[]> {
  const { limit, turns = createTurns() } = args;
  const filled = [...files].flatMap(([id, list]) => (list.length > 0 ? [id] : []));
  if (filled.length === 0) return [];
  const { claimed, served } = await store.transaction(async (trx) => {
    const rows = await trx
      .selectFrom('projects')
      .select('id')
      .where('id', 'in', filled)
      .where('state', '=', 'active')
      .orderBy('id')
      .execute();
    const projects = turns.inOrder(rows.map((row) => row.id));
    const share = Math.ceil(limit / Math.max(1, projects.length));
    const claimed: FileLease[] = [];
    const served: number[] = [];
    // Once around with equal shares, once for what was left over.
    for (const most of share < limit ? [share, limit] : [limit]) {
      for (const projectId of projects) {
        const left = limit - claimed.length;
        if (left === 0) break;
        const list = files.get(projectId) ?? [];
        const found = await claimOfList(store, trx, list, { ...args, limit: Math.min(most, left) });
        claimed.push(...found);
        if (found.length > 0) served.push(projectId);
      }
    }
    return { claimed, served };
  });
  for (const id of served) turns.took(id);
  return claimed;
}

/**
 * One row after the other is locked. A locking read of several in an order would hold all that it looks at, and whoever
 * comes at the same moment would pass over them and find nothing.
 */
async function claimOfList(store: Store, trx: Trx, list: number[], claiming: Claiming): Promise<FileLease[]> {
  const { owner, now, ttl, limit } = claiming;
  const found: FileLease[] = [];
  while (found.length < limit) {
    const id = list.shift();
    if (id === undefined) break;
    const query = dueFiles(trx, claiming).select('files.fence').where('files.id', '=', id);
    const row = await forUpdateSkipLocked(store, query).executeTakeFirst();
    if (row) found.push({ fileId: id, owner, fence: row.fence + 1 });
  }
  if (found.length === 0) return [];
  const ids = found.map((lease) => lease.fileId);
  await trx
    .updateTable('files')
    .set((eb) => ({
      lease_owner: owner,
      lease_expires_at: now + ttl,
      fence: eb('fence', '+', 1),
      attempts: eb('attempts', '+', 1),
    }))
    .where('id', 'in', ids)
    .execute();
  return found;
}

/** Files that wait for detection, are nobody's, and are not put off. */
function dueFiles(db: Store['db'] | Trx, { now, ttl }: Pick<Claiming, 'now' | 'ttl'>) {
  return db
    .selectFrom('files')
    .where('files.state', '=', 'waiting')
    .where((eb) =>
      eb.or([
        eb('files.lease_expires_at', 'is', null),
        eb('files.lease_expires_at', '<=', now),
        // A clock was wrong (`overlong.ts`); of two who look at a file the fence refuses one.
        eb('files.lease_expires_at', '>', now + ttl + CLOCKS_DIFFER_MS),
      ]),
    )
    .where((eb) => eb.or([eb('files.retry_at', 'is', null), eb('files.retry_at', '<=', now)]));
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
