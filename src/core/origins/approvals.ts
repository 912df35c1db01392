import { createHash, randomBytes } from 'node:crypto';
import { assertInGoodStanding } from '../accounts/good-standing.ts';
import { assertWritable } from '../platform/read-only.ts';
import { refusal } from '../platform/refusals.ts';
import type { Assurance } from '../store/schema.ts';
import { type Db, forUpdate, type Store, type Trx } from '../store/store.ts';
import { type Act, checkAct, readAct, subjectOf } from './acts.ts';
import { centralUser } from './central-id.ts';
import type { OriginDeps } from './deps.ts';

/** How long an approval may take, from the beginning to the act. */
export const PASSKEY_MS = 2 * 60_000;
/** A sign-in goes through pages of the wiki. */
export const LOGIN_MS = 10 * 60_000;
/** Begun and not finished; more are refused, so that nobody fills the table. */
const MOST_OPEN = 20;

export interface Approval {
  readonly id: number;
  /** Exactly what will be done. */
  readonly act: Act;
  readonly method: Assurance;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly approved: boolean;
}

/**
 * Begins the re-authentication for one act. What is stored here is what will be done: nothing that comes later from
 * the browser changes it.
 * @throws VisavisError `bad_input` with a hint, `not_found`, `conflict`, `rate_limited`, `forbidden` to blocked accounts
 */
export async function beginApproval(
  deps: OriginDeps,
  args: { accountId: number; act: Act; method: Assurance },
): Promise<Approval> {
  const { store, clock } = deps;
  const given = readAct(args.act);
  return store.transaction(async (trx) => {
    await assertWritable(trx);
    await assertInGoodStanding(trx, args.accountId);
    const now = clock.now();
    const user = await centralUser(trx, args.accountId);
    const act = given.action === 'enrol' ? given : (await checkAct(deps, trx, user, given)).act;
    if (act.action === 'enrol' && args.method !== 'login') throw refusal('passkey-after-sign-in');
    await trx
      .deleteFrom('csp_approvals')
      .where('account_id', '=', args.accountId)
      .where('expires_at', '<=', now)
      .execute();
    const { open } = await trx
      .selectFrom('csp_approvals')
      .select((eb) => eb.fn.countAll<number>().as('open'))
      .where('account_id', '=', args.accountId)
      .where('used_at', 'is', null)
      .executeTakeFirstOrThrow();
    if (open >= MOST_OPEN) throw refusal('too-many-confirmations');
    const expiresAt = now + (args.method === 'passkey' ? PASSKEY_MS : LOGIN_MS);
    const { id } = await trx
      .insertInto('csp_approvals')
      .values({
        account_id: args.accountId,
        act: JSON.stringify(act),
        nonce: randomBytes(32).toString('base64url'),
        method: args.method,
        created_at: now,
        expires_at: expiresAt,
        approved_at: null,
        used_at: null,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    return { id, act, method: args.method, createdAt: now, expiresAt, approved: false };
  });
}

/** An approval under way with what its challenge is made of. */
export interface OpenApproval extends Approval {
  readonly challenge: Uint8Array<ArrayBuffer>;
}

/**
 * One that this account began and has not used.
 * @throws VisavisError `not_found` (another's, or none), `link_expired`, `conflict` when it was used
 */
export async function openApproval(
  { store, clock }: Pick<OriginDeps, 'store' | 'clock'>,
  db: Db,
  args: { accountId: number; id: number },
): Promise<OpenApproval> {
  const row = await forUpdate(
    store,
    db
      .selectFrom('csp_approvals')
      .selectAll()
      .where('id', '=', args.id)
      .where('account_id', '=', args.accountId),
  ).executeTakeFirst();
  if (!row) throw refusal('nothing-to-confirm');
  if (row.used_at !== null) throw refusal('confirmed-already');
  if (row.expires_at <= clock.now()) throw refusal('confirm-too-late');
  const act = readAct(JSON.parse(row.act));
  const user = await centralUser(db, args.accountId);
  return {
    id: row.id,
    act,
    method: row.method,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    approved: row.approved_at !== null,
    challenge: challengeFor(user, act, row.nonce),
  };
}

/** SHA-256(user | action | origin | nonce): what an authenticator signs is good for this one act of this one user. */
function challengeFor(user: number, act: Act, nonce: string): Uint8Array<ArrayBuffer> {
  const text = [user, act.action, subjectOf(act), nonce].join('|');
  return new Uint8Array(createHash('sha256').update(text).digest());
}

/** The person has shown who they are; once. @throws VisavisError `conflict`, `link_expired` */
export async function markApproved(
  deps: Pick<OriginDeps, 'store' | 'clock'>,
  trx: Trx,
  args: { accountId: number; id: number; method: Assurance },
): Promise<void> {
  const approval = await openApproval(deps, trx, args);
  if (approval.approved || approval.method !== args.method) throw refusal('confirmed-already');
  await trx
    .updateTable('csp_approvals')
    .set({ approved_at: deps.clock.now() })
    .where('id', '=', args.id)
    .execute();
}

/**
 * Uses an approval up, in the transaction of the act itself.
 * @throws VisavisError `forbidden` when nobody has confirmed it; as `openApproval`
 */
export async function consumeApproval(
  deps: Pick<OriginDeps, 'store' | 'clock'>,
  trx: Trx,
  args: { accountId: number; id: number },
): Promise<OpenApproval> {
  const approval = await openApproval(deps, trx, args);
  if (!approval.approved) throw refusal('confirm-first');
  // Blocked or barred in between: such an account may look, and take back, no more.
  await assertInGoodStanding(trx, args.accountId);
  await trx
    .updateTable('csp_approvals')
    .set({ used_at: deps.clock.now() })
    .where('id', '=', args.id)
    .execute();
  return approval;
}

/**
 * The fallback: a sign-in at the wiki that began and ended after the approval was begun, within ten minutes, by the
 * same central id (the account is known by it). The caller has ended the session before it.
 * @param signedInAt when the session that asks now was begun
 * @throws VisavisError `forbidden` when the sign-in is older; as `openApproval`
 */
export async function approveWithLogin(
  deps: OriginDeps,
  args: { accountId: number; id: number; signedInAt: number },
): Promise<void> {
  await deps.store.transaction(async (trx) => {
    await assertWritable(trx);
    const approval = await openApproval(deps, trx, args);
    if (args.signedInAt <= approval.createdAt || args.signedInAt > deps.clock.now())
      throw refusal('sign-in-to-confirm');
    await markApproved(deps, trx, { ...args, method: 'login' });
  });
}

/** Deletes what ran out: it can be used no more. @returns how many */
export async function pruneApprovals({ db }: Store, now: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom('csp_approvals')
    .where('expires_at', '<=', now)
    .executeTakeFirst();
  return Number(numDeletedRows);
}
