import type { WikiDatabase } from './database.ts';

export interface Block {
  id: number;
  by: string;
  byId: number;
  reason: string;
  at: number;
  expires: number;
  /** Page ids of a partial block; absent for a block of everything. */
  pages?: number[];
}

export interface User {
  id: number;
  name: string;
  centralId: number;
  /** Milliseconds since 1970. */
  registered: number;
  editcount: number;
  groups: string[];
  maySignIn: boolean;
  block: Block | null;
}

interface UserRow {
  id: number;
  name: string;
  central_id: number;
  registered: number;
  editcount: number;
  user_groups: string;
  may_sign_in: number;
  block: string | null;
}

export class Users {
  readonly #db: WikiDatabase;

  constructor(db: WikiDatabase) {
    this.#db = db;
  }

  add(user: User): void {
    this.#db.run(
      `INSERT INTO users (id, name, central_id, registered, editcount, user_groups, may_sign_in, block)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      user.id,
      user.name,
      user.centralId,
      user.registered,
      user.editcount,
      JSON.stringify(user.groups),
      user.maySignIn ? 1 : 0,
      user.block === null ? null : JSON.stringify(user.block),
    );
  }

  byId(id: number): User | undefined {
    return fromRow(this.#db.one<UserRow>('SELECT * FROM users WHERE id = ?', id));
  }

  byName(name: string): User | undefined {
    return fromRow(this.#db.one<UserRow>('SELECT * FROM users WHERE name = ?', name));
  }

  /** The accounts that the login page offers. */
  signInChoices(): User[] {
    const rows = this.#db.all<UserRow>('SELECT * FROM users WHERE may_sign_in = 1 ORDER BY name');
    return rows.flatMap((row) => fromRow(row) ?? []);
  }

  setBlock(id: number, block: Block | null): void {
    this.#db.run('UPDATE users SET block = ? WHERE id = ?', block && JSON.stringify(block), id);
  }

  rename(id: number, name: string): void {
    this.#db.run('UPDATE users SET name = ? WHERE id = ?', name, id);
  }

  countEdit(id: number): void {
    this.#db.run('UPDATE users SET editcount = editcount + 1 WHERE id = ?', id);
  }
}

/** The block of an account that stands at this time, if one does. */
export function standingBlock(user: User, now: number): Block | null {
  return user.block !== null && user.block.expires > now ? user.block : null;
}

function fromRow(row: UserRow | undefined): User | undefined {
  if (!row) return undefined;
  return {
    id: row.id,
    name: row.name,
    centralId: row.central_id,
    registered: row.registered,
    editcount: row.editcount,
    groups: JSON.parse(row.user_groups) as string[],
    maySignIn: row.may_sign_in === 1,
    block: row.block === null ? null : (JSON.parse(row.block) as Block),
  };
}
