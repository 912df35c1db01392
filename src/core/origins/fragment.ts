import { createHash } from 'node:crypto';
import { type Consideration, considerOrigin } from './consider.ts';
import { type OriginDeps, ownOrigins } from './deps.ts';
import { effectiveSet } from './effective.ts';
import { readEntries } from './entries.ts';
import { pendingActs, settlePending } from './pending.ts';
import { readSite } from './site.ts';
import { checkAgain } from './sources.ts';

/** What a wiki adds to `default-src` of one user's pages. Unknown users have an empty list. */
export interface Fragment {
  readonly v: 1;
  /** Central id. */
  readonly user: number;
  readonly defaultSrc: readonly string[];
  /** The same, as it stands in a header. */
  readonly fragment: string;
  readonly bytes: number;
  /** ISO 8601, UTC: ask again by then. */
  readonly validUntil: string;
}

/** A denial holds at a wiki after so long at the latest. */
export const FRAGMENT_MS = 60_000;
const MOST_CHANGES = 1_000;

/**
 * The list of one user as a wiki may send it, and its entity tag: the same as long as the list is.
 * @param user central id
 */
export async function fragmentFor(
  deps: OriginDeps,
  user: number,
): Promise<{ fragment: Fragment; etag: string }> {
  const { store, clock } = deps;
  await settlePending(deps, user);
  const now = clock.now();
  const site = await readSite(store.db, ownOrigins(deps));
  const entries = await readEntries(store.db, user);
  const waiting = await pendingActs(store.db, user);
  const { sound } = checkAgain(effectiveSet(entries, site, now), site.rules);
  const text = sound.join(' ');
  // What runs out or begins sooner ends it sooner.
  const turns = [
    now + FRAGMENT_MS,
    ...entries.flatMap((entry) =>
      entry.expiresAt !== null && entry.expiresAt > now ? [entry.expiresAt] : [],
    ),
    ...waiting.map((act) => act.effectiveAt).filter((at) => at > now),
  ];
  return {
    fragment: {
      v: 1,
      user,
      defaultSrc: sound,
      fragment: text,
      bytes: text.length,
      validUntil: new Date(Math.min(...turns)).toISOString(),
    },
    etag: `"${createHash('sha256').update(`1 ${user} ${text}`).digest('base64url').slice(0, 22)}"`,
  };
}

export interface Change {
  readonly id: number;
  /** null: everybody's list may have changed. */
  readonly user: number | null;
}

/**
 * Whose lists changed after a number that an earlier answer gave (0: from the beginning). What only runs out is not
 * here: `validUntil` tells.
 */
export async function changesSince(
  { store }: Pick<OriginDeps, 'store'>,
  since: number,
): Promise<{ changes: readonly Change[]; next: number; more: boolean }> {
  const rows = await store.db
    .selectFrom('csp_changes')
    .select(['id', 'csp_user as user'])
    .where('id', '>', since)
    .orderBy('id')
    .limit(MOST_CHANGES)
    .execute();
  return { changes: rows, next: rows.at(-1)?.id ?? since, more: rows.length === MOST_CHANGES };
}

/** Whether this user could add this origin now; it is not added. */
export async function dryRun(
  deps: OriginDeps,
  args: { user: number; input: string },
): Promise<Consideration> {
  await settlePending(deps, args.user);
  const site = await readSite(deps.store.db, ownOrigins(deps));
  const entries = await readEntries(deps.store.db, args.user);
  return considerOrigin(site, deps.policy, entries, args.input);
}
