import { z } from 'zod';
import { VisavisError } from '../platform/errors.ts';
import { refusal } from '../platform/refusals.ts';
import type { Assurance } from '../store/schema.ts';
import { forUpdate, type Store, type Trx } from '../store/store.ts';
import { considerOrigin } from './consider.ts';
import type { OriginDeps } from './deps.ts';
import { ownOrigins } from './deps.ts';
import {
  deleteEntry,
  type Entry,
  insertDetails,
  insertEntry,
  readEntries,
  updateDetails,
} from './entries.ts';
import { readSite } from './site.ts';

/** How long an entry can last. */
export const DAYS = [30, 90, 180, 365] as const;
export const USUAL_DAYS = 180;
const DAY_MS = 24 * 60 * 60_000;

const days = z.literal(DAYS);
const note = z.string().max(255);

/** Everything that widens what a user allows. Each needs an approval of its own. */
const actSchema = z.discriminatedUnion('action', [
  z.object({ action: z.literal('add'), origin: z.string(), days, note }),
  z.object({ action: z.literal('resume'), origin: z.string() }),
  z.object({ action: z.literal('renew'), origin: z.string(), days }),
  z.object({ action: z.literal('edit'), from: z.string(), origin: z.string(), days, note }),
  /** A new passkey: it could approve all of the above. */
  z.object({ action: z.literal('enrol'), name: z.string().trim().min(1).max(100) }),
]);
export type Act = z.infer<typeof actSchema>;
export type SourceAct = Exclude<Act, { action: 'enrol' }>;

/** @throws VisavisError `bad_input` */
export function readAct(given: unknown): Act {
  const parsed = actSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refusal('source-entry', [DAYS.join(', ')]);
}

/** What an approval is bound to, beside the user and the action. Values hold no spaces. */
export function subjectOf(act: Act): string {
  switch (act.action) {
    case 'edit':
      return `${act.from} ${act.origin}`;
    case 'enrol':
      return 'passkey';
    default:
      return act.origin;
  }
}

/**
 * Whether the act could be done now, and exactly what it would be: origins in the form in which they are kept.
 * @throws VisavisError `bad_input` with the hint (and its code in `details.refusal`), `not_found`, `conflict`
 */
export async function checkAct(
  deps: OriginDeps,
  trx: Trx,
  user: number,
  act: SourceAct,
): Promise<{ act: SourceAct; entry: Entry | null }> {
  const site = await readSite(trx, ownOrigins(deps));
  const entries = await readEntries(trx, user);
  const find = (value: string) => entries.find((entry) => entry.value === value) ?? null;
  const entry = act.action === 'add' ? null : find(act.action === 'edit' ? act.from : act.origin);
  if (act.action !== 'add' && !entry) throw refusal('source-not-listed');
  if (act.action === 'resume') {
    if (entry?.assurance === null) throw refusal('source-renew');
    if (!entry?.paused) throw refusal('source-not-paused');
  }
  const replaces = act.action === 'edit' ? act.from : act.origin;
  const considered = considerOrigin(
    site,
    deps.policy,
    entries,
    act.origin,
    act.action === 'add' ? null : replaces,
  );
  if (!considered.ok)
    throw new VisavisError('bad_input', considered.hint, { details: { refusal: considered.code } });
  return { act: { ...act, origin: considered.origin.value }, entry };
}

/** Does it, after `checkAct` in the same transaction. */
export async function carryOut(
  trx: Trx,
  given: { user: number; act: SourceAct; entry: Entry | null; assurance: Assurance; now: number },
): Promise<void> {
  const { user, act, entry, assurance, now } = given;
  const approved = { assurance, approved_at: now };
  switch (act.action) {
    case 'resume':
      return updateDetails(trx, user, act.origin, { ...approved, paused: 0 });
    case 'renew': {
      const expiresAt = end(act, now);
      if (entry?.assurance === null)
        return insertDetails(trx, { user, value: act.origin, note: '', assurance, now, expiresAt });
      return updateDetails(trx, user, act.origin, { ...approved, expires_at: expiresAt });
    }
    case 'add':
    case 'edit': {
      if (act.action === 'edit') await deleteEntry(trx, user, act.from);
      const { origin: value, note } = act;
      await insertEntry(trx, { user, value, note, assurance, now, expiresAt: end(act, now) });
      if (entry?.paused) await updateDetails(trx, user, act.origin, { paused: 1 });
    }
  }
}

/** Changes of one list wait for each other, so that each sees the budget as it is. */
export async function lockList(store: Store, trx: Trx, accountId: number): Promise<void> {
  await forUpdate(
    store,
    trx.selectFrom('account_profiles').select('account_id').where('account_id', '=', accountId),
  ).execute();
}

function end(act: { days: number }, now: number): number {
  return now + act.days * DAY_MS;
}
