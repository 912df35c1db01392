import { z } from 'zod';
import type { WikiAccount } from './account.ts';
import { requireBatch, requireItemId, requirePageId } from './batch.ts';
import { MAX_LAG, type ReadOptions, type WikiClient } from './client.ts';
import { type Position, positionText, readPosition } from './position.ts';
import { emptyArray, itemIdOf, type RawStatement, statementGroups, stringOf } from './snak.ts';
import { isSameStatement, pageIdOfStatement } from './statement-id.ts';
import { wikiErrorDetails } from './wiki-error.ts';

export type Rank = 'preferred' | 'normal' | 'deprecated';

/** Commons' “relative position within image”. */
const POSITION_PROPERTY = 'P2677';

export interface Statement {
  readonly id: string;
  /** Null for “no value” and “unknown value”. */
  readonly itemId: string | null;
  readonly rank: Rank;
  /** From the qualifier P2677; entries that are not `pct:x,y,w,h` are left out. */
  readonly positions: readonly Position[];
}

export interface FileStatements {
  /**
   * The file has structured data. False says nothing about the file: one without, a deleted one and a page
   * that never was look the same here.
   */
  readonly exists: boolean;
  readonly statements: readonly Statement[];
  /** Of the page, moves with wikitext edits too; null when there is no structured data. */
  readonly revision: number | null;
}

const entitiesAnswer = z.object({
  entities: z.record(
    z.string(),
    z.object({
      // Present as "" in every format version.
      missing: z.unknown().optional(),
      lastrevid: z.number().optional(),
      statements: statementGroups.optional(),
    }),
  ),
});

/**
 * The statements of files with one property.
 * @param pageIds at most 50
 * @param property `P180` on Commons
 */
export async function readStatements(
  client: WikiClient,
  pageIds: readonly number[],
  property: string,
  options?: ReadOptions,
): Promise<ReadonlyMap<number, FileStatements>> {
  const entities = await readEntities(client, pageIds, options);
  return new Map(
    pageIds.map((pageId) => {
      const entity = entities[`M${pageId}`];
      const exists = entity !== undefined && entity.missing === undefined;
      const statements = exists ? (entity.statements?.[property] ?? []) : [];
      return [
        pageId,
        { exists, statements: statements.map(toStatement), revision: entity?.lastrevid ?? null },
      ];
    }),
  );
}

export interface NewStatement {
  readonly account: WikiAccount;
  readonly pageId: number;
  readonly property: string;
  readonly itemId: string;
  /** From `newStatementId`, stored before the first attempt. */
  readonly statementId: string;
  /** Preferred means prominent, and only a person says so. */
  readonly rank?: Rank;
  /** Where the person is in the picture, for the qualifier P2677. */
  readonly box?: Position;
  /** The wiki cuts it, with its own words in front, at 500 characters. */
  readonly summary: string;
}

export type SetOutcome =
  | { readonly outcome: 'saved'; readonly revision: number | null }
  /**
   * A statement with this property and item stands there already, and nothing was added now. It is ours only
   * if our statement id is there (an answer of ours was lost): read the file's statements.
   */
  | { readonly outcome: 'duplicate'; readonly revision: null };

/** How `ignoreduplicatemainsnak` says that it did nothing; this warning comes instead of `success`. */
const DUPLICATE = 'wikibase-setclaim-warning-duplicatemainsnak';

const setAnswer = z.union([
  z.object({ success: z.literal(1), pageinfo: z.object({ lastrevid: z.number() }).optional() }),
  z.object({ warnings: z.array(z.object({ code: z.string() })) }).refine(isDuplicate),
]);

/**
 * Adds one statement to a file's structured data. Can be repeated with the same statement id at any time:
 * it never adds a second one. No `baserevid`, because it would not protect anything: Wikibase patches over
 * changes made meanwhile, and can report success for a statement that is not there (both recorded).
 * @throws VisavisError `wiki` with WikiErrorDetails; `statement: 'unknown'` means that it may have been saved
 */
export async function setStatement(client: WikiClient, statement: NewStatement): Promise<SetOutcome> {
  const { pageId, property, itemId, statementId, rank = 'normal', box, summary, account } = statement;
  if (pageIdOfStatement(statementId) !== requirePageId(pageId)) {
    throw new RangeError('The statement id belongs to another file.');
  }
  const claim = {
    type: 'statement',
    mainsnak: {
      snaktype: 'value',
      property,
      datavalue: {
        type: 'wikibase-entityid',
        value: { 'entity-type': 'item', id: requireItemId(itemId) },
      },
    },
    rank,
    id: statementId,
    ...(box && positionQualifier(box)),
  };
  const answer = await client.write(
    setAnswer,
    { action: 'wbsetclaim', claim: JSON.stringify(claim), ignoreduplicatemainsnak: true, summary },
    { account },
  );
  if ('warnings' in answer) return { outcome: 'duplicate', revision: null };
  return { outcome: 'saved', revision: answer.pageinfo?.lastrevid ?? null };
}

export interface Removal {
  readonly account: WikiAccount;
  readonly statementId: string;
  readonly summary: string;
}

