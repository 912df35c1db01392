import type { Generated } from 'kysely';

/**
 * The tables, as Kysely sees them. Times are UTC milliseconds (numbers) in both databases; truth values are
 * 0 or 1, because SQLite has no booleans; JSON is text. Steps that change this file live in `migrations/`.
 */
export type Flag = 0 | 1;
export type Millis = number;
export type Bytes = Uint8Array;

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
}

/** One access token for each account in use; both tokens are Fernet-encrypted. */
export interface AccountTokensTable {
  account_id: number;
  access_token: Bytes;
  refresh_token: Bytes | null;
  token_expires_at: Millis;
  /** Set when the wiki refused a refresh: the person must sign in again. */
  broken_at: Millis | null;
  broken_reason: string | null;
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

export type ProjectState = 'active' | 'paused' | 'completed' | 'deleted';

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
  depth: number;
  file_cap: number;
  created_by: number;
  created_at: Millis;
  /** When the whole category was last seen to its end; null while the first crawl goes on. */
  crawled_at: Millis | null;
  crawl_wanted_at: Millis | null;
  bootstrapped_at: Millis | null;
  /** Moves whenever a verdict or a face changes; suggestions are computed for the value in `matched_change`. */
  change_number: Generated<number>;
  matched_change: Generated<number>;
}

export interface ProjectPersonsTable {
  project_id: number;
  /** Q-id, `Q42`. */
  person: string;
  label: string;
  description: string;
  portrait_title: string | null;
  portrait_url: string | null;
  position: number;
}

export type MemberRole = 'owner' | 'member';

export interface ProjectMembersTable {
  project_id: number;
  account_id: number;
  role: MemberRole;
  status: 'active' | 'banned';
  joined_at: Millis;
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
}

export interface CrawlQueueTable {
  project_id: number;
  category: string;
  depth: number;
  /** The wiki's continuation, to go on where the crawl stopped. */
  next_page: string | null;
  done_at: Millis | null;
}

export type FileState = 'waiting' | 'detected' | 'set_aside' | 'gone';

/** A Commons file, known by its page id. Detected once, however many projects want it. */
export interface FilesTable {
  id: Generated<number>;
  page_id: number;
  title: string;
  sha1: string;
  width: number;
  height: number;
  mime: string;
  /** Where to download for detection: a standard thumbnail of at most 1280 px. */
  thumb_url: string;
  page_url: string;
  author: string;
  licence: string;
  licence_url: string | null;
  state: FileState;
  /** Why it was set aside, in words for the project page. */
  reason: string | null;
  attempts: Generated<number>;
  retry_at: Millis | null;
  detected_at: Millis | null;
  lease_owner: string | null;
  lease_expires_at: Millis | null;
  fence: Generated<number>;
}

export interface ProjectFilesTable {
  project_id: number;
  file_id: number;
  /** The person that the file depicted on the wiki before we did anything (bootstrap). */
  depicts: string | null;
  added_at: Millis;
}

export interface FacesTable {
  id: Generated<number>;
  file_id: number;
  /** Version of the file that it was seen in. */
  sha1: string;
  x: number;
  y: number;
  w: number;
  h: number;
  score: number;
  /** JSON: five [x, y] as fractions of the upright picture. */
  landmarks: string;
  model: string;
  /** Pixels of the picture it was seen in. */
  seen_width: number;
  seen_height: number;
  source: 'detector' | 'person';
  created_at: Millis;
}

export interface EmbeddingsTable {
  face_id: number;
  model: string;
  /** 128 little-endian float32. */
  vector: Bytes;
}

/** The matcher's opinion. Never a verdict, never an example. */
export interface SuggestionsTable {
  project_id: number;
  face_id: number;
  person: string;
  /** Mean Euclidean distance to the nearest confirmed examples. Lower is nearer. */
  distance: number;
  /** 1 when near enough to be asked in a batch. */
  suggested: Flag;
}

export type QuestionKind = 'single' | 'several' | 'batch';
export type QuestionState = 'open' | 'decided' | 'withdrawn';

export interface QuestionsTable {
  id: Generated<number>;
  project_id: number;
  kind: QuestionKind;
  person: string;
  state: QuestionState;
  created_at: Millis;
  closed_at: Millis | null;
}

export interface QuestionFacesTable {
  question_id: number;
  face_id: number;
  /** 1 to 9: the number or letter beside the face. */
  position: number;
}

export type PostState = 'waiting' | 'up' | 'gone';

