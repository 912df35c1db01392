import { refusal } from '../platform/refusals.ts';

/**
 * A statement's id, made by us before the first attempt and stored: `M<page id>$<UUID in upper case>`. With
 * it a write whose answer was lost can be repeated, and a statement on the wiki can be told to be ours.
 * @param randomUUID `crypto.randomUUID`, passed in
 */
export function newStatementId(pageId: number, randomUUID: () => string): string {
  return `M${pageId}$${randomUUID().toUpperCase()}`;
}

const STATEMENT_ID = /^M([1-9]\d{0,14})\$[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/i;

/**
 * The page id of the file that the statement belongs to.
 * @throws VisavisError `bad_input` when it is no statement id of a file
 */
export function pageIdOfStatement(statementId: string): number {
  const match = STATEMENT_ID.exec(statementId);
  if (!match) throw refusal('no-statement-id');
  return Number(match[1]);
}

/** Wikibase keeps the letters as they were sent and takes either case for the same statement. */
export function isSameStatement(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase();
}
