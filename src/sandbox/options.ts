import type { Clock } from '../core/platform/clock.ts';
import type { Originals } from './originals.ts';

/** An OAuth client registered with the pocket wiki. */
export interface PocketClient {
  id: string;
  /** Null for a public client, which must use PKCE. */
  secret: string | null;
  /** Shown on the consent page. */
  name: string;
  redirectUri: string;
  /** Rights that it may ask for; `basic` and `editpage` when left out. */
  grants?: string[];
  /** Disabled clients are refused everywhere. */
  disabled?: boolean;
}

export interface PocketWikiOptions {
  /** 0 takes any free port. */
  port: number;
  host: '127.0.0.1';
  /** How browsers reach it; `http://localhost:<port>` when left out. */
  publicUrl?: string;
  /** Holds `pocket-wiki/`; `:memory:` keeps everything in memory. */
  dataDir: string;
  /** Folder with `sample1.jpg` to `sample6.jpg`; null draws small pictures without faces, for tests. */
  photosDir: string | null;
  clients: PocketClient[];
  clock: Clock;
  /** `empty` leaves out the practice files and items, for tests that bring their own. */
  content?: 'practice' | 'empty';
  /** In the place of the data folder: load tests make their pictures when they are asked for. */
  originals?: Originals;
}

const DEFAULT_GRANTS = ['basic', 'editpage'];

/** Grants that exist at all; asking for another one is an error, asking for one the client lacks is not. */
export const KNOWN_GRANTS: Record<string, string> = {
  basic: 'Read pages and your account name',
  highvolume: 'High-volume editing',
  editpage: 'Edit existing pages',
  createeditmovepage: 'Create, edit, and move pages',
  uploadfile: 'Upload new files',
  rollback: 'Roll back changes to pages',
};

export function grantsOf(client: PocketClient): string[] {
  return client.grants ?? DEFAULT_GRANTS;
}

/** The number in the tag `OAuth CID: n` that marks every edit through a client. */
export function clientNumber(clients: PocketClient[], id: string): number {
  return clients.findIndex((client) => client.id === id) + 1;
}
