import type { Clock } from '../platform/clock.ts';
import { reasonOf } from '../platform/reasons.ts';
import { refusal } from '../platform/refusals.ts';
import type { Store } from '../store/store.ts';

/** Who may take part, beside everybody who is not blocked: the operator's settings. */
export interface EligibilityRules {
  /** VISAVIS_MIN_EDITS */
  readonly minEdits: number;
  /** VISAVIS_MIN_ACCOUNT_DAYS */
  readonly minAccountDays: number;
  /** VISAVIS_NEEDED_GROUP: a group of the wiki with the files, such as `autopatrolled`. */
  readonly neededGroup: string | null;
  /** VISAVIS_ALLOWED_USERS: wiki user names. */
  readonly allowedUsers: readonly string[] | null;
}

export const OPEN_TO_ALL: EligibilityRules = {
  minEdits: 0,
  minAccountDays: 0,
  neededGroup: null,
  allowedUsers: null,
};

/** The first rule that an account does not meet. */
export type Bar =
  | { readonly rule: 'list'; readonly username: string }
  | { readonly rule: 'edits' | 'days'; readonly needed: number; readonly has: number }
  | { readonly rule: 'group'; readonly needed: string };

export interface Candidate {
  readonly username: string;
  readonly editCount: number;
  readonly groups: readonly string[];
  /** UTC milliseconds; null: from before the wiki noted it (2005), so old enough for anything. */
  readonly registeredAt: number | null;
}

const DAY_MS = 24 * 60 * 60_000;

export function barOf(rules: EligibilityRules, candidate: Candidate, now: number): Bar | null {
  const { username, editCount, groups, registeredAt } = candidate;
  if (rules.allowedUsers && !rules.allowedUsers.includes(username)) return { rule: 'list', username };
  if (editCount < rules.minEdits) return { rule: 'edits', needed: rules.minEdits, has: editCount };
  const days = registeredAt === null ? Number.POSITIVE_INFINITY : Math.floor((now - registeredAt) / DAY_MS);
  if (days < rules.minAccountDays) return { rule: 'days', needed: rules.minAccountDays, has: days };
  if (rules.neededGroup !== null && !groups.includes(rules.neededGroup))
    return { rule: 'group', needed: rules.neededGroup };
  return null;
}

/** Whether nothing but the name has to be known. */
export function needsStanding({ minEdits, minAccountDays, neededGroup }: EligibilityRules): boolean {
  return minEdits > 0 || minAccountDays > 0 || neededGroup !== null;
}

/** What the account is refused with, as `reasons.ts` keeps it; a sign-in has messages of its own. */
export function barReason(bar: Bar): string {
  switch (bar.rule) {
    case 'list':
      return reasonOf(refusal('barred-list'));
    case 'edits':
      return reasonOf(refusal('barred-edits', [bar.needed, bar.has]));
    case 'days':
      return reasonOf(refusal('barred-days', [bar.needed, bar.has]));
    case 'group':
      return reasonOf(refusal('barred-group', [bar.needed]));
  }
}

/** Applies the rules to everybody who is known: after the operator changed them, at every start. */
export async function holdRules(
  { store, clock }: { store: Store; clock: Clock },
  rules: EligibilityRules,
): Promise<void> {
  const now = clock.now();
  const rows = await store.db
    .selectFrom('account_profiles')
    .select(['account_id', 'username', 'edit_count', 'user_groups', 'registered_at', 'barred'])
    // Blocks on this site are no rule: they stay.
    .where('account_id', 'not in', (eb) => eb.selectFrom('site_blocks').select('site_blocks.account_id'))
    .execute();
  for (const row of rows) {
    const bar = barOf(rules, candidateOf(row), now);
    const barred = bar && barReason(bar);
    if (barred === row.barred) continue;
    await store.db
      .updateTable('account_profiles')
      .set({ barred })
      .where('account_id', '=', row.account_id)
      .execute();
  }
}

/** An account as its profile has it. */
export function candidateOf(row: {
  readonly username: string;
  readonly edit_count: number;
  readonly user_groups: string;
  readonly registered_at: number | null;
}): Candidate {
  return {
    username: row.username,
    editCount: row.edit_count,
    groups: readGroups(row.user_groups),
    registeredAt: row.registered_at,
  };
}

function readGroups(json: string): string[] {
  const groups: unknown = JSON.parse(json);
  return Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [];
}
