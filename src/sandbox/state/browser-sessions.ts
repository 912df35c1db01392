import type { WikiDatabase } from './database.ts';
import { fingerprint, randomSecret } from './secrets.ts';

export interface BrowserSession {
  id: string;
  user_id: number | null;
  csrf: string;
  /** Client whose consent was given in this session and not yet turned into a code. */
  approved: string | null;
  at: number;
}

/** Who is signed in to the wiki itself, by cookie. */
export class BrowserSessions {
  readonly #db: WikiDatabase;

  constructor(db: WikiDatabase) {
    this.#db = db;
  }

  find(secret: string): BrowserSession | undefined {
    return this.#db.one<BrowserSession>('SELECT * FROM browser_sessions WHERE id = ?', fingerprint(secret));
  }

  /** Opens a session and answers the secret for the cookie. */
  open(userId: number | null, at: number): string {
    const secret = randomSecret();
    this.#db.run(
      'INSERT INTO browser_sessions (id, user_id, csrf, approved, at) VALUES (?, ?, ?, NULL, ?)',
      fingerprint(secret),
      userId,
      randomSecret(),
      at,
    );
    return secret;
  }

  close(id: string): void {
    this.#db.run('DELETE FROM browser_sessions WHERE id = ?', id);
  }

  setApproved(id: string, clientId: string | null): void {
    this.#db.run('UPDATE browser_sessions SET approved = ? WHERE id = ?', clientId, id);
  }
}
