import type { ExpressionBuilder } from 'kysely';
import { assertAdmin } from '../accounts/admins.ts';
import { audit } from '../platform/audit.ts';
import type { Clock } from '../platform/clock.ts';
import type { Nudges } from '../platform/nudges.ts';
import { refusal } from '../platform/refusals.ts';
import type { FileState, Schema } from '../store/schema.ts';
import type { Store } from '../store/store.ts';

/** In place of the error code of a failure from before it was kept. */
export const UNKNOWN_FAILURE = 'unknown';

export interface FailedFile {
  readonly id: number;
  readonly title: string;
  readonly pageUrl: string;
  /** An error code of `platform/errors.ts`, or `unknown`. */
  readonly kind: string;
  readonly reason: string;
  /** `set_aside`: for good; `waiting`: it is tried again by itself. */
  readonly state: FileState;
  readonly attempts: number;
  readonly retryAt: number | null;
}

export interface FailureKind {
  readonly kind: string;
  readonly files: number;
}

/** How many files failed for which reason, the most frequent first. */
export async function failureKinds(store: Store): Promise<FailureKind[]> {
  const rows = await store.db
    .selectFrom('files')
    .select((eb) => [
      eb.fn.coalesce('failure', eb.val(UNKNOWN_FAILURE)).as('kind'),
      eb.fn.countAll<number>().as('n'),
    ])
    .where(hasFailed)
    .groupBy('kind')
    .execute();
  return rows
    .map(({ kind, n }) => ({ kind, files: Number(n) }))
    .sort((a, b) => b.files - a.files || a.kind.localeCompare(b.kind));
}

/** A page of files that failed, the latest known first. @param kind null: of every kind */
export async function failedFiles(
  store: Store,
  { kind, before, limit }: { kind: string | null; before: number | null; limit: number },
): Promise<FailedFile[]> {
  const rows = await store.db
    .selectFrom('files')
    .select(['id', 'title', 'page_url', 'failure', 'reason', 'state', 'attempts', 'retry_at'])
    .where(hasFailed)
    .$if(kind !== null, (query) => query.where((eb) => isKind(eb, kind ?? '')))
    .$if(before !== null, (query) => query.where('id', '<', before ?? 0))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    title: row.title,
    pageUrl: row.page_url,
    kind: row.failure ?? UNKNOWN_FAILURE,
    reason: row.reason ?? '',
    state: row.state,
    attempts: row.attempts,
    retryAt: row.retry_at,
  }));
}

/**
 * Lets failed files wait for detection again, as if they had never been tried: one, or all of a kind.
 * @returns how many
 * @throws VisavisError `forbidden`, `read_only`, `not_found` when there is none
 */
export async function retryFiles(
  { store, clock, nudges }: { readonly store: Store; readonly clock: Clock; readonly nudges: Nudges },
  { accountId, which }: { accountId: number; which: { fileId: number } | { kind: string } },
): Promise<number> {
  const count = await store.transaction(async (trx) => {
    await assertAdmin(trx, accountId);
    const result = await trx
      .updateTable('files')
      .set({ state: 'waiting', reason: null, failure: null, attempts: 0, retry_at: null })
      .where((eb) => hasFailed(eb as unknown as OfFiles))
      .where((eb) =>
        'fileId' in which ? eb('id', '=', which.fileId) : isKind(eb as unknown as OfFiles, which.kind),
      )
      .executeTakeFirst();
    const files = Number(result.numUpdatedRows);
    if (files === 0) throw refusal('failed-file-unknown');
    await audit(store, trx, {
      at: clock.now(),
      accountId,
      action: 'files tried again',
      subject: 'fileId' in which ? `file ${which.fileId}` : 'files',
      detail: { files, ...('kind' in which ? { kind: which.kind } : {}) },
    });
    return files;
  });
  nudges.nudge('work');
  return count;
}

type OfFiles = ExpressionBuilder<Schema, 'files'>;

function hasFailed(eb: OfFiles) {
  return eb.or([
    eb('state', '=', 'set_aside'),
    eb.and([eb('state', '=', 'waiting'), eb('reason', 'is not', null)]),
  ]);
}

function isKind(eb: OfFiles, kind: string) {
  return kind === UNKNOWN_FAILURE ? eb('failure', 'is', null) : eb('failure', '=', kind);
}
