import { audit } from '../platform/audit.ts';
import { assertWritable } from '../platform/read-only.ts';
import { refusal } from '../platform/refusals.ts';
import type { Trx } from '../store/store.ts';
import { carryOut, checkAct, lockList } from './acts.ts';
import { consumeApproval } from './approvals.ts';
import { centralUser } from './central-id.ts';
import { type OriginDeps, ownOrigins } from './deps.ts';
import { type Silence, silenceOf } from './effective.ts';
import { deleteEntry, type Entry, noteChange, readEntries, updateDetails } from './entries.ts';
import { type PendingAct, pendingActs, putOff, settlePending } from './pending.ts';
import { type PolicyBytes, policyBytes } from './policy.ts';
import { readSite, type SiteRules } from './site.ts';
import { type OwnViolation, ownViolations } from './violations.ts';

export interface ListedEntry extends Entry {
  /** Why it is not sent now; null: it is. */
  readonly silence: Silence | null;
}

export interface MySources {
  readonly entries: readonly ListedEntry[];
  readonly pending: readonly PendingAct[];
  readonly bytes: PolicyBytes;
  readonly site: SiteRules;
  /** What the person's browser reported lately and is not on the list; unconfirmed. */
  readonly blocked: readonly OwnViolation[];
}

/** Everything on the page of a person's own data sources, but the passkeys. */
export async function mySources(deps: OriginDeps, accountId: number): Promise<MySources> {
  const { store, clock } = deps;
  const user = await centralUser(store.db, accountId);
  await settlePending(deps, user);
  const site = await readSite(store.db, ownOrigins(deps));
  const entries = await readEntries(store.db, user);
  const values = entries.map((entry) => entry.value);
  const blocked = await ownViolations(store, { user, rules: site.rules });
  const now = clock.now();
  return {
    entries: entries.map((entry) => ({ ...entry, silence: silenceOf(entry, site, now) })),
    pending: await pendingActs(store.db, user),
    bytes: policyBytes(deps.policy, values),
    site,
    blocked: blocked.filter(({ suggestion }) => suggestion === null || !values.includes(suggestion)),
  };
}

/**
 * Does what an approval is for, and uses it up in the same transaction. After a passkey at once, after a sign-in in
 * fifteen minutes unless it is cancelled.
 * @returns the act that waits; null: it is done
 * @throws VisavisError `forbidden` when nobody confirmed it, `bad_input` with a hint when it is not allowed any more,
 *   as `openApproval`
 */
export async function performApproved(
  deps: OriginDeps,
  args: { accountId: number; id: number },
): Promise<PendingAct | null> {
  const { store, clock } = deps;
  const { accountId } = args;
  return store.transaction(async (trx) => {
    await assertWritable(trx);
    const { act, method } = await consumeApproval(deps, trx, args);
    if (act.action === 'enrol') throw refusal('confirms-something-else');
    await lockList(store, trx, accountId);
    const now = clock.now();
    const user = await centralUser(trx, accountId);
    const checked = await checkAct(deps, trx, user, act);
    // The log keeps who and when; the origin itself would outlive a deleted account there.
    const entry = { at: now, accountId, subject: act.action };
    if (method === 'login') {
      const pending = await putOff(trx, { accountId, user, act: checked.act, now });
      await audit(store, trx, { ...entry, action: 'data source waits' });
      return pending;
    }
    await carryOut(trx, { user, ...checked, assurance: method, now });
    await audit(store, trx, { ...entry, action: 'data source allowed' });
    await noteChange(store, trx, user, now);
    return null;
  });
}

/** Stops sending it, and keeps it. Needs no approval. @throws VisavisError `not_found` */
export async function pauseSource(
  deps: OriginDeps,
  args: { accountId: number; value: string },
): Promise<void> {
  await narrow(deps, args.accountId, 'data source paused', async (trx, user) => {
    const entry = (await readEntries(trx, user)).find((one) => one.value === args.value);
    await updateDetails(trx, user, args.value, { paused: 1 });
    return entry !== undefined;
  });
}

/** Needs no approval. What waits for this entry is forgotten too. @throws VisavisError `not_found` */
export async function removeSource(
  deps: OriginDeps,
  args: { accountId: number; value: string },
): Promise<void> {
  await narrow(deps, args.accountId, 'data source removed', async (trx, user) => {
    for (const { id, act } of await pendingActs(trx, user)) {
      const about = act.action === 'edit' ? act.from : act.origin;
      if (about === args.value) await trx.deleteFrom('csp_pending').where('id', '=', id).execute();
    }
    return deleteEntry(trx, user, args.value);
  });
}

async function narrow(
  { store, clock }: OriginDeps,
  accountId: number,
  action: string,
  change: (trx: Trx, user: number) => Promise<boolean>,
): Promise<void> {
  await store.transaction(async (trx) => {
    await assertWritable(trx);
    await lockList(store, trx, accountId);
    const user = await centralUser(trx, accountId);
    if (!(await change(trx, user))) throw refusal('source-not-listed');
    const now = clock.now();
    await audit(store, trx, { at: now, accountId, action, subject: 'own list' });
    await noteChange(store, trx, user, now);
  });
}
