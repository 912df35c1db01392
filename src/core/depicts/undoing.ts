import { refusal } from '../platform/refusals.ts';
import { assertRole } from '../projects/members.ts';
import type { Db, Store } from '../store/store.ts';

/** What would be taken back, before it is. */
export interface UndoPreview {
  readonly runId: number;
  /** By title: the statements of the run that stand on the wiki as far as we know, or the one that was asked for. */
  readonly claims: readonly { readonly id: number; readonly title: string; readonly label: string }[];
}

/**
 * The dry run of an undo; changes nothing.
 * @param args.runId null: the run of the claim, else the own last one of which something stands
 * @param args.claimId null: all of the run
 * @returns null when neither a run nor a claim is named, and there is no own one
 * @throws VisavisError `not_found` (no such run or claim in the project), `conflict` (nothing stands), `forbidden`
 */
export async function previewUndo(
  store: Store,
  args: { projectId: number; accountId: number; runId: number | null; claimId: number | null },
): Promise<UndoPreview | null> {
  const { projectId, accountId, claimId } = args;
  return store.transaction(async (trx) => {
    const named = args.runId ?? (claimId === null ? null : await runOfClaim(trx, projectId, claimId));
    const runId = named ?? (await lastOwnRun(trx, projectId, accountId));
    if (runId === null) return null;
    const run = await trx
      .selectFrom('runs')
      .select(['kind', 'account_id'])
      .where('id', '=', runId)
      .where('project_id', '=', projectId)
      .executeTakeFirst();
    if (!run) throw refusal('run-not-here', [runId]);
    if (run.kind !== 'write') throw refusal('run-took-back', [runId]);
    await assertRole(store, trx, projectId, accountId, run.account_id === accountId ? 'member' : 'owner');
    const claims = await standing(trx, projectId)
      .where('sdc_claims.run_id', '=', runId)
      .$if(claimId !== null, (query) => query.where('sdc_claims.id', '=', claimId ?? 0))
      .innerJoin('files', 'files.page_id', 'sdc_claims.page_id')
      .leftJoin('project_persons', (join) =>
        join
          .onRef('project_persons.project_id', '=', 'sdc_claims.project_id')
          .onRef('project_persons.person', '=', 'sdc_claims.person'),
      )
      .select(['sdc_claims.id', 'sdc_claims.person', 'files.title', 'project_persons.label'])
      .orderBy('files.title')
      .orderBy('sdc_claims.id')
      .execute();
    if (claims.length === 0 && claimId !== null) throw refusal('claim-not-of-run', [claimId, runId]);
    if (claims.length === 0) throw refusal('nothing-to-undo');
    return {
      runId,
      claims: claims.map(({ id, title, label, person }) => ({ id, title, label: label ?? person })),
    };
  });
}

async function runOfClaim(db: Db, projectId: number, claimId: number): Promise<number> {
  const claim = await db
    .selectFrom('sdc_claims')
    .select('run_id')
    .where('id', '=', claimId)
    .where('project_id', '=', projectId)
    .executeTakeFirst();
  if (!claim?.run_id) throw refusal('claim-unknown');
  return claim.run_id;
}

async function lastOwnRun(db: Db, projectId: number, accountId: number): Promise<number | null> {
  const row = await standing(db, projectId)
    .innerJoin('runs', 'runs.id', 'sdc_claims.run_id')
    .select((eb) => eb.fn.max('runs.id').as('last'))
    .where('runs.account_id', '=', accountId)
    .executeTakeFirst();
  return row?.last ?? null;
}

/** As `startUndo` takes them. */
function standing(db: Db, projectId: number) {
  return db
    .selectFrom('sdc_claims')
    .where('sdc_claims.project_id', '=', projectId)
    .where('sdc_claims.state', 'in', UNDOABLE);
}

/** `removing`, `writing`: their run, or an earlier undo of it, ended while nobody could look at the wiki. */
export const UNDOABLE = ['written', 'removing', 'writing'] as const;