/** Codes that say that there is nothing to remove. */
const GONE = ['no-such-entity', 'no-such-claim', 'no-such-statement', 'notfound'];

/**
 * Removes one statement by its id. gone: it was not there any more (perhaps because the answer to our own
 * removal was lost). Whether we may remove it is for the caller to know.
 * @throws VisavisError `wiki` with WikiErrorDetails
 */
export async function removeStatement(client: WikiClient, removal: Removal): Promise<'removed' | 'gone'> {
  const { statementId, summary, account } = removal;
  const pageId = pageIdOfStatement(statementId);
  try {
    await client.write(
      z.object({ success: z.literal(1) }),
      { action: 'wbremoveclaims', claim: statementId, summary },
      { account },
    );
    return 'removed';
  } catch (error) {
    const codes = wikiErrorDetails(error)?.codes ?? [];
    if (GONE.some((code) => codes.includes(code))) return 'gone';
    // Said of an id that is gone, but also of one that the wiki does not like: only looking tells.
    if (codes.includes('invalid-guid') && !(await stands(client, pageId, statementId))) return 'gone';
    throw error;
  }
}

export interface RankChange {
  readonly account: WikiAccount;
  readonly statementId: string;
  readonly rank: Rank;
  readonly summary: string;
}

/** Everything that stands in a statement, references of others too: what is sent back replaces all of it. */
const wholeStatements = z.object({
  entities: z.record(
    z.string(),
    z.object({
      lastrevid: z.number().optional(),
      statements: z
        .record(z.string(), z.array(z.looseObject({ id: z.string(), rank: z.string() })))
        .or(emptyArray())
        .optional(),
    }),
  ),
});

/**
 * Gives a statement another rank and leaves the rest of it as it stands now. gone: it is not there any more, and
 * nothing is written. It is written against the revision that was read, because without one Wikibase would put a
 * statement back that somebody removed in between; a conflict then means that somebody did, or that an answer of
 * ours was lost, so the statement is read again (recorded: `conflict-changed-but-removed-since`,
 * `conflict-same-change-already-made`).
 * @throws VisavisError `wiki` with WikiErrorDetails
 */
export async function setRank(client: WikiClient, change: RankChange): Promise<'changed' | 'gone'> {
  const { statementId, rank, summary, account } = change;
  for (let attempt = 1; ; attempt++) {
    const { statement, revision } = await wholeStatement(client, statementId);
    if (!statement) return 'gone';
    if (statement.rank === rank) return 'changed';
    try {
      await client.write(
        z.object({ success: z.literal(1) }),
        {
          action: 'wbsetclaim',
          claim: JSON.stringify({ ...statement, rank }),
          baserevid: revision,
          summary,
        },
        { account, readAgainOnConflict: true },
      );
      return 'changed';
    } catch (error) {
      const conflict = wikiErrorDetails(error)?.codes.includes('editconflict');
      if (!conflict || attempt === RANK_ATTEMPTS) throw error;
    }
  }
}

const RANK_ATTEMPTS = 3;

async function wholeStatement(client: WikiClient, statementId: string) {
  const id = `M${pageIdOfStatement(statementId)}`;
  const params = { action: 'wbgetentities', ids: [id], props: ['info', 'claims'], maxlag: MAX_LAG };
  const { entities } = await client.read(wholeStatements, params);
  const statement = Object.values(entities[id]?.statements ?? {})
    .flat()
    .find((one) => isSameStatement(one.id, statementId));
  return { statement, revision: entities[id]?.lastrevid ?? 0 };
}

/** Whether the statement is there, under whatever property. */
async function stands(client: WikiClient, pageId: number, statementId: string): Promise<boolean> {
  const entities = await readEntities(client, [pageId]);
  const groups = Object.values(entities[`M${pageId}`]?.statements ?? {});
  return groups.flat().some(({ id }) => isSameStatement(id, statementId));
}

async function readEntities(client: WikiClient, pageIds: readonly number[], options: ReadOptions = {}) {
  requireBatch(pageIds);
  const ids = [...new Set(pageIds)].map((pageId) => `M${requirePageId(pageId)}`);
  if (ids.length === 0) return {};
  const params = { action: 'wbgetentities', ids, props: ['info', 'claims'], maxlag: MAX_LAG };
  return (await client.read(entitiesAnswer, params, options)).entities;
}

export function toStatement({ id, rank, mainsnak, qualifiers }: RawStatement): Statement {
  const positions = (qualifiers?.[POSITION_PROPERTY] ?? [])
    .map((qualifier) => readPosition(stringOf(qualifier) ?? ''))
    .filter((position) => position !== null);
  return { id, rank, itemId: itemIdOf(mainsnak), positions };
}

function positionQualifier(box: Position) {
  const value = { type: 'string', value: positionText(box) };
  return {
    qualifiers: {
      [POSITION_PROPERTY]: [{ snaktype: 'value', property: POSITION_PROPERTY, datavalue: value }],
    },
    'qualifiers-order': [POSITION_PROPERTY],
  };
}

function isDuplicate({ warnings }: { warnings: readonly { code: string }[] }): boolean {
  return warnings.some(({ code }) => code === DUPLICATE);
}
