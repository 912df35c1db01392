/** Questions, posts, reactions, votes and verdicts. */
import type { Generated } from 'kysely';
import type { Flag, Millis } from './columns.ts';

export type QuestionKind = 'single' | 'several' | 'batch';

/**
 * `withdrawn`: an owner took it out, and its faces are not asked about any more. `resting`: nobody answered for days;
 * its faces are asked about again later. `over`: closed without an answer; its faces are asked about anew.
 */
export type QuestionState = 'open' | 'decided' | 'withdrawn' | 'resting' | 'over';

/** `check`: what is decided already is asked again, to see who looks. `dispute`: for the owners to decide. */
export type QuestionPurpose = 'ask' | 'check' | 'dispute';

export interface QuestionsTable {
  id: Generated<number>;
  project_id: number;
  kind: QuestionKind;
  person: string;
  state: QuestionState;
  created_at: Millis;
  closed_at: Millis | null;
  purpose: Generated<QuestionPurpose>;
  /** Of a check: what people decided before. */
  expected: Generated<Exclude<Answer, 'unsure'> | null>;
  /** Its posts are taken out of the chats: of a deleted project, or of a person or file on the block list. */
  erase: Generated<Flag>;
}

export interface QuestionFacesTable {
  question_id: number;
  face_id: number;
  /** 1 to 9: the number or letter beside the face. */
  position: number;
}

/** `leaving`: the message is to be taken out of the chat; then it is `gone`. */
export type PostState = 'waiting' | 'up' | 'leaving' | 'gone';

/** A question shown in one channel. */
export interface PostsTable {
  id: Generated<number>;
  question_id: number;
  channel_id: number;
  state: PostState;
  /** The platform's message id; null until it is up. */
  external_id: string | null;
  /**
   * The content that is wanted and the one that is shown; different numbers mean an edit is due. Shown is 0 before the
   * post is there to its last reaction, and -1 when also its picture is old.
   */
  wanted: Generated<number>;
  shown: Generated<number>;
  created_at: Millis;
  posted_at: Millis | null;
  /** It was posted in a blind channel: no reactions of the bot's, and those of others are no votes. */
  blind: Generated<Flag>;
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

/**
 * Append-only. The standing vote of an account about a face and a person is the one with the highest id that counts:
 * `core/review/standing.ts` says which ones do.
 */
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
  /** Such a decision, against a verdict that members had reached without a dispute. */
  overrides: Generated<Flag>;
  /** The member was on probation when saying so: the side that agrees needs one vote more. */
  on_probation: Generated<Flag>;
  /**
   * Votes that were cast together; null: taken over from another program, or taken back along with a drawn face, and
   * nobody's last answer.
   */
  ballot_id: Generated<number | null>;
  question_id: number | null;
  platform: string;
  voted_at: Millis;
}

/** One submission: what one account said at one time, to one question or on one page. */
export interface BallotsTable {
  id: Generated<number>;
  project_id: number;
  account_id: number;
  cast_at: Millis;
  /** Its votes count no more, as if they had never been cast. */
  undone_at: Generated<Millis | null>;
  undone_by: Generated<number | null>;
  /** The last vote of the project at that time: where the undo stands in the history. */
  undone_after: Generated<number | null>;
}

/** Votes of banned members that count still, because they were part of a verdict when the ban came. */
export interface KeptVotesTable {
  vote_id: number;
  project_id: number;
  account_id: number;
}

/** An owner had something asked again: votes up to `after_vote` count no more. */
export interface ReopeningsTable {
  id: Generated<number>;
  project_id: number;
  face_id: number;
  person: string;
  after_vote: number;
  account_id: number;
  reopened_at: Millis;
}

/** Answers to checks. They are no votes. The last one of an account below a question counts. */
export interface CheckAnswersTable {
  id: Generated<number>;
  project_id: number;
  question_id: number;
  face_id: number;
  person: string;
  account_id: number;
  ballot_id: number;
  expected: Exclude<Answer, 'unsure'>;
  answer: Answer | null;
  answered_at: Millis;
}

/** What a member does not want to be asked again. */
export interface SkipsTable {
  project_id: number;
  account_id: number;
  face_id: number;
  person: string;
  skipped_at: Millis;
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
