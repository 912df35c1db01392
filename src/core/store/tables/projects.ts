/** Projects, their persons, members, invitations and channels. */
import type { Generated } from 'kysely';
import type { Bytes, Flag, Millis } from './columns.ts';

export type ProjectState = 'active' | 'paused' | 'completed' | 'deleted';

/**
 * `reverted`: its edits were taken back on the wiki; `overturned`: owners decided against its verdicts; `ownerless`: its
 * last owner who could act had their account forgotten; `blocked`: nobody is left to look for, because an administrator
 * blocked the person.
 */
export type PausedReason = 'reverted' | 'overturned' | 'ownerless' | 'blocked';

export interface ProjectsTable {
  id: Generated<number>;
  title: string;
  /** Without the namespace, first letter upper case, spaces instead of underscores. */
  category: string;
  state: ProjectState;
  language: string;
  votes_needed: number;
  threshold: number;
  min_confirmed: number;
  /** Any linked account that answers in a bound channel becomes a member. */
  open: Flag;
  matching: Flag;
  /** Statements say where in the picture the person is (P2677). */
  write_boxes: Generated<Flag>;
  /** Look for faces of a few pixels too, piece by piece: several times as slow. */
  small_faces: Generated<Flag>;
  depth: number;
  file_cap: number;
  created_by: number;
  created_at: Millis;
  /** When the whole category was last seen to its end; null while the first crawl goes on. */
  crawled_at: Millis | null;
  crawl_wanted_at: Millis | null;
  /** Of the crawl under way or the last one: what was wanted later asks for another one. */
  crawl_started_at: Millis | null;
  /** Counts the crawls; what each has seen stands in `crawl_members`. */
  crawl_number: Generated<number>;
  /** Answers of the wiki that the crawl under way (or the last one) has taken. */
  crawl_requests: Generated<number>;
  bootstrapped_at: Millis | null;
  /** Moves whenever a verdict or a face changes; suggestions are computed for the value in `matched_change`. */
  change_number: Generated<number>;
  matched_change: Generated<number>;
  /** How many of the moves of `change_number` were about verdicts alone. */
  verdict_changes: Generated<number>;
  /** One question in so many is a check, as soon as enough is decided; 0: never. */
  check_every: Generated<number>;
  /** Members who are wrong too often are put on probation. */
  careful: Generated<Flag>;
  /** The project pauses itself when so many of its last edits or verdicts were taken back, in percent; 0: never. */
  pause_percent: Generated<number>;
  /** Why it paused itself; a message has the words (`bot-paused-…`). */
  paused_reason: Generated<PausedReason | null>;
  /** When it went on after that: what was before counts no more against it. */
  resumed_at: Generated<Millis | null>;
  /** When somebody last looked whether it should pause, and who is careless. */
  cared_at: Generated<Millis | null>;
  /** When an owner said that the work is done; embeddings are kept for 90 days more. */
  completed_at: Generated<Millis | null>;
  deleted_at: Generated<Millis | null>;
  /** When the rows of a deleted project were taken out; null: that is still to be done, or it is not deleted. */
  purged_at: Generated<Millis | null>;
  /** The owner who acknowledged the rules for photographs of identifiable people, and when. */
  acknowledged_by: Generated<number | null>;
  acknowledged_at: Generated<Millis | null>;
}

export interface ProjectPersonsTable {
  project_id: number;
  /** Q-id, `Q42`. */
  person: string;
  label: string;
  description: string;
  portrait_title: string | null;
  portrait_url: string | null;
  /** Of the portrait's file, as in `files`; null: not asked yet, and the portrait is not shown before that. */
  portrait_page_url: Generated<string | null>;
  portrait_author: Generated<string | null>;
  portrait_licence: Generated<string | null>;
  portrait_licence_url: Generated<string | null>;
  position: number;
  /** 1: an owner wants every face asked about, also when nothing near is left. */
  ask_rest: Generated<Flag>;
  /** 0 when the item has a date of death: everybody else is treated as living. */
  living: Generated<Flag>;
}

export type MemberRole = 'owner' | 'member';

export interface ProjectMembersTable {
  project_id: number;
  account_id: number;
  role: MemberRole;
  status: 'active' | 'banned';
  joined_at: Millis;
  banned_at: Generated<Millis | null>;
  /** The last vote of the project when the ban came. */
  banned_after: Generated<number | null>;
  /** When an owner had everything counted again without this banned member. */
  recounted_at: Generated<Millis | null>;
  recounted_after: Generated<number | null>;
  /** Since when verdicts need one vote more where this member agrees; null: as everybody. */
  probation_at: Generated<Millis | null>;
  /** When an owner ended it: answers before that count no more against the member. */
  probation_lifted_at: Generated<Millis | null>;
}

/** A code with which any linked account becomes a member, once or often, until it runs out. */
export interface InvitationsTable {
  id: Generated<number>;
  /** SHA-256 of the code: it is shown once and stored nowhere. */
  code_hash: Bytes;
  project_id: number;
  created_by: number;
  created_at: Millis;
  expires_at: Millis;
  revoked_at: Millis | null;
  /** How many became members by it. */
  uses: Generated<number>;
}

/** A code that binds one channel, for a few minutes: whoever may manage the channel says it there. */
export interface ChannelCodesTable {
  id: Generated<number>;
  /** As in `invitations`. */
  code_hash: Bytes;
  project_id: number;
  created_by: number;
  created_at: Millis;
  expires_at: Millis;
}

export interface ChannelsTable {
  id: Generated<number>;
  platform: string;
  external_id: string;
  name: string;
  project_id: number | null;
  /** Questions that may wait for an answer in this channel at one time. */
  max_open: number;
  bound_by: number | null;
  bound_at: Millis | null;
  /** Disputes are shown here, for the owners, and nothing else. */
  for_disputes: Generated<Flag>;
  /** BCP 47: what the bot speaks here; null: the language of the project. */
  language: Generated<string | null>;
  /** New questions within any hour; null: as many as there is room for. */
  pace: Generated<number | null>;
  /** Minutes after midnight, 0 to 1439, in `time_zone`; both null: never quiet. `core/projects/quiet-hours.ts` */
  quiet_from: Generated<number | null>;
  quiet_to: Generated<number | null>;
  /** IANA name. */
  time_zone: Generated<string>;
  /** Votes by private buttons only; holds for what is posted from then on. */
  blind: Generated<Flag>;
  /** The platform's id of the channel that replaces this one, until an owner says what becomes of that. */
  moved_to: Generated<string | null>;
}
