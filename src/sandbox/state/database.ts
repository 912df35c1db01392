import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';

/** The name that SQLite gives to a database which lives and dies with the process. */
export const IN_MEMORY = ':memory:';

/**
 * The pocket wiki's own SQLite file. Everything here is synchronous, so a handler that reads, decides and
 * writes without an `await` in between is one step: that is how the writes of one page are serialised.
 */
export class WikiDatabase {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();

  /** @param file path of the SQLite file (made when missing), or `:memory:`. */
  constructor(file: string) {
    if (file !== IN_MEMORY) mkdirSync(dirname(file), { recursive: true });
    this.#db = new DatabaseSync(file);
    this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    this.#db.exec(SCHEMA);
  }

  /** The first row, in the shape that the caller's SQL gives it. */
  one<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as Row | undefined;
  }

  all<Row>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  /** Runs a change; answers the id of an inserted row. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).lastInsertRowid);
  }

  transaction<Result>(step: () => Result): Result {
    if (this.#db.isTransaction) return step();
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = step();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  meta(name: string): string | undefined {
    return this.one<{ value: string }>('SELECT value FROM meta WHERE name = ?', name)?.value;
  }

  setMeta(name: string, value: string): void {
    this.run('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)', name, value);
  }

  close(): void {
    this.#prepared.clear();
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    const known = this.#prepared.get(sql);
    if (known) return known;
    const made = this.#db.prepare(sql);
    this.#prepared.set(sql, made);
    return made;
  }
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, central_id INTEGER NOT NULL UNIQUE,
  registered INTEGER NOT NULL, editcount INTEGER NOT NULL, user_groups TEXT NOT NULL,
  may_sign_in INTEGER NOT NULL, block TEXT);
CREATE TABLE IF NOT EXISTS pages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, ns INTEGER NOT NULL, title TEXT NOT NULL UNIQUE, redirect TEXT,
  latest INTEGER NOT NULL DEFAULT 0, touched INTEGER NOT NULL, protected INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS revisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT, page_id INTEGER NOT NULL, parent INTEGER NOT NULL,
  user_name TEXT NOT NULL, user_id INTEGER NOT NULL, at INTEGER NOT NULL, comment TEXT NOT NULL,
  tags TEXT NOT NULL, text_size INTEGER NOT NULL, entity TEXT);
CREATE INDEX IF NOT EXISTS revisions_page ON revisions (page_id, id);
CREATE TABLE IF NOT EXISTS files (
  page_id INTEGER PRIMARY KEY, stored TEXT NOT NULL, size INTEGER NOT NULL, width INTEGER NOT NULL,
  height INTEGER NOT NULL, mime TEXT NOT NULL, sha1 TEXT NOT NULL, uploader TEXT NOT NULL,
  uploaded INTEGER NOT NULL, description TEXT NOT NULL, author TEXT NOT NULL, license TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS category_members (
  category TEXT NOT NULL, page_id INTEGER NOT NULL, type TEXT NOT NULL, sortkey TEXT NOT NULL,
  added INTEGER NOT NULL, PRIMARY KEY (category, page_id));
CREATE INDEX IF NOT EXISTS category_order ON category_members (category, type, sortkey, page_id);
CREATE INDEX IF NOT EXISTS category_page ON category_members (page_id);
CREATE TABLE IF NOT EXISTS statement_index (
  page_id INTEGER NOT NULL, property TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS statement_value ON statement_index (property, value);
CREATE INDEX IF NOT EXISTS statement_page ON statement_index (page_id);
CREATE TABLE IF NOT EXISTS browser_sessions (
  id TEXT PRIMARY KEY, user_id INTEGER, csrf TEXT NOT NULL, approved TEXT, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS codes (
  code TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id INTEGER NOT NULL, redirect_uri TEXT,
  challenge TEXT, method TEXT, scopes TEXT NOT NULL, expires INTEGER NOT NULL, used INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS access_tokens (
  token TEXT PRIMARY KEY, client_id TEXT NOT NULL, user_id INTEGER NOT NULL, scopes TEXT NOT NULL,
  expires INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS refresh_tokens (
  token TEXT PRIMARY KEY, access_token TEXT NOT NULL, client_id TEXT NOT NULL, user_id INTEGER NOT NULL,
  scopes TEXT NOT NULL, expires INTEGER NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS api_sessions (
  user_id INTEGER NOT NULL, client_id TEXT NOT NULL, access_token TEXT NOT NULL, secret TEXT NOT NULL,
  PRIMARY KEY (user_id, client_id));
`;
