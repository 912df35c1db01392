import type { Json } from '../json.ts';
import type { Page, Revision } from '../state/pages.ts';
import type { Store } from '../state/store.ts';
import { allStatements, itemOf, type Statements } from './statements.ts';

export interface Term {
  language: string;
  value: string;
}

/** An item as it is kept in the revisions of its page. */
export interface Item {
  type: 'item';
  id: string;
  labels: Record<string, Term>;
  descriptions: Record<string, Term>;
  aliases: Record<string, Term[]>;
  claims: Statements;
  sitelinks: Json;
}

/** The file page behind `M13`; undefined when there is none, or when the page is not a file. */
export function filePage(store: Store, entityId: string): Page | undefined {
  const page = /^M[1-9]\d*$/i.test(entityId) ? store.pages.byId(Number(entityId.slice(1))) : undefined;
  return page?.ns === 6 ? page : undefined;
}

/** Statements of a file page in its newest revision; null as long as nobody ever made one. */
export function fileStatements(store: Store, page: Page): Statements | null {
  return statementsIn(store.pages.revision(page.latest));
}

export function statementsIn(revision: Revision | undefined): Statements | null {
  if (typeof revision?.entity !== 'string') return null;
  return (JSON.parse(revision.entity) as { statements: Statements }).statements;
}

export function entityJson(page: Page, statements: Statements): string {
  return JSON.stringify({ type: 'mediainfo', id: `M${page.id}`, statements });
}

/** Item with redirects followed; undefined when it does not exist. */
export function findItem(store: Store, id: string): { page: Page; item: Item } | undefined {
  let page = store.pages.byTitle(`Item:${id}`);
  if (page?.redirect) page = store.pages.byTitle(page.redirect);
  const entity = page && store.pages.revision(page.latest)?.entity;
  return page && typeof entity === 'string' ? { page, item: JSON.parse(entity) as Item } : undefined;
}

export function itemLabel(store: Store, id: string): string {
  const labels = findItem(store, id)?.item.labels;
  return (labels?.en ?? labels?.mul)?.value ?? id;
}

/** Keeps the search index of a file page, for `haswbstatement`. */
export function indexStatements(store: Store, pageId: number, statements: Statements): void {
  store.db.run('DELETE FROM statement_index WHERE page_id = ?', pageId);
  for (const statement of allStatements(statements)) {
    const item = itemOf(statement);
    if (item === undefined || statement.rank === 'deprecated') continue;
    store.db.run(
      'INSERT INTO statement_index (page_id, property, value) VALUES (?, ?, ?)',
      pageId,
      statement.mainsnak.property,
      item,
    );
  }
}
