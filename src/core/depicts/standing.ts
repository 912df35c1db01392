import type { Store } from '../store/store.ts';
import { isSameStatement } from '../wiki/statement-id.ts';
import type { FileStatements } from '../wiki/statements.ts';
import { otherNames, type Persons } from './persons.ts';

/**
 * What a file says of a claim. ours: our statement stands there. changed: our statement id stands there, but somebody
 * made it name somebody else, so it is theirs now. theirs: another statement names the person.
 */
export type Standing = 'ours' | 'none' | { readonly changed: string | null } | { readonly theirs: string };

type Wanted = { readonly statement_id: string; readonly person: string };

/** @param names other items that stand for the same person */
export function standing(
  claim: Wanted,
  file: FileStatements | undefined,
  names: readonly string[] = [],
): Standing {
  const statements = file?.statements ?? [];
  const persons = [claim.person, ...names];
  const own = statements.find(({ id }) => isSameStatement(id, claim.statement_id));
  if (own) return own.itemId !== null && persons.includes(own.itemId) ? 'ours' : { changed: own.itemId };
  const other = statements.find(({ itemId }) => itemId !== null && persons.includes(itemId));
  return other ? { theirs: other.id } : 'none';
}

/**
 * As `standing`, with the merges that are known; and when our statement names another item, the wiki is asked whether
 * ours was merged into that one, because bots follow merges in statements.
 */
export async function standingNow(
  { store, persons }: { readonly store: Store; readonly persons: Persons },
  claim: Wanted,
  file: FileStatements | undefined,
): Promise<Standing> {
  const found = standing(claim, file, await otherNames(store, claim.person));
  if (typeof found === 'string' || !('changed' in found) || found.changed === null) return found;
  await persons.lookUp([claim.person]);
  return persons.current(claim.person) === found.changed ? 'ours' : found;
}
