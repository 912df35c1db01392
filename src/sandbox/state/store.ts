import { BrowserSessions } from './browser-sessions.ts';
import { Categories } from './categories.ts';
import { WikiDatabase } from './database.ts';
import { Files } from './files.ts';
import { Pages } from './pages.ts';
import { Tokens } from './tokens.ts';
import { Users } from './users.ts';

/** Everything that the pocket wiki remembers, one noun each. */
export interface Store {
  db: WikiDatabase;
  users: Users;
  pages: Pages;
  files: Files;
  categories: Categories;
  sessions: BrowserSessions;
  tokens: Tokens;
}

export function openStore(file: string, issuer: string): Store {
  const db = new WikiDatabase(file);
  return {
    db,
    users: new Users(db),
    pages: new Pages(db),
    files: new Files(db),
    categories: new Categories(db),
    sessions: new BrowserSessions(db),
    tokens: new Tokens(db, issuer),
  };
}
