/** What is kept out, and what is kept of what was deleted. */
import type { Generated } from 'kysely';
import type { Millis } from './columns.ts';

export type BlockKind = 'person' | 'file';

/** Persons and files that no project may have. */
export interface BlockListTable {
  id: Generated<number>;
  kind: BlockKind;
  /** Q-id of a person, page id of a file. */
  subject: string;
  /** What an administrator reads: the person's label or the file's title. */
  label: string;
  reason: string;
  blocked_by: number;
  blocked_at: Millis;
}

/** How many answers of an account were in projects that are deleted now, by the hour: the leaderboard counts them still. */
export interface KeptCountsTable {
  account_id: number;
  /** Begin of the hour. */
  hour: Millis;
  answers: number;
}
