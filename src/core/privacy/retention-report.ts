import type { Store } from '../store/store.ts';

/**
 * What the daily job deletes:
 * - embeddings: of files that no project with matching uses, or only one that was completed 90 days ago
 * - portraits: what was measured in portraits of persons whom no such project looks for
 * - linkRequests: one-time links, a day after they ran out
 * - sessions: those that ran out
 * - hints: notes on who was given a hint, once another may be given
 * - reports: what policies forbade and nobody will ask about any more; approvals that ran out
 * - counts: kept numbers of hours too old for any period but "all time", put together
 */
export const RETENTION_KINDS = [
  'embeddings',
  'portraits',
  'linkRequests',
  'sessions',
  'hints',
  'reports',
  'counts',
] as const;
export type RetentionKind = (typeof RETENTION_KINDS)[number];

/** Of one time: how many of each kind were deleted. */
export interface RetentionReport extends Readonly<Record<RetentionKind, number>> {
  readonly at: number;
  /** `files`: what was deleted could not be taken out of the database's files yet. */
  readonly failed: readonly { readonly kind: RetentionKind | 'files'; readonly reason: string }[];
}

const SETTING = 'retention';
/** A week of days on which all went well. */
const KEPT = 7;
const LONGEST_REASON = 300;

/** The last reports, the newest first; none: it has never run. */
export async function retentionReports(store: Store): Promise<RetentionReport[]> {
  const row = await store.db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', SETTING)
    .executeTakeFirst();
  if (!row) return [];
  const kept: unknown = JSON.parse(row.value);
  // Earlier versions kept one report, and none of what failed.
  const reports = (Array.isArray(kept) ? kept : [kept]) as RetentionReport[];
  return reports.map((report) => ({ ...report, failed: report.failed ?? [] }));
}

export async function keepReport(store: Store, report: RetentionReport): Promise<void> {
  const failed = report.failed.map(({ kind, reason }) => ({ kind, reason: reason.slice(0, LONGEST_REASON) }));
  const reports = [{ ...report, failed }, ...(await retentionReports(store))].slice(0, KEPT);
  const value = JSON.stringify(reports);
  await store.transaction(async (trx) => {
    await trx.deleteFrom('settings').where('name', '=', SETTING).execute();
    await trx.insertInto('settings').values({ name: SETTING, value }).execute();
  });
}
