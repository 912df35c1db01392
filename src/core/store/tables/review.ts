/** Questions, posts, reactions, votes and verdicts. */
import type { Generated } from 'kysely';
import type { Flag, Millis } from './columns.ts';

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
