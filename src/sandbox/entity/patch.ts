import { findStatement, type Statement, type Statements, sameStatement } from './statements.ts';

/** What an edit does to one statement: puts it there, or takes it away. */
export type Change = { put: Statement } | { remove: string };

export type Outcome = 'save' | 'patched' | 'nothing' | 'conflict';

/**
 * What becomes of changes that were made against an older revision. Changes that already were in the base
 * change nothing; those that somebody made since, or whose statement has gone since, are a conflict; all others
 * are patched into the newest version, even over somebody else's change of the same statement.
 */
export function settle(changes: Change[], base: Statements, current: Statements, stale: boolean): Outcome {
  const real = changes.filter((change) => changesAnything(change, base));
  if (real.length === 0) return 'nothing';
  if (!stale) return 'save';
  return real.every((change) => fits(change, base, current)) ? 'patched' : 'conflict';
}

function changesAnything(change: Change, statements: Statements): boolean {
  if ('remove' in change) return findStatement(statements, change.remove) !== undefined;
  const there = findStatement(statements, change.put.id);
  return there === undefined || !sameStatement(there, change.put);
}

function fits(change: Change, base: Statements, current: Statements): boolean {
  if ('remove' in change) return findStatement(current, change.remove) !== undefined;
  const there = findStatement(current, change.put.id);
  if (there === undefined) return findStatement(base, change.put.id) === undefined;
  return !sameStatement(there, change.put);
}
