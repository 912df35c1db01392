/** Runs and the ledger of claims. */
import type { Generated } from 'kysely';
import type { Flag, Millis } from './columns.ts';

export type ClaimState = 'queued' | 'writing' | 'written' | 'removing' | 'removed' | 'failed' | 'present';

/** The ledger: one (file, person) pair on its way to the wiki, across all projects. */
export interface SdcClaimsTable {
  id: Generated<number>;
  page_id: number;
  person: string;
  project_id: number;
  face_id: number | null;
  /** Made before the first request, so that a repeated request is the same statement. */
  statement_id: string;
  /** `present`: somebody else's statement was there already; it is never removed as ours. */
  state: ClaimState;
  /** Why, as `platform/reasons.ts` keeps it; plain English in old rows. */
  reason: string | null;
  account_id: number;
  /** The run that writes or wrote it. */
  run_id: number;
  /** The run that takes or took it back. */
  undo_run_id: number | null;
  revision: number | null;
  changed_at: Millis;
  /** A person said that this one is prominent: rank preferred. */
  prominent: Generated<Flag>;
  /** When a request for it went out first, whatever became of it; null: the wiki cannot have it. */
  sent_at: Generated<Millis | null>;
  /** When our statement was found to be gone without us. What a person took away is never added again. */
  gone_at: Generated<Millis | null>;
  /** `present`: the statement of somebody else that stands there. */
  other_statement_id: Generated<string | null>;
}

/** Items that were merged into others. Claims are about the target. */
export interface ItemRedirectsTable {
  item: string;
  target: string;
  seen_at: Millis;
}

/** When an account may edit next, whichever run or process edits for it. */
export interface AccountPaceTable {
  account_id: number;
  next_edit_at: Millis;
}

export type RunKind = 'write' | 'undo';

export type RunState = 'waiting' | 'working' | 'paused' | 'done' | 'stopped' | 'failed';

/** One press of "write" or "undo", under the account of the one who pressed. */
export interface RunsTable {
  id: Generated<number>;
  project_id: number;
  account_id: number;
  kind: RunKind;
  /** The run that is undone. */
  undoes: number | null;
  state: RunState;
  /** As in `sdc_claims`. */
  reason: string | null;
  /** Hex id that groups the edits on the wiki. */
  edit_group: string;
  stop_requested_at: Millis | null;
  created_at: Millis;
  /** The wiki asked for patience until then. */
  retry_at: Millis | null;
  finished_at: Millis | null;
  /** Where to report progress in a chat. */
  channel_id: number | null;
  message_id: string | null;
  /** The progress that the message shows, to edit only when it changed. */
  reported: string | null;
}
