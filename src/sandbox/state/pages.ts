import { parseTitle } from '../titles.ts';
import type { WikiDatabase } from './database.ts';

export interface Page {
  id: number;
  ns: number;
  /** With namespace and spaces. */
  title: string;
  /** Title that this page leads to, when it is a redirect. */
  redirect: string | null;
  /** Newest revision. */
  latest: number;
  touched: number;
  /** 1 when only administrators may edit. */
  protected: number;
}

/** What one revision says about the entity of its page: file pages hold statements, item pages a whole item. */
export interface Revision {
  id: number;
  page_id: number;
  parent: number;
  user_name: string;
  user_id: number;
  at: number;
  comment: string;
  /** JSON list. */
  tags: string;
  text_size: number;
  /** JSON, or null as long as the page has no entity. */
  entity: string | null;
}

export interface NewRevision {
  user: { id: number; name: string };
  at: number;
  comment: string;
  tags: string[];
  entity: string | null;
}

/** Pages and their histories. */
export class Pages {
  readonly #db: WikiDatabase;

  constructor(db: WikiDatabase) {
    this.#db = db;
  }

  create(title: string, first: NewRevision, options: { id?: number; redirect?: string } = {}): Page {
    const parsed = parseTitle(title);
    const id = this.#db.run(
      'INSERT INTO pages (id, ns, title, redirect, touched) VALUES (?, ?, ?, ?, ?)',
      options.id ?? null,
      parsed.ns,
      parsed.full,
      options.redirect ?? null,
      first.at,
    );
    this.addRevision(id, first);
    const made = this.byId(id);
    if (!made) throw new Error(`page ${id} was not made`);
    return made;
  }

  byId(id: number): Page | undefined {
    return this.#db.one<Page>('SELECT * FROM pages WHERE id = ?', id);
  }

  byTitle(title: string): Page | undefined {
    return this.#db.one<Page>('SELECT * FROM pages WHERE title = ?', parseTitle(title).full);
  }

  inNamespace(ns: number): Page[] {
    return this.#db.all<Page>('SELECT * FROM pages WHERE ns = ? ORDER BY id', ns);
  }

  addRevision(pageId: number, revision: NewRevision): number {
    const parent = this.byId(pageId)?.latest ?? 0;
    const id = this.#db.run(
      `INSERT INTO revisions (page_id, parent, user_name, user_id, at, comment, tags, text_size, entity)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      pageId,
      parent,
      revision.user.name,
      revision.user.id,
      revision.at,
      revision.comment,
      JSON.stringify(revision.tags),
      TEXT_SIZE,
      revision.entity,
    );
    this.#db.run('UPDATE pages SET latest = ?, touched = ? WHERE id = ?', id, revision.at, pageId);
    return id;
  }

  revision(id: number): Revision | undefined {
    return this.#db.one<Revision>('SELECT * FROM revisions WHERE id = ?', id);
  }

  /** Newest first, beginning with `from` (a revision id) when given. */
  history(pageId: number, limit: number, from = Number.MAX_SAFE_INTEGER): Revision[] {
    return this.#db.all<Revision>(
      'SELECT * FROM revisions WHERE page_id = ? AND id <= ? ORDER BY id DESC LIMIT ?',
      pageId,
      from,
      limit,
    );
  }

  recentChanges(limit: number): (Revision & { title: string })[] {
    return this.#db.all<Revision & { title: string }>(
      `SELECT revisions.*, pages.title FROM revisions JOIN pages ON pages.id = revisions.page_id
       ORDER BY revisions.id DESC LIMIT ?`,
      limit,
    );
  }

  rename(id: number, title: string): void {
    const parsed = parseTitle(title);
    this.#db.run('UPDATE pages SET title = ?, ns = ? WHERE id = ?', parsed.full, parsed.ns, id);
  }

  redirect(id: number, title: string): void {
    this.#db.run('UPDATE pages SET redirect = ? WHERE id = ?', parseTitle(title).full, id);
  }

  protect(id: number, on: boolean): void {
    this.#db.run('UPDATE pages SET protected = ? WHERE id = ?', on ? 1 : 0, id);
  }

  delete(id: number): void {
    this.#db.run('DELETE FROM pages WHERE id = ?', id);
    this.#db.run('DELETE FROM files WHERE page_id = ?', id);
    this.#db.run('DELETE FROM category_members WHERE page_id = ?', id);
    this.#db.run('DELETE FROM statement_index WHERE page_id = ?', id);
  }
}

/** Description pages are not edited here, so their wikitext has one invented length in bytes. */
const TEXT_SIZE = 705;
