/** People: accounts, their chat identities, sessions and links. */
import type { Generated } from 'kysely';
import type { Bytes, Flag, Millis } from './columns.ts';

/**
 * A person with a Wikimedia account. The id is the opaque member key: votes and audit entries hold it and
 * nothing else. What can identify the person stands in `account_profiles`, one deletable row.
 */
export interface AccountsTable {
  id: Generated<number>;
  /** HMAC-SHA256 of the central id under VISAVIS_SECRET: nobody votes twice by leaving and coming back. */
  central_hash: Bytes;
  created_at: Millis;
  forgotten_at: Millis | null;
}

export interface AccountProfilesTable {
  account_id: number;
  central_id: string;
  username: string;
  edit_count: number;
  /** JSON array of group names at the last sign-in. */
  user_groups: string;
  registered_at: Millis | null;
  blocked: Flag;
  language: string | null;
  seen_at: Millis;
  /** When the wiki with the files was last asked how the account stands; null: only the sign-in told. */
  standing_at: Generated<Millis | null>;
  /** Which of the operator’s rules the account does not meet, or the block on this site (`platform/reasons.ts`); null: it may take part. */
  barred: Generated<string | null>;
  /** Does not want to stand on the leaderboard. */
  hidden: Generated<Flag>;
}

/** Accounts that administrators have blocked on this site; a sign-in does not end it, nor does deleting one's data. */
export interface SiteBlocksTable {
  account_id: number;
  /** In an administrator's words; the person reads it. */
  reason: string;
  blocked_by: number;
  blocked_at: Millis;
}

/** One access token for each account in use; both tokens are encrypted. */
export interface AccountTokensTable {
  account_id: number;
  access_token: Bytes;
  refresh_token: Bytes | null;
  token_expires_at: Millis;
  /** Set when the wiki refused a refresh: the person must sign in again. */
  broken_at: Millis | null;
  /** The wiki’s code, or a reason that says more (`platform/reasons.ts`). */
  broken_reason: string | null;
  /** `plain`: an import marked the tokens as legacy plain text; the next refresh encrypts them. */
  scheme: Generated<'fernet' | 'plain'>;
  /** Since when somebody renews these tokens; null: nobody. Old: whoever it was has died. */
  refreshing_at: Generated<Millis | null>;
  /** A renewal whose answer never came: the wiki may have taken the refresh token already. */
  answer_lost_at: Generated<Millis | null>;
}

export interface SessionsTable {
  /** SHA-256 of the id in the cookie. */
  id_hash: Bytes;
  account_id: number | null;
  data: string;
  created_at: Millis;
  expires_at: Millis;
}

export interface IdentitiesTable {
  id: Generated<number>;
  account_id: number;
  platform: string;
  external_id: string;
  display_name: string;
  linked_at: Millis;
  /** When this chat user was told last that the account's link is broken. */
  broken_told_at: Generated<Millis | null>;
}

/** One-time links from a chat identity to the confirmation page. */
export interface LinkRequestsTable {
  token_hash: Bytes;
  platform: string;
  external_id: string;
  display_name: string;
  created_at: Millis;
  expires_at: Millis;
  used_at: Millis | null;
  /** Set when the person confirmed; the bot then tells them in the chat, once. */
  account_id: number | null;
  told_at: Millis | null;
}
