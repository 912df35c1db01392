import { parseTitle, sortKey } from '../titles.ts';
import type { WikiDatabase } from './database.ts';
import type { Page } from './pages.ts';

export const MEMBER_TYPES = ['page', 'subcat', 'file'] as const;
export type MemberType = (typeof MEMBER_TYPES)[number];

export interface Member extends Page {
  type: MemberType;
  sortkey: string;
  added: number;
}

/** Where a listing goes on: the first member not yet given. */
export interface MemberPosition {
  type: MemberType;
  sortkey: string;
  pageId: number;
}

export class Categories {
  readonly #db: WikiDatabase;

  constructor(db: WikiDatabase) {
    this.#db = db;
  }

  add(category: string, page: Page, at: number): void {
    const type: MemberType = page.ns === 14 ? 'subcat' : page.ns === 6 ? 'file' : 'page';
    this.#db.run(
      'INSERT OR REPLACE INTO category_members (category, page_id, type, sortkey, added) VALUES (?, ?, ?, ?, ?)',
      parseTitle(category).full,
      page.id,
      type,
      sortKey(parseTitle(page.title).text),
      at,
    );
  }

  /** After a move: members are sorted by their current names. */
  resort(page: Page): void {
    this.#db.run(
      'UPDATE category_members SET sortkey = ? WHERE page_id = ?',
      sortKey(parseTitle(page.title).text),
      page.id,
    );
  }

  /** Members in the category's own order: pages, subcategories, files, each by sort key and page id. */
  members(category: string, types: readonly MemberType[], limit: number, from?: MemberPosition): Member[] {
    const found: Member[] = [];
    for (const type of MEMBER_TYPES) {
      if (!types.includes(type) || found.length >= limit) continue;
      if (from && MEMBER_TYPES.indexOf(type) < MEMBER_TYPES.indexOf(from.type)) continue;
      const start = from?.type === type ? from : { sortkey: '', pageId: 0 };
      found.push(
        ...this.#db.all<Member>(
          `SELECT pages.*, m.type, m.sortkey, m.added FROM category_members m JOIN pages ON pages.id = m.page_id
           WHERE m.category = ? AND m.type = ? AND (m.sortkey > ? OR (m.sortkey = ? AND m.page_id >= ?))
           ORDER BY m.sortkey, m.page_id LIMIT ?`,
          category,
          type,
          start.sortkey,
          start.sortkey,
          start.pageId,
          limit - found.length,
        ),
      );
    }
    return found;
  }

  counts(category: string): Record<MemberType, number> {
    const rows = this.#db.all<{ type: MemberType; n: number }>(
      'SELECT type, COUNT(*) AS n FROM category_members WHERE category = ? GROUP BY type',
      category,
    );
    const counts = { page: 0, subcat: 0, file: 0 };
    for (const row of rows) counts[row.type] = row.n;
    return counts;
  }

  of(pageId: number): string[] {
    const rows = this.#db.all<{ category: string }>(
      'SELECT category FROM category_members WHERE page_id = ? ORDER BY category',
      pageId,
    );
    return rows.map((row) => row.category);
  }

  /** The category with all categories below it. */
  tree(category: string): Set<string> {
    const seen = new Set<string>();
    const open = [parseTitle(category).full];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      open.push(...this.members(next, ['subcat'], 1000).map((member) => member.title));
    }
    return seen;
  }
}
