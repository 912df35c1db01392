/**
 * The tables, as Kysely sees them: one file for each part of the way in `tables/`. Steps that change them live in
 * `migrations/`.
 */

import type {
  AdministratorsTable,
  AuditTable,
  ImportIdsTable,
  LeasesTable,
  SettingsTable,
  WorkersTable,
} from './tables/house.ts';
import type {
  MatrixHandledTable,
  MatrixMessagesTable,
  MatrixReactionsTable,
  MatrixStateTable,
} from './tables/matrix.ts';
import type {
  AccountNoticesTable,
  CspAllowedTable,
  CspApprovalsTable,
  CspChangesTable,
  CspDeniedTable,
  CspOwnViolationsTable,
  CspPendingTable,
  CspSharedHostsTable,
  CspSourceDetailsTable,
  CspSourcesTable,
  CspViolationsTable,
  PasskeysTable,
  ProjectOriginsTable,
  ProjectReferencesTable,
} from './tables/origins.ts';
import type {
  AccountProfilesTable,
  AccountsTable,
  AccountTokensTable,
  IdentitiesTable,
  LinkRequestsTable,
  SessionsTable,
  SiteBlocksTable,
} from './tables/people.ts';
import type {
  CrawlMembersTable,
  CrawlQueueTable,
  EmbeddingsTable,
  FaceBoxesTable,
  FacesTable,
  FilesTable,
  MatchedPersonsTable,
  PortraitsTable,
  ProjectExclusionsTable,
  ProjectFilesTable,
  SuggestionsTable,
} from './tables/pictures.ts';
import type { BlockListTable, KeptCountsTable } from './tables/privacy.ts';
import type {
  ChannelCodesTable,
  ChannelsTable,
  InvitationsTable,
  ProjectMembersTable,
  ProjectPersonsTable,
  ProjectsTable,
} from './tables/projects.ts';
import type {
  BallotsTable,
  CheckAnswersTable,
  KeptVotesTable,
  PostsTable,
  QuestionFacesTable,
  QuestionsTable,
  ReactionsTable,
  ReopeningsTable,
  SkipsTable,
  VerdictsTable,
  VotesTable,
} from './tables/review.ts';
import type { RoomEventsTable, RoomMessagesTable, RoomReactionsTable } from './tables/room.ts';
import type { AccountPaceTable, ItemRedirectsTable, RunsTable, SdcClaimsTable } from './tables/writing.ts';

export type * from './tables/columns.ts';
export type * from './tables/house.ts';
export type * from './tables/matrix.ts';
export type * from './tables/origins.ts';
export type * from './tables/people.ts';
export type * from './tables/pictures.ts';
export type * from './tables/privacy.ts';
export type * from './tables/projects.ts';
export type * from './tables/review.ts';
export type * from './tables/room.ts';
export type * from './tables/writing.ts';

export interface Schema {
  accounts: AccountsTable;
  account_profiles: AccountProfilesTable;
  account_tokens: AccountTokensTable;
  site_blocks: SiteBlocksTable;
  sessions: SessionsTable;
  identities: IdentitiesTable;
  link_requests: LinkRequestsTable;
  projects: ProjectsTable;
  project_persons: ProjectPersonsTable;
  project_members: ProjectMembersTable;
  channel_codes: ChannelCodesTable;
  invitations: InvitationsTable;
  channels: ChannelsTable;
  project_exclusions: ProjectExclusionsTable;
  crawl_queue: CrawlQueueTable;
  crawl_members: CrawlMembersTable;
  files: FilesTable;
  project_files: ProjectFilesTable;
  faces: FacesTable;
  face_boxes: FaceBoxesTable;
  embeddings: EmbeddingsTable;
  suggestions: SuggestionsTable;
  matched_persons: MatchedPersonsTable;
  portraits: PortraitsTable;
  questions: QuestionsTable;
  question_faces: QuestionFacesTable;
  posts: PostsTable;
  reactions: ReactionsTable;
  ballots: BallotsTable;
  votes: VotesTable;
  kept_votes: KeptVotesTable;
  reopenings: ReopeningsTable;
  check_answers: CheckAnswersTable;
  skips: SkipsTable;
  verdicts: VerdictsTable;
  sdc_claims: SdcClaimsTable;
  runs: RunsTable;
  item_redirects: ItemRedirectsTable;
  account_pace: AccountPaceTable;
  leases: LeasesTable;
  workers: WorkersTable;
  administrators: AdministratorsTable;
  audit: AuditTable;
  room_messages: RoomMessagesTable;
  room_reactions: RoomReactionsTable;
  room_events: RoomEventsTable;
  settings: SettingsTable;
  import_ids: ImportIdsTable;
  block_list: BlockListTable;
  kept_counts: KeptCountsTable;
  matrix_state: MatrixStateTable;
  matrix_messages: MatrixMessagesTable;
  matrix_reactions: MatrixReactionsTable;
  matrix_handled: MatrixHandledTable;
  csp_sources: CspSourcesTable;
  csp_source_details: CspSourceDetailsTable;
  csp_pending: CspPendingTable;
  csp_approvals: CspApprovalsTable;
  passkeys: PasskeysTable;
  account_notices: AccountNoticesTable;
  csp_denied: CspDeniedTable;
  csp_allowed: CspAllowedTable;
  csp_shared_hosts: CspSharedHostsTable;
  csp_violations: CspViolationsTable;
  csp_own_violations: CspOwnViolationsTable;
  csp_changes: CspChangesTable;
  project_origins: ProjectOriginsTable;
  project_references: ProjectReferencesTable;
}
