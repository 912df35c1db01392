/** What keeps the house: leases, workers, audit log, settings. */
import type { Generated } from 'kysely';
import type { Millis } from './columns.ts';

/** Named leases: one holder at a time, with a fencing number that grows with each new holder. */
export interface LeasesTable {
  name: string;
  owner: string | null;
  expires_at: Millis;
  fence: number;
}

/** Processes of the product that run, whatever they do: their heartbeats. */
export interface WorkersTable {
  id: string;
  /** `web`, `bots`, `worker`, with blanks between them. */
  roles: string;
  /** Empty: of a version that did not tell. */
  version: Generated<string>;
  host: string;
  started_at: Millis;
  seen_at: Millis;
}

/** Who administrates this site. */
export interface AdministratorsTable {
  account_id: number;
  /** The name in VISAVIS_ADMINS under which the account signed in first. A renamed account keeps the row. */
  name: string;
  since: Millis;
}

/** Append-only and hash-chained: each row's hash covers the one before. */
export interface AuditTable {
  id: Generated<number>;
  at: Millis;
  account_id: number | null;
  action: string;
  subject: string;
  detail: string;
  hash: string;
}

export interface SettingsTable {
  name: string;
  value: string;
}

/** What became of the rows of another database, so that an import can be repeated. */
export interface ImportIdsTable {
  /** Which database it was. */
  source: string;
  kind: string;
  old_id: number;
  new_id: number;
  imported_at: Millis;
}
