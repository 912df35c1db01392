import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import { readReason } from '../platform/reasons.ts';
import { assertLease, type Lease } from '../store/leases.ts';
import type { ClaimState, FileState, RunKind } from '../store/schema.ts';
import type { Store } from '../store/store.ts';
import { MAX_BATCH } from '../wiki/batch.ts';
import type { Position } from '../wiki/position.ts';
import { otherNames } from './persons.ts';

/** A row of the ledger that a run works on. */
export interface Claim {
  readonly id: number;
  readonly project_id: number;
  readonly page_id: number;
  readonly person: string;
  readonly statement_id: string;
  readonly revision: number | null;
  readonly sent_at: number | null;
  readonly prominent: number;
  readonly file_state: FileState | null;
  /** Where the person is, when the project wants that said and the file has not changed since. */
  readonly box: Position | null;
}

/** What the ledger is told, and by whom. */
export interface Writing {
  readonly store: Store;
  readonly clock: Clock;
  readonly lease: Lease;
  readonly run: { readonly id: number; readonly kind: RunKind; readonly accountId: number };
}

const UNWRITTEN: readonly ClaimState[] = ['queued', 'writing'];

/** The next claims that the run has to deal with, as many as one request can read. */
export async function openClaims(store: Store, run: Writing['run'], only?: 'writing'): Promise<Claim[]> {
  const states = only ? [only] : UNWRITTEN;
  // Before they are joined with anything: a run may have thousands.
  const next = store.db.selectFrom('sdc_claims').select('id').orderBy('id').limit(MAX_BATCH);
  const ids = await (run.kind === 'write'
    ? next.where('run_id', '=', run.id).where('state', 'in', states)
    : next.where('undo_run_id', '=', run.id).where('state', '=', 'removing')
  ).execute();
  if (ids.length === 0) return [];
  const rows = await store.db
    .selectFrom('sdc_claims')
    .innerJoin('projects', 'projects.id', 'sdc_claims.project_id')
    .leftJoin('files', 'files.page_id', 'sdc_claims.page_id')
    .leftJoin('faces', 'faces.id', 'sdc_claims.face_id')
    .select([
      'sdc_claims.id',
      'sdc_claims.project_id',
      'sdc_claims.page_id',
      'sdc_claims.person',
      'sdc_claims.statement_id',
      'sdc_claims.revision',
      'sdc_claims.sent_at',
      'sdc_claims.prominent',
      'files.state as file_state',
      'projects.write_boxes',
      'files.sha1 as file_sha1',
      'faces.sha1 as face_sha1',
      'faces.x',
      'faces.y',
      'faces.w',
      'faces.h',
    ])
    .where(
      'sdc_claims.id',
      'in',
      ids.map((row) => row.id),
    )
    .orderBy('sdc_claims.id')
    .execute();
  return rows.map(({ write_boxes, file_sha1, face_sha1, x, y, w, h, ...claim }) => ({
    ...claim,
    box: write_boxes === 1 && file_sha1 === face_sha1 ? boxInside(x, y, w, h) : null,
  }));
}

/** A box that reaches over the edge of the picture ends there. */
function boxInside(x: number | null, y: number | null, w: number | null, h: number | null): Position | null {
  if (x === null || y === null || w === null || h === null) return null;
  const [left, top] = [Math.max(0, x), Math.max(0, y)];
  const [width, height] = [Math.min(1, x + w) - left, Math.min(1, y + h) - top];
  return width > 0 && height > 0 ? [left, top, width, height] : null;
}

export interface Outcome {
  readonly state: ClaimState;
  /** As `reasons.ts` keeps it. */
  readonly reason: string | null;
  readonly revision?: number | null;
  readonly gone_at?: number;
  readonly other_statement_id?: string | null;
}

/**
 * Writes down what became of a claim, with its entry in the log. Does nothing when the claim is another run's by now:
 * one that was left behind by a run that ended can be taken back by a new one.
 * @throws VisavisError `lease_lost`
 */
export async function settleClaim(writing: Writing, claim: Claim, outcome: Outcome): Promise<void> {
  const { store, clock, lease, run } = writing;
  const writes = run.kind === 'write';
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const now = clock.now();
    const result = await trx
      .updateTable('sdc_claims')
      .set({ ...outcome, changed_at: now })
      .where('id', '=', claim.id)
      .where(writes ? 'run_id' : 'undo_run_id', '=', run.id)
      .where('state', 'in', writes ? UNWRITTEN : ['removing'])
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) return;
    const why = outcome.reason && readReason(outcome.reason).text;
    await audit(store, trx, {
      at: now,
      accountId: run.accountId,
      action: `statement ${outcome.state}`,
      subject: `M${claim.page_id} ${claim.person}`,
      detail: { run: run.id, statement: claim.statement_id, ...outcome, reason: why },
    });
  });
}

/** From here on the wiki may have the statement, whatever we hear of it. @throws VisavisError `lease_lost` */
export async function noteSending({ store, clock, lease }: Writing, claim: Claim): Promise<void> {
  await store.transaction(async (trx) => {
    await assertLease(store, trx, lease);
    const now = clock.now();
    await trx
      .updateTable('sdc_claims')
      .set({ state: 'writing', reason: null, sent_at: claim.sent_at ?? now, changed_at: now })
      .where('id', '=', claim.id)
      .execute();
  });
}

/**
 * Whether people still agree that the person is in the file, in some face of it: a run can take hours, and they may
 * have changed their minds since it began.
 */
export async function isAgreed(store: Store, claim: Claim): Promise<boolean> {
  const row = await store.db
    .selectFrom('verdicts')
    .innerJoin('faces', 'faces.id', 'verdicts.face_id')
    .innerJoin('files', 'files.id', 'faces.file_id')
    .select('verdicts.face_id')
    .where('verdicts.project_id', '=', claim.project_id)
    .where('files.page_id', '=', claim.page_id)
    .where('verdicts.person', 'in', [claim.person, ...(await otherNames(store, claim.person))])
    .where('verdicts.verdict', '=', 'match')
    .where('faces.withdrawn_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
