import type { WikiAccount } from '../../src/core/wiki/account.ts';
import type { Item } from '../../src/core/wiki/items.ts';
import type { WikiErrorKind } from '../../src/core/wiki/retry.ts';
import { isSameStatement, pageIdOfStatement } from '../../src/core/wiki/statement-id.ts';
import type { FileStatements } from '../../src/core/wiki/statements.ts';
import type { Wiki } from '../../src/core/wiki/wiki.ts';
import { type StatementFate, wikiError } from '../../src/core/wiki/wiki-error.ts';

export interface Edit {
  readonly kind: 'add' | 'remove';
  readonly pageId: number;
  readonly statementId: string;
  readonly as: string;
  readonly summary: string;
}

export interface FakeWiki
  extends Pick<Wiki, 'readFilesNow' | 'readStatements' | 'setStatement' | 'removeStatement' | 'items'> {
  /** Items that are not what they were: the one that it was merged into, or null when it was deleted. */
  readonly itemsNow: Map<string, string | null>;
  /** Edits that were saved, in their order. */
  readonly edits: Edit[];
  /** Page ids of every read. */
  readonly reads: (readonly number[])[];
  /** Statements on a file, as `person` or `person (ours)` where the id was made here. */
  persons(pageId: number): string[];
  /** Somebody else records a person; returns the statement id. */
  record(pageId: number, itemId: string): string;
  /** Runs before each edit is looked at; what it throws is the wiki's answer, and nothing is saved. */
  onRequest: (pageId: number, kind: Edit['kind']) => void | Promise<void>;
  /** Runs after an edit was saved; what it throws is what becomes of the answer. */
  onSaved: (edit: Edit) => void | Promise<void>;
  onRead: (pageIds: readonly number[]) => void | Promise<void>;
}

/**
 * Files with statements in memory. It does what was recorded of Wikibase: with `ignoreduplicatemainsnak`, adding
 * a person that stands there already, under whatever statement id, adds nothing and says `duplicate`; removing
 * what is not there says `gone`.
 */
export function fakeWiki(): FakeWiki {
  const files = new Map<number, { id: string; itemId: string }[]>();
  const edits: Edit[] = [];
  const reads: (readonly number[])[] = [];
  const itemsNow = new Map<string, string | null>();
  let revision = 1000;
  let others = 0;
  const on = (pageId: number) => {
    const known = files.get(pageId) ?? [];
    files.set(pageId, known);
    return known;
  };
  const wiki: FakeWiki = {
    edits,
    reads,
    itemsNow,
    onRequest: () => {},
    onSaved: () => {},
    onRead: () => {},
    persons: (pageId) => on(pageId).map(({ itemId }) => itemId),
    record(pageId, itemId) {
      const id = `M${pageId}$00000000-0000-4000-8000-${String(++others).padStart(12, '0')}`;
      on(pageId).push({ id, itemId });
      return id;
    },
    async items(ids) {
      return new Map(
        ids.map((asked): [string, Item | null] => {
          const now = itemsNow.get(asked);
          if (now === null) return [asked, null];
          const id = now ?? asked;
          const words = { label: id, description: null, dead: false, portrait: null };
          return [asked, { id, ...words, isHuman: true }];
        }),
      );
    },
    async readStatements(pageIds) {
      if (pageIds.length > 50) throw new Error('more than 50 pages in one read');
      reads.push(pageIds);
      await wiki.onRead(pageIds);
      return new Map(
        pageIds.map((pageId): [number, FileStatements] => {
          const statements = on(pageId).map(({ id, itemId }) => ({
            id,
            itemId,
            rank: 'normal' as const,
            positions: [],
          }));
          return [pageId, { exists: statements.length > 0, statements, revision }];
        }),
      );
    },
    async readFilesNow(pageIds) {
      const read = await wiki.readStatements(pageIds);
      return new Map([...read].map(([id, file]) => [id, { ...file, page: 'file' as const }]));
    },
    async setStatement({ pageId, itemId, statementId, summary, account }) {
      if (pageIdOfStatement(statementId) !== pageId) throw new RangeError('the id of another file');
      await account?.accessToken();
      await wiki.onRequest(pageId, 'add');
      const file = on(pageId);
      if (file.some((statement) => statement.itemId === itemId))
        return { outcome: 'duplicate', revision: null };
      file.push({ id: statementId, itemId });
      const edit: Edit = { kind: 'add', pageId, statementId, as: account?.name ?? '', summary };
      edits.push(edit);
      revision++;
      await wiki.onSaved(edit);
      return { outcome: 'saved', revision };
    },
    async removeStatement({ statementId, summary, account }) {
      const pageId = pageIdOfStatement(statementId);
      await account?.accessToken();
      await wiki.onRequest(pageId, 'remove');
      const file = on(pageId);
      const place = file.findIndex((statement) => isSameStatement(statement.id, statementId));
      if (place < 0) return 'gone';
      file.splice(place, 1);
      const edit: Edit = { kind: 'remove', pageId, statementId, as: account?.name ?? '', summary };
      edits.push(edit);
      revision++;
      await wiki.onSaved(edit);
      return 'removed';
    },
  };
  return wiki;
}

/** An error as the wiki's client throws it. */
export function refusal(
  kind: WikiErrorKind,
  code: string,
  given: { statement?: StatementFate; retryAfterMs?: number } = {},
): Error {
  return wikiError(`The wiki said: words about it (${code})`, {
    kind,
    codes: [code],
    statement: given.statement ?? 'refused',
    ...(given.retryAfterMs === undefined ? {} : { retryAfterMs: given.retryAfterMs }),
  });
}

/** Every account writes under its own name with a token that is always good. */
export function wikiAccountOf({ username }: { username: string }): WikiAccount {
  return { name: username, accessToken: async () => 'token', refresh: async () => 'token' };
}
