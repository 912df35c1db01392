/** Data from elsewhere: whom each user allows, what administrators and projects say about it, what was blocked. */
import type { Generated } from 'kysely';
import type { Bytes, Flag, Millis } from './columns.ts';

/** Exactly as Wikimedia's RFC T208188 has it. */
export interface CspSourcesTable {
  /** The central id of the account at the wiki (CentralAuth). */
  csp_user: number;
  /** ASCII: an accepted origin. */
  csp_domain: Bytes;
  /** ASCII: when it was added, `YYYYMMDDHHMMSS`, UTC. */
  csp_timestamp: Bytes;
}

/** How sure we were that it was the person: a passkey with user verification, or a sign-in at the wiki. */
export type Assurance = 'passkey' | 'login';

/** What we add to the rows above. A source without such a row came from elsewhere and is not sent. */
export interface CspSourceDetailsTable {
  csp_user: number;
  csp_domain: Bytes;
  paused: Generated<Flag>;
  note: string;
  assurance: Assurance;
  approved_at: Millis;
  expires_at: Millis;
  /** Last day on which it stood in a header, YYYYMMDD: nothing is kept about what was loaded. */
  sent_on: number | null;
}

/** Acts that were approved by a sign-in alone: they wait, so that the person can cancel them. */
export interface CspPendingTable {
  id: Generated<number>;
  csp_user: number;
  /** What it is about: one act at a time waits for each. */
  subject: string;
  /** JSON, as in `csp_approvals`. */
  act: string;
  created_at: Millis;
  effective_at: Millis;
}

/** One re-authentication for one act, used once. */
export interface CspApprovalsTable {
  id: Generated<number>;
  account_id: number;
  /** JSON: exactly what will be done. */
  act: string;
  nonce: string;
  method: Assurance;
  created_at: Millis;
  expires_at: Millis;
  approved_at: Millis | null;
  used_at: Millis | null;
}

/** WebAuthn credentials. */
export interface PasskeysTable {
  id: Generated<number>;
  account_id: number;
  credential: Bytes;
  /** COSE key. */
  public_key: Bytes;
  /** Of signatures; a smaller one than the last tells of a copy. Many authenticators always say 0. */
  counter: number;
  /** JSON array. */
  transports: string;
  name: string;
  created_at: Millis;
  /** A new one cannot approve anything before. */
  usable_from: Millis;
  used_at: Millis | null;
}

export type NoticeKind =
  | 'source-pending'
  | 'source-cancelled'
  | 'source-dropped'
  | 'passkey-added'
  | 'passkey-removed';

/** What a person should see at the next visit, whoever did it. */
export interface AccountNoticesTable {
  id: Generated<number>;
  account_id: number;
  kind: NoticeKind;
  subject: string;
  at: Millis;
  seen_at: Millis | null;
}

/** Hosts that nobody may allow, each with its subdomains. */
export interface CspDeniedTable {
  host: string;
  reason: string;
  added_by: number;
  added_at: Millis;
}

/** Origins that administrators looked at: suggestions, or (in that mode) the only ones. */
export interface CspAllowedTable {
  origin: string;
  label: string;
  added_by: number;
  added_at: Millis;
}

/** Hosts that many people share: how many segments of the path an entry needs. */
export interface CspSharedHostsTable {
  host: string;
  segments: number;
}

/** What policies forbade, by day (YYYYMMDD). Forged reports are among them. */
export interface CspViolationsTable {
  origin: string;
  directive: string;
  route: string;
  day: number;
  seen: number;
}

/** What was blocked for one user in the last days, for the user alone. */
export interface CspOwnViolationsTable {
  csp_user: number;
  origin: string;
  directive: string;
  /** The last one, YYYYMMDD. */
  day: number;
}

/** Whose list changed, for wikis that keep a copy; null: everybody's may have. */
export interface CspChangesTable {
  id: Generated<number>;
  csp_user: number | null;
  at: Millis;
}

/** What a project asks its members for: its manifest. */
export interface ProjectOriginsTable {
  project_id: number;
  origin: string;
  who: string;
  purpose: string;
  added_by: number;
  added_at: Millis;
}

export type ReferenceKind = 'page' | 'portrait';

/** Pages and portraits of a person on other sites; loaded by browsers of members who allowed the origin. */
export interface ProjectReferencesTable {
  id: Generated<number>;
  project_id: number;
  person: string;
  kind: ReferenceKind;
  url: string;
  title: string;
  added_by: number;
  added_at: Millis;
}
