import { pruneApprovals } from '../origins/approvals.ts';
import { pruneViolations } from '../origins/violations.ts';
import { describeError } from '../platform/errors.ts';
import { compact } from '../store/compact.ts';
import { releaseLease, takeLease } from '../store/leases.ts';
import type { Store } from '../store/store.ts';
import { ERASED_SETTING, eraseEmbeddings } from './embeddings.ts';
import type { PurgeDeps } from './purge.ts';
import {
  keepReport,
  RETENTION_KINDS,
  type RetentionKind,
  type RetentionReport,
  retentionReports,
} from './retention-report.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const LEASE_MS = 10 * 60_000;
/** SECURITY.md, S19. */
export const KEPT_AFTER_COMPLETION_MS = 90 * DAY_MS;

const LEASE_NAME = 'retention';

/** Each kind by itself: one that fails keeps no other from being deleted. */
const DELETE: Readonly<Record<RetentionKind, (store: Store, now: number) => Promise<number>>> = {
  embeddings: dropEmbeddings,
  portraits: dropPortraits,
  linkRequests: ({ db }, now) =>
    deleted(
      db
        .deleteFrom('link_requests')
        .where('expires_at', '<', now - DAY_MS)
        .executeTakeFirst(),
    ),
  sessions: ({ db }, now) =>
    deleted(db.deleteFrom('sessions').where('expires_at', '<=', now).executeTakeFirst()),
  hints: dropHints,
  reports: async (store, now) => (await pruneViolations(store, now)) + (await pruneApprovals(store, now)),
  counts: rollUp,
};

/**
 * Once a day: deletes what is not needed any more, and keeps a report. What fails is tried again after an hour.
 * @throws whatever the first kind that failed did, when the others are done and the report is kept
 */
export async function retentionStep(deps: PurgeDeps): Promise<boolean> {
  const { store, clock, log, workerId } = deps;
  const [last] = await retentionReports(store);
  if (last && last.at > clock.now() - (last.failed.length > 0 ? HOUR_MS : DAY_MS)) return false;
  const lease = await takeLease(store, {
    name: LEASE_NAME,
    owner: workerId,
    now: clock.now(),
    ttl: LEASE_MS,
  });
  if (!lease) return false;
  try {
    const now = clock.now();
    const counts = Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, 0])) as Record<
      RetentionKind,
      number
    >;
    const failed: { kind: RetentionKind | 'files'; error: unknown }[] = [];
    for (const kind of RETENTION_KINDS) {
      try {
        counts[kind] = await DELETE[kind](store, now);
      } catch (error) {
        failed.push({ kind, error });
      }
    }
    await compactErased(store, counts.portraits > 0).catch((error: unknown) => {
      failed.push({ kind: 'files', error });
    });
    for (const { kind, error } of failed)
      log.error({ kind, error: describeError(error) }, 'retention failed; it is tried again in an hour');
    const report: RetentionReport = {
      at: now,
      ...counts,
      failed: failed.map(({ kind, error }) => ({ kind, reason: describeError(error).message })),
    };
    await keepReport(store, report);
    log.info({ ...report }, 'retention');
    if (failed[0]) throw failed[0].error;
    return false;
  } finally {
    await releaseLease(store, lease);
  }
}

/** Embeddings are biometric data: kept only while a project with matching on uses the file. */
async function dropEmbeddings(store: Store, now: number): Promise<number> {
  let erased = 0;
  for (;;) {
    const rows = await store.db
      .selectFrom('embeddings')
      .innerJoin('faces', 'faces.id', 'embeddings.face_id')
      .select('faces.id')
      .distinct()
      .where((eb) =>
        eb.not(
          eb.exists(
            eb
              .selectFrom('project_files')
              .innerJoin('projects', 'projects.id', 'project_files.project_id')
              .select('projects.id')
              .whereRef('project_files.file_id', '=', 'faces.file_id')
              .where('projects.matching', '=', 1)
              .where((inner) =>
                inner.or([
                  inner('projects.state', 'in', ['active', 'paused']),
                  inner.and([
                    inner('projects.state', '=', 'completed'),
                    inner('projects.completed_at', '>', now - KEPT_AFTER_COMPLETION_MS),
                  ]),
                ]),
              ),
          ),
        ),
      )
      .limit(1000)
      .execute();
    if (rows.length === 0) return erased;
    erased += await store.transaction((trx) =>
      eraseEmbeddings(
        trx,
        rows.map((row) => row.id),
      ),
    );
  }
}

/** Portraits are measured like faces, and kept as long as somebody looks for their person. */
async function dropPortraits(store: Store, now: number): Promise<number> {
  return deleted(
    store.db
      .deleteFrom('portraits')
      .where('person', 'not in', (eb) =>
        eb
          .selectFrom('project_persons')
          .innerJoin('projects', 'projects.id', 'project_persons.project_id')
          .select('project_persons.person')
          .where('projects.matching', '=', 1)
          .where((inner) =>
            inner.or([
              inner('projects.state', 'in', ['active', 'paused']),
              inner.and([
                inner('projects.state', '=', 'completed'),
                inner('projects.completed_at', '>', now - KEPT_AFTER_COMPLETION_MS),
              ]),
            ]),
          ),
      )
      .executeTakeFirst(),
  );
}

/** What was deleted since the last time leaves the files too; writing tables anew for nothing would cost every day. */
async function compactErased(store: Store, more: boolean): Promise<void> {
  const mark = await store.db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', ERASED_SETTING)
    .executeTakeFirst();
  const set = (value: '0' | '1') =>
    store.db.updateTable('settings').set({ value }).where('name', '=', ERASED_SETTING).execute();
  if (!mark) await store.db.insertInto('settings').values({ name: ERASED_SETTING, value: '0' }).execute();
  // SQLite's part costs next to nothing.
  else if (mark.value === '0' && !more && store.kind === 'mariadb') return;
  // Before the work: what is deleted meanwhile has its turn tomorrow.
  await set('0');
  try {
    await compact(store, ['embeddings', 'portraits']);
  } catch (error) {
    await set('1');
    throw error;
  }
}

/** The value of a hint is when it was given. */
async function dropHints(store: Store, now: number): Promise<number> {
  const rows = await store.db
    .selectFrom('settings')
    .select(['name', 'value'])
    .where('name', 'like', 'hint %')
    .execute();
  const old = rows.filter((row) => Number(row.value) < now - DAY_MS).map((row) => row.name);
  if (old.length > 0) await store.db.deleteFrom('settings').where('name', 'in', old).execute();
  return old.length;
}

/** Nobody asks about single hours that are longer ago than the longest period. */
async function rollUp(store: Store, now: number): Promise<number> {
  return store.transaction(async (trx) => {
    const rows = await trx
      .selectFrom('kept_counts')
      .selectAll()
      .where('hour', '<', now - 40 * DAY_MS)
      .where('hour', '>', 0)
      .execute();
    for (const row of rows) {
      const sum = await trx
        .selectFrom('kept_counts')
        .select('answers')
        .where('account_id', '=', row.account_id)
        .where('hour', '=', 0)
        .executeTakeFirst();
      await trx
        .deleteFrom('kept_counts')
        .where('account_id', '=', row.account_id)
        .where('hour', 'in', [0, row.hour])
        .execute();
      await trx
        .insertInto('kept_counts')
        .values({ account_id: row.account_id, hour: 0, answers: row.answers + (sum?.answers ?? 0) })
        .execute();
    }
    return rows.length;
  });
}

async function deleted(work: Promise<{ numDeletedRows: bigint }>): Promise<number> {
  return Number((await work).numDeletedRows);
}
