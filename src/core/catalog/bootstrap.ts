import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { assertLease, type Lease, releaseLease, renewLease, takeLease } from '../store/leases.ts';
import type { Store } from '../store/store.ts';
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
 * Notes which of a project's files depict one of its persons on the wiki already (PRODUCT B2). It reads the
 * files' own statements, 50 at a time, instead of asking the search index, which is minutes behind. What
 * follows from it is done when the file's faces are known: see `faces/bootstrap.ts`.
 */
export async function bootstrapStep(deps: BootstrapDeps): Promise<boolean> {
  const { store, clock } = deps;
  const wanted = store.db
    .selectFrom('projects')
    .select('id')
    .where('state', '=', 'active')
    .where('crawled_at', 'is not', null)
    .where('bootstrapped_at', 'is', null);
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
  const { store, clock, wiki, log } = deps;
  const persons = await store.db
    .selectFrom('project_persons')
    .select('person')
    .where('project_id', '=', projectId)
    .execute();
  const wanted = new Set(persons.map((row) => row.person));
  const files = await store.db
    .selectFrom('project_files')
    .innerJoin('files', 'files.id', 'project_files.file_id')
    .select(['files.id', 'files.page_id'])
    .where('project_id', '=', projectId)
    .orderBy('files.id')
    .execute();
  const depicting: { fileId: number; person: string }[] = [];
  for (let start = 0; start < files.length; start += 50) {
    const batch = files.slice(start, start + 50);
    const statements = await wiki.readStatements(batch.map((file) => file.page_id));
    for (const file of batch) {
      const items = statements.get(file.page_id)?.statements.map(({ itemId }) => itemId ?? '') ?? [];
      const [person, another] = [...new Set(items)].filter((item) => wanted.has(item));
      // With two of them a face could be either.
      if (person !== undefined && another === undefined) depicting.push({ fileId: file.id, person });
    }
    if (!(await renewLease(store, lease, clock.now(), LEASE_MS))) return;
  }
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    for (const { fileId, person } of depicting) {
      await trx
        .updateTable('project_files')
        .set({ depicts: person })
        .where('project_id', '=', projectId)
        .where('file_id', '=', fileId)
        .execute();
    }
    await trx
      .updateTable('projects')
      .set((eb) => ({ bootstrapped_at: clock.now(), change_number: eb('change_number', '+', 1) }))
      .where('id', '=', projectId)
      .execute();
  });
  log.info(
    { project: projectId, files: files.length, depicting: depicting.length },
    'known depictions noted',
  );
}
