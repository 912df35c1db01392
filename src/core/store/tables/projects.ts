/** Projects, their persons, members and channels. */
import type { Generated } from 'kysely';
import type { Flag, Millis } from './columns.ts';

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
  /** Counts the crawls; what each has seen stands in `crawl_members`. */
  crawl_number: Generated<number>;
  /** Answers of the wiki that the crawl under way (or the last one) has taken. */
  crawl_requests: Generated<number>;
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
