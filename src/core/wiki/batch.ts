import { VisavisError } from '../platform/errors.ts';
import { refusal } from '../platform/refusals.ts';

/** How many ids or titles one request may name (recorded: `toomanyvalues` beyond). */
export const MAX_BATCH = 50;

/** Refuses lists that the wiki would refuse as a whole. */
export function requireBatch(list: readonly unknown[]): void {
  if (list.length > MAX_BATCH) {
    throw new VisavisError('bad_input', `Ask the wiki for at most ${MAX_BATCH} things at once.`);
  }
}

/** A syntactically wrong id fails the whole request (recorded), so it must not get that far. */
export function requireItemId(id: string): string {
  if (!/^Q[1-9]\d{0,11}$/.test(id)) throw refusal('no-item-id', [id]);
  return id;
}

export function requirePageId(id: number): number {
  if (!Number.isSafeInteger(id) || id < 1)
    throw new VisavisError('bad_input', 'A page id is a whole number.');
  return id;
}
