import type { Db, Store, Trx } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { VisavisError } from './errors.ts';
import { refusal } from './refusals.ts';

/** While it stands, nobody writes anything: no answers, no settings, no edits. Everybody may look. */
export interface ReadOnlyState {
  readonly since: number;
  /** For everybody's eyes; may be empty. */
  readonly reason: string;
}

/** The switch as one process sees it. */
export interface ReadOnly {
  /** null: everybody may write. At most a second old. */
  state(): Promise<ReadOnlyState | null>;
}

/** The row of `settings` that holds the switch; without it everybody may write. */
export const READ_ONLY = 'read only';

const FRESH_MS = 1_000;

/** Looks at the row at most once a second, however many ask. */
export function createReadOnly({ store, clock }: { store: Store; clock: Clock }): ReadOnly {
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<ReadOnlyState | null> = Promise.resolve(null);
  return {
    async state() {
      const now = clock.now();
      // A clock that was set back must not keep an old answer for ever.
      if (now - readAt >= FRESH_MS || now < readAt) {
        readAt = now;
        reading = readState(store.db);
        // Nobody may know whether writing is allowed: the next one asks again.
        reading.catch(() => {
          readAt = Number.NEGATIVE_INFINITY;
        });
      }
      return reading;
    },
  };
}

export async function readState(db: Db): Promise<ReadOnlyState | null> {
  const row = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', READ_ONLY)
    .executeTakeFirst();
  return row ? (JSON.parse(row.value) as ReadOnlyState) : null;
}

/**
 * Inside the transaction that changes something, where also the rights are checked: what began before the switch was
 * turned ends before it or is refused. @throws VisavisError `read_only`
 */
export async function assertWritable(trx: Trx): Promise<void> {
  if ((await readState(trx)) !== null) throw isReadOnly();
}

export function isReadOnly(): VisavisError {
  return refusal('site-read-only', [], { details: { retryAfter: 60 } });
}
