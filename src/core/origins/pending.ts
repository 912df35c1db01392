import { audit } from '../platform/audit.ts';
import { VisavisError } from '../platform/errors.ts';
import { assertWritable } from '../platform/read-only.ts';
import { refusal } from '../platform/refusals.ts';
import { type Db, forUpdate, isDuplicate, type Trx } from '../store/store.ts';
import { carryOut, checkAct, lockList, readAct, type SourceAct, subjectOf } from './acts.ts';
import { centralUser } from './central-id.ts';
import type { OriginDeps } from './deps.ts';
import { noteChange } from './entries.ts';
import { addNotice } from './notices.ts';

/** How long an act waits that a sign-in alone has approved. */
export const PENDING_MS = 15 * 60_000;

export interface PendingAct {
  readonly id: number;
  readonly act: SourceAct;
  readonly createdAt: number;
  readonly effectiveAt: number;
}

/** Puts an act off, in the transaction that used its approval up. @throws VisavisError `conflict` */
export async function putOff(
  trx: Trx,
  given: { accountId: number; user: number; act: SourceAct; now: number },
): Promise<PendingAct> {
  const { accountId, user, act, now } = given;
  const effectiveAt = now + PENDING_MS;
  try {
    const { id } = await trx
      .insertInto('csp_pending')
      .values({
        csp_user: user,
        subject: subjectOf(act),
        act: JSON.stringify(act),
        created_at: now,
        effective_at: effectiveAt,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await addNotice(trx, { accountId, kind: 'source-pending', subject: act.origin, now });
    return { id, act, createdAt: now, effectiveAt };
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw refusal('change-waits');
  }
}

export async function pendingActs(db: Db, user: number): Promise<PendingAct[]> {
  const rows = await db
    .selectFrom('csp_pending')
    .selectAll()
    .where('csp_user', '=', user)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    act: readAct(JSON.parse(row.act)) as SourceAct,
    createdAt: row.created_at,
    effectiveAt: row.effective_at,
  }));
}

/** Needs no approval. After the fifteen minutes there is nothing to cancel: remove the entry. @throws VisavisError `not_found` */
export async function cancelPending(
  { store, clock }: Pick<OriginDeps, 'store' | 'clock'>,
  args: { accountId: number; id: number },
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertWritable(trx);
    const now = clock.now();
    const user = await centralUser(trx, args.accountId);
    const row = await forUpdate(
      store,
      trx
        .selectFrom('csp_pending')
        .select(['subject', 'effective_at'])
        .where('id', '=', args.id)
        .where('csp_user', '=', user),
    ).executeTakeFirst();
    if (!row || row.effective_at <= now) throw refusal('nothing-waits');
    await trx.deleteFrom('csp_pending').where('id', '=', args.id).execute();
    const { accountId } = args;
    await audit(store, trx, { at: now, accountId, action: 'data source cancelled', subject: 'pending' });
    await addNotice(trx, { accountId, kind: 'source-cancelled', subject: row.subject, now });
  });
}

/**
 * Does what has waited long enough, for one user. What is not allowed any more by then is dropped, and said so.
 * @returns whether there was something
 */
export async function settlePending(deps: OriginDeps, user: number): Promise<boolean> {
  const { store, clock } = deps;
  const due = await store.db
    .selectFrom('csp_pending')
    .select('id')
    .where('csp_user', '=', user)
    .where('effective_at', '<=', clock.now())
    .orderBy('id')
    .execute();
  try {
    for (const { id } of due) await settleOne(deps, user, id);
  } catch (error) {
    // It waits on until the site may be written to again.
    if (error instanceof VisavisError && error.code === 'read_only') return false;
    throw error;
  }
  return due.length > 0;
}

async function settleOne(deps: OriginDeps, user: number, id: number): Promise<void> {
  const { store, clock } = deps;
  await store.transaction(async (trx) => {
    await assertWritable(trx);
    const owner = await trx
      .selectFrom('account_profiles')
      .select('account_id')
      .where('central_id', '=', String(user))
      .executeTakeFirst();
    if (owner) await lockList(store, trx, owner.account_id);
    const row = await forUpdate(
      store,
      trx.selectFrom('csp_pending').selectAll().where('id', '=', id),
    ).executeTakeFirst();
    // Another process was quicker, or it was cancelled.
    if (!row) return;
    await trx.deleteFrom('csp_pending').where('id', '=', id).execute();
    if (!owner) return;
    const now = clock.now();
    const accountId = owner.account_id;
    try {
      const checked = await checkAct(deps, trx, user, readAct(JSON.parse(row.act)) as SourceAct);
      // As of the time when it began to hold, however late somebody looks.
      await carryOut(trx, { user, ...checked, assurance: 'login', now: row.effective_at });
      await audit(store, trx, {
        at: now,
        accountId,
        action: 'data source allowed',
        subject: checked.act.action,
      });
      await noteChange(store, trx, user, now);
    } catch (error) {
      if (!(error instanceof VisavisError)) throw error;
      await addNotice(trx, { accountId, kind: 'source-dropped', subject: row.subject, now });
    }
  });
}
