import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { projectChanged } from '../projects/changes.ts';
import { personIds } from '../projects/persons.ts';
import { assertLease, type Lease, releaseLease, renewLease, takeLease } from '../store/leases.ts';
import type { Store, Trx } from '../store/store.ts';
import type { Wiki } from '../wiki/wiki.ts';

export interface BootstrapDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly wiki: Pick<Wiki, 'readStatements'>;
  readonly log: Log;
  readonly workerId: string;
}

const LEASE_MS = 120_000;

/**
 * Notes which of a project's files depict one of its persons on the wiki already, once for each
 * file, also for those that a later crawl finds. It reads the files' own statements, 50 at a time, instead of
 * asking the search index, which is minutes behind. What follows from it is done when the file's faces are
 * known: see `faces/bootstrap.ts`.
 */
export async function bootstrapStep(deps: BootstrapDeps): Promise<boolean> {
  const { store, clock } = deps;
  const wanted = store.db
    .selectFrom('projects')
    .select('id')
    .where('state', '=', 'active')
    .where('crawled_at', 'is not', null)
    .where((eb) =>
      eb.or([
        eb('bootstrapped_at', 'is', null),
        eb.exists(
          eb
            .selectFrom('project_files')
            .innerJoin('files', 'files.id', 'project_files.file_id')
            .select('files.id')
            .whereRef('project_files.project_id', '=', 'projects.id')
            .where('depicts_read_at', 'is', null)
            .where('files.state', '!=', 'gone'),
        ),
      ]),
    );
  const waiting = await wanted.orderBy('id').limit(10).execute();
  for (const project of waiting) {
    const lease = await takeLease(store, {
      name: `bootstrap ${project.id}`,
      owner: deps.workerId,
      now: clock.now(),
      ttl: LEASE_MS,
    });
    if (!lease) continue;
    try {
      // Another worker may have finished it between our look and our lease.
      if (!(await wanted.where('id', '=', project.id).executeTakeFirst())) continue;
      await bootstrapProject(deps, lease, project.id);
    } finally {
      await releaseLease(store, lease);
    }
    return true;
  }
  return false;
}

async function bootstrapProject(deps: BootstrapDeps, lease: Lease, projectId: number): Promise<void> {
  const { store, clock, log } = deps;
  const wanted = new Set(await personIds(store.db, projectId));
  let [read, depicting] = [0, 0];
  for (;;) {
    const batch = await unreadFiles(store, projectId);
    if (batch.length === 0) break;
    const found = await depictingFiles(deps, batch, wanted);
    if (!(await renewLease(store, lease, clock.now(), LEASE_MS))) return;
    await store.transaction(async (trx) => {
      await assertLease(store, trx, lease);
      await keepDepicting(trx, projectId, batch, found, clock.now());
    });
    read += batch.length;
    depicting += found.size;
  }
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    await trx
      .updateTable('projects')
      .set({ bootstrapped_at: clock.now() })
      .where('id', '=', projectId)
      .execute();
  });
  log.info({ project: projectId, files: read, depicting }, 'known depictions noted');
}

interface Unread {
  readonly id: number;
  readonly page_id: number;
}

async function unreadFiles(store: Store, projectId: number): Promise<Unread[]> {
  return store.db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select(['files.id', 'files.page_id'])
    .where('project_id', '=', projectId)
    .where('depicts_read_at', 'is', null)
    .where('files.state', '!=', 'gone')
    .orderBy('files.id')
    .limit(50)
    .execute();
}

/** Our ids of files that depict one of the persons, with the person. */
async function depictingFiles(
  { wiki }: BootstrapDeps,
  batch: readonly Unread[],
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<number, string>> {
  const statements = await wiki.readStatements(batch.map((file) => file.page_id));
  const found = new Map<number, string>();
  for (const file of batch) {
    const items = statements.get(file.page_id)?.statements.map(({ itemId }) => itemId ?? '') ?? [];
    const [person, another] = [...new Set(items)].filter((item) => wanted.has(item));
    // With two of them a face could be either.
    if (person !== undefined && another === undefined) found.set(file.id, person);
  }
  return found;
}

async function keepDepicting(
  trx: Trx,
  projectId: number,
  batch: readonly Unread[],
  found: ReadonlyMap<number, string>,
  now: number,
): Promise<void> {
  await trx
    .updateTable('project_files')
    .set({ depicts_read_at: now })
    .where('project_id', '=', projectId)
    .where(
      'file_id',
      'in',
      batch.map((file) => file.id),
    )
    .execute();
  for (const [fileId, person] of found) {
    await trx
      .updateTable('project_files')
      .set({ depicts: person })
      .where('project_id', '=', projectId)
      .where('file_id', '=', fileId)
      .execute();
  }
  // Their single faces become examples.
  if (found.size > 0) await projectChanged(trx, projectId);
}