/** A question shown in one channel. */
export interface PostsTable {
  id: Generated<number>;
  question_id: number;
  channel_id: number;
  state: PostState;
  /** The platform's message id; null until it is up. */
  external_id: string | null;
  /** The content that is wanted and the one that is shown; different numbers mean an edit is due. */
  wanted: Generated<number>;
  shown: Generated<number>;
  created_at: Millis;
  posted_at: Millis | null;
}

/** Reactions as the chat reports them. `event_id` finds the reaction again when it is redacted. */
export interface ReactionsTable {
  id: Generated<number>;
  post_id: number;
  external_user: string;
  emoji: string;
  event_id: string | null;
  added_at: Millis;
  removed_at: Millis | null;
}

export type Answer = 'yes' | 'no' | 'unsure';

/** Append-only. The standing vote of an account about a face and a person is the one with the highest id. */
export interface VotesTable {
  id: Generated<number>;
  project_id: number;
  face_id: number;
  person: string;
  account_id: number;
  /** null takes an earlier answer back. */
  answer: Answer | null;
  /** An owner's answer to a dispute, or against a verdict, decides alone. */
  decides: Flag;
  question_id: number | null;
  platform: string;
  voted_at: Millis;
}

export type VerdictValue = 'open' | 'match' | 'no_match' | 'disputed';

/** What the standing votes add up to; can always be computed again from the votes. */
export interface VerdictsTable {
  project_id: number;
  face_id: number;
  person: string;
  verdict: VerdictValue;
  /** `bootstrap`: the wiki already said so and there was a single face. */
  source: 'votes' | 'owner' | 'bootstrap';
  changed_at: Millis;
}

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
  reason: string | null;
  account_id: number;
  run_id: number;
  revision: number | null;
  changed_at: Millis;
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
  reason: string | null;
  /** Hex id that groups the edits on the wiki. */
  edit_group: string;
  stop_requested_at: Millis | null;
  created_at: Millis;
  finished_at: Millis | null;
  /** Where to report progress in a chat. */
  channel_id: number | null;
  message_id: string | null;
  /** The progress that the message shows, to edit only when it changed. */
  reported: string | null;
}

/** Named leases: one holder at a time, with a fencing number that grows with each new holder. */
export interface LeasesTable {
  name: string;
  owner: string | null;
  expires_at: Millis;
  fence: number;
}

export interface WorkersTable {
  id: string;
  roles: string;
  host: string;
  started_at: Millis;
  seen_at: Millis;
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

/** The practice room keeps its own messages, as any chat server does. */
export interface RoomMessagesTable {
  id: Generated<number>;
  channel: string;
  /** null: the bot. */
  user_id: string | null;
  user_name: string;
  /** Only this user sees it. */
  only_for: string | null;
  /** JSON: text or card. */
  body: string;
  picture: Bytes | null;
  /** The sender's key: sending the same again gives the same message. */
  send_key: string | null;
  sent_at: Millis;
  edited_at: Millis | null;
  deleted_at: Millis | null;
}

export interface RoomReactionsTable {
  message_id: number;
  /** `bot` for the bot's own. */
  user_id: string;
  emoji: string;
  added_at: Millis;
}

/** What happened in the room, for the bot to read in order. */
export interface RoomEventsTable {
  id: Generated<number>;
  kind: 'message' | 'reaction_added' | 'reaction_removed';
  message_id: number;
  user_id: string;
  user_name: string;
  emoji: string | null;
  at: Millis;
}

export interface SettingsTable {
  name: string;
  value: string;
}

export interface Schema {
  accounts: AccountsTable;
  account_profiles: AccountProfilesTable;
  account_tokens: AccountTokensTable;
  sessions: SessionsTable;
  identities: IdentitiesTable;
  link_requests: LinkRequestsTable;
  projects: ProjectsTable;
  project_persons: ProjectPersonsTable;
  project_members: ProjectMembersTable;
  channels: ChannelsTable;
  crawl_queue: CrawlQueueTable;
  files: FilesTable;
  project_files: ProjectFilesTable;
  faces: FacesTable;
  embeddings: EmbeddingsTable;
  suggestions: SuggestionsTable;
  questions: QuestionsTable;
  question_faces: QuestionFacesTable;
  posts: PostsTable;
  reactions: ReactionsTable;
  votes: VotesTable;
  verdicts: VerdictsTable;
  sdc_claims: SdcClaimsTable;
  runs: RunsTable;
  leases: LeasesTable;
  workers: WorkersTable;
  audit: AuditTable;
  room_messages: RoomMessagesTable;
  room_reactions: RoomReactionsTable;
  room_events: RoomEventsTable;
  settings: SettingsTable;
}
