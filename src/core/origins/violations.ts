import type { Clock } from '../platform/clock.ts';
import type { Store, Trx } from '../store/store.ts';
import { dayOf } from './central-id.ts';
import { readEntries } from './entries.ts';
import { suggestionOf, type Violation } from './reports.ts';
import type { OriginRules } from './rules.ts';

const DAY_MS = 24 * 60 * 60_000;
export const KEPT_DAYS = 90;
export const OWN_KEPT_DAYS = 7;
/** Different kinds of violations that wait in the memory of one process. A flood fills this and no more. */
export const MOST_WAITING = 500;
/** Different ones that are kept for one day: forged reports can name endless hosts. */
export const MOST_A_DAY = 2_000;
const MOST_OF_A_USER = 50;

interface Waiting extends Violation {
  readonly user: number | null;
  readonly day: number;
  seen: number;
}

/** Reports on their way: counted in memory, written together. */
export interface ReportQueue {
  /** Never waits and never fails. @param user the central id of who sent them; null: nobody is signed in */
  add(violations: readonly Violation[], user: number | null): void;
  /** Writes what waits; the collector's process does so every few seconds and at its end. */
  flush(): Promise<void>;
  /** Reports that were not kept since the start: sampled out, or too many. */
  readonly dropped: number;
}

/**
 * @param options `random` gives 0 to 1; `sampling` is asked each time: one report in so many is kept
 */
export function createReportQueue(
  { store, clock }: { store: Store; clock: Clock },
  options: { random: () => number; sampling: () => number },
): ReportQueue {
  let waiting = new Map<string, Waiting>();
  let dropped = 0;
  return {
    add(violations, user) {
      const day = dayOf(clock.now());
      for (const violation of violations) {
        const key = JSON.stringify([user, day, violation.origin, violation.directive, violation.route]);
        const known = waiting.get(key);
        if (options.random() * options.sampling() >= 1 || (!known && waiting.size >= MOST_WAITING)) dropped++;
        else if (known) known.seen++;
        else waiting.set(key, { ...violation, user, day, seen: 1 });
      }
    },
    async flush() {
      if (waiting.size === 0) return;
      const batch = [...waiting.values()];
      waiting = new Map();
      await store.transaction((trx) => keep(store, trx, batch));
    },
    get dropped() {
      return dropped;
    },
  };
}

async function keep(store: Store, trx: Trx, batch: readonly Waiting[]): Promise<void> {
  const optedIn = new Map<number, readonly string[]>();
  for (const user of new Set(batch.map((one) => one.user))) {
    if (user !== null)
      optedIn.set(
        user,
        (await readEntries(trx, user)).map((entry) => new URL(entry.value).host),
      );
  }
  const kept = new Map<number, number>();
  for (const one of batch) {
    // What somebody loads from an origin that they opted in to is nobody's business, also when a trial reports it.
    const host = URL.parse(one.origin)?.host;
    if (one.user !== null && host !== undefined && optedIn.get(one.user)?.includes(host)) continue;
    if (!kept.has(one.day)) kept.set(one.day, await countOfDay(trx, one.day));
    await keepOne(trx, one, kept);
    if (one.user !== null) await keepOwn(store, trx, one, one.user);
  }
}

async function keepOne(trx: Trx, one: Waiting, kept: Map<number, number>): Promise<void> {
  const { numUpdatedRows } = await trx
    .updateTable('csp_violations')
    .set((eb) => ({ seen: eb('seen', '+', one.seen) }))
    .where('day', '=', one.day)
    .where('origin', '=', one.origin)
    .where('directive', '=', one.directive)
    .where('route', '=', one.route)
    .executeTakeFirst();
  const rows = kept.get(one.day) ?? 0;
  if (numUpdatedRows > 0n || rows >= MOST_A_DAY) return;
  const { origin, directive, route, day, seen } = one;
  await trx.insertInto('csp_violations').values({ origin, directive, route, day, seen }).execute();
  kept.set(one.day, rows + 1);
}

/** For "allow" on the person's own page. */
async function keepOwn(store: Store, trx: Trx, one: Waiting, user: number): Promise<void> {
  const { n } = await trx
    .selectFrom('csp_own_violations')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('csp_user', '=', user)
    .executeTakeFirstOrThrow();
  if (n >= MOST_OF_A_USER) return;
  const insert = trx
    .insertInto('csp_own_violations')
    .values({ csp_user: user, origin: one.origin, directive: one.directive, day: one.day });
  await (store.kind === 'mariadb'
    ? insert.onDuplicateKeyUpdate({ day: one.day })
    : insert.onConflict((conflict) =>
        conflict.columns(['csp_user', 'origin', 'directive']).doUpdateSet({ day: one.day }),
      )
  ).execute();
}

async function countOfDay(trx: Trx, day: number): Promise<number> {
  const { n } = await trx
    .selectFrom('csp_violations')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('day', '=', day)
    .executeTakeFirstOrThrow();
  return n;
}

export interface CountedViolation extends Violation {
  /** YYYYMMDD. */
  readonly day: number;
  readonly seen: number;
}

/** For administrators: the latest day first, and there the most frequent first. */
export async function violationsByOrigin(store: Store): Promise<CountedViolation[]> {
  return store.db
    .selectFrom('csp_violations')
    .select(['origin', 'directive', 'route', 'day', 'seen'])
    .orderBy('day', 'desc')
    .orderBy('seen', 'desc')
    .orderBy('origin')
    .limit(200)
    .execute();
}

export interface OwnViolation {
  readonly origin: string;
  readonly directive: string;
  readonly day: number;
  /** What the person could add; null: nothing would let it through. Unconfirmed: anybody can forge a report. */
  readonly suggestion: string | null;
}

/** What was blocked for this user in the last days, the latest first. */
export async function ownViolations(
  store: Store,
  args: { user: number; rules: OriginRules },
): Promise<OwnViolation[]> {
  const rows = await store.db
    .selectFrom('csp_own_violations')
    .select(['origin', 'directive', 'day'])
    .where('csp_user', '=', args.user)
    .orderBy('day', 'desc')
    .orderBy('origin')
    .execute();
  return rows.map((row) => ({ ...row, suggestion: suggestionOf(row, args.rules) }));
}

/** Deletes what is too old. @returns how many rows */
export async function pruneViolations(store: Store, now: number): Promise<number> {
  let deleted = 0n;
  for (const [table, days] of [
    ['csp_violations', KEPT_DAYS],
    ['csp_own_violations', OWN_KEPT_DAYS],
  ] as const) {
    const result = await store.db
      .deleteFrom(table)
      .where('day', '<', dayOf(now - days * DAY_MS))
      .executeTakeFirst();
    deleted += result.numDeletedRows;
  }
  return Number(deleted);
}
