import { signOf } from '../core/review/reactions.ts';
import type { Flag, QuestionKind } from '../core/store/schema.ts';
import type { Store } from '../core/store/store.ts';
import type { Chat, ReactionEvent } from './chat.ts';
import type { Aside } from './lanes.ts';
import type { Postings } from './postings.ts';

/** A post and its question, as a message of the chat names them. */
export interface FoundPost {
  readonly id: number;
  readonly questionId: number;
  readonly projectId: number;
  readonly kind: QuestionKind;
  readonly person: string;
  readonly language: string;
  /** Answers are given by buttons alone. */
  readonly blind: Flag;
}

export interface AskedFace {
  readonly faceId: number;
  readonly position: number;
}

export type PostWithFaces = FoundPost & { readonly faces: readonly AskedFace[] };

/** How to wait for a message that people see already, and that is not stored yet. */
export interface Waiting {
  readonly postings: Postings;
  readonly aside: Aside;
}

const KINDS: readonly QuestionKind[] = ['single', 'several', 'batch'];

/**
 * The post that an event is about; null: it is about no question, or a withdrawn one. People may be quicker than our own
 * row, so what is on its way into the channel is waited for.
 */
export async function findPostSoon(
  store: Store,
  { platform }: Chat,
  event: Pick<ReactionEvent, 'channelId' | 'messageId' | 'emoji'>,
  { postings, aside }: Waiting,
): Promise<PostWithFaces | null> {
  // Asked before we look: what ends in between is looked for once more.
  const posting = postings.underWay(event.channelId);
  const post = await findPost(store, platform, event);
  const mayMatter = KINDS.some((kind) => signOf(kind, event.emoji) !== null);
  if (post || !posting || !mayMatter) return post;
  await aside(posting);
  return findPost(store, platform, event);
}

/** Numbers and letters speak of a face only when it is there. */
export function saysSomething({ kind, faces }: PostWithFaces, emoji: string): boolean {
  const sign = signOf(kind, emoji);
  return typeof sign === 'number' ? faces.some((face) => face.position === sign) : sign !== null;
}

/** The faces that a post asks about. */
export async function facesOf(store: Store, post: FoundPost): Promise<AskedFace[]> {
  return store.db
    .selectFrom('question_faces')
    .select(['face_id as faceId', 'position'])
    .where('question_id', '=', post.questionId)
    .execute();
}

/** The posts of a platform, to be narrowed down. */
export function foundPosts(store: Store, platform: string) {
  return store.db
    .selectFrom('posts')
    .innerJoin('channels', 'channels.id', 'posts.channel_id')
    .innerJoin('questions', 'questions.id', 'posts.question_id')
    .innerJoin('projects', 'projects.id', 'questions.project_id')
    .select([
      'posts.id',
      'posts.question_id as questionId',
      'questions.project_id as projectId',
      'questions.kind',
      'questions.person',
      'posts.blind',
    ])
    .select((eb) => eb.fn.coalesce('channels.language', 'projects.language').as('language'))
    .where('channels.platform', '=', platform);
}

async function findPost(
  store: Store,
  platform: string,
  event: Pick<ReactionEvent, 'channelId' | 'messageId'>,
): Promise<PostWithFaces | null> {
  const faces = await foundPosts(store, platform)
    .innerJoin('question_faces', 'question_faces.question_id', 'posts.question_id')
    .select(['question_faces.face_id as faceId', 'question_faces.position'])
    .where('channels.external_id', '=', event.channelId)
    .where('posts.external_id', '=', event.messageId)
    .where('questions.state', '!=', 'withdrawn')
    .orderBy('question_faces.position')
    .execute();
  const [post] = faces;
  return post ? { ...post, faces } : null;
}
