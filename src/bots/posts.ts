import { describeError } from '../core/platform/errors.ts';
import { restingChannels } from '../core/projects/channel-rest.ts';
import { endQuestion, OLD_PICTURE } from '../core/review/questions.ts';
import { normaliseEmoji } from '../core/review/reactions.ts';
import { notePostGone, postsToRemove } from '../core/review/removals.ts';
import type { Flag } from '../core/store/schema.ts';
import type { Trx } from '../core/store/store.ts';
import { type Question, questionCard, questionWords, readQuestion, seedsOf } from './cards.ts';
import type { Card, Chat, ChatHandlers } from './chat.ts';
import type { DeskDeps } from './desk.ts';
import { UndrawableError } from './drawing.ts';
import type { Postings } from './postings.ts';
import type { IsOver, Readings } from './readings.ts';

/** So many at a time, so that commands and reactions get their turn in between. */
const BATCH = 3;
/** Removing needs no picture. */
const REMOVED_AT_ONCE = 10;

const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 10 * 60_000;

/** Posts that failed, by id: how often, and when they are tried again. */
export type Patience = Map<number, { readonly tries: number; readonly at: number }>;

/** What the desk has in mind about its posts, from round to round. */
export interface PostsInMind {
  readonly shown: Patience;
  readonly removed: Patience;
  /** Posts below which people may have reacted unheard; their reactions are read as soon as that can be done. */
  readonly unread: Set<number>;
  readonly postings: Postings;
  readonly readings: Readings;
}

/**
 * Posts what waits and edits what has changed. What fails is put off, so that it holds up nothing else.
 * @returns whether there may be more
 */
export async function showPosts(
  deps: DeskDeps,
  chat: Chat,
  { shown: patience, unread, postings }: PostsInMind,
): Promise<boolean> {
  const putOff = waiting(deps, patience);
  const resting = () => restingChannels(deps.store, chat.platform, deps.clock.now());
  const rest = [...(await resting())];
  const rows = await deps.store.db
    .selectFrom('posts')
    .innerJoin('channels', 'channels.id', 'posts.channel_id')
    .innerJoin('questions', 'questions.id', 'posts.question_id')
    .select([
      'posts.id',
      'posts.question_id',
      'posts.external_id',
      'posts.wanted',
      'posts.shown',
      'posts.channel_id',
      'posts.blind',
      'channels.external_id as channel',
      'channels.language',
      'channels.blind as channel_blind',
      'questions.state as question_state',
    ])
    .where('channels.platform', '=', chat.platform)
    .where('posts.state', 'in', ['waiting', 'up'])
    .whereRef('posts.shown', '!=', 'posts.wanted')
    // What is there is edited at any time.
    .$if(rest.length > 0, (query) =>
      query.where((eb) =>
        eb.or([eb('posts.external_id', 'is not', null), eb('posts.channel_id', 'not in', rest)]),
      ),
    )
    .$if(putOff.length > 0, (query) => query.where('posts.id', 'not in', putOff))
    .orderBy('posts.id')
    .limit(BATCH)
    .execute();
  for (const row of rows) {
    try {
      if (row.external_id !== null) await edit(deps, chat, { ...row, external_id: row.external_id });
      else if (row.question_state !== 'open') await forget(deps, row.id);
      // The ones before may have used up the pace of the channel.
      else if (!(await resting()).has(row.channel_id)) await post(deps, chat, row, postings);
      patience.delete(row.id);
    } catch (error) {
      putOffPost(deps, patience, row.id);
      // It may be there all the same, and be found there later.
      if (row.external_id === null) unread.add(row.id);
      deps.log.warn(
        { post: row.id, error: describeError(error) },
        'a question could not be shown; it will be tried again',
      );
    }
  }
  return rows.length === BATCH;
}

/** Those that it is too early to try again. Nobody waits longer than the longest pause, wherever the clock has gone. */
function waiting({ clock }: DeskDeps, patience: Patience): number[] {
  const now = clock.now();
  return [...patience].filter(([, { at }]) => at > now && at <= now + LONGEST_RETRY_MS).map(([id]) => id);
}

function putOffPost({ clock }: DeskDeps, patience: Patience, postId: number): void {
  const tries = (patience.get(postId)?.tries ?? 0) + 1;
  const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (tries - 1));
  patience.set(postId, { tries, at: clock.now() + pause });
}

/**
 * Takes messages out of the chat whose picture or question must not be there any more.
 * @returns whether there may be more
 */
export async function removePosts(
  deps: DeskDeps,
  chat: Chat,
  { removed: patience }: PostsInMind,
): Promise<boolean> {
  const { store, clock, log } = deps;
  const posts = await postsToRemove(store, {
    platform: chat.platform,
    limit: REMOVED_AT_ONCE,
    except: waiting(deps, patience),
  });
  for (const post of posts) {
    try {
      if (post.messageId !== null) await chat.remove(post.channel, post.messageId);
      await notePostGone(store, post, clock.now());
      patience.delete(post.id);
    } catch (error) {
      putOffPost(deps, patience, post.id);
      log.warn(
        { post: post.id, error: describeError(error) },
        'a message could not be removed; it will be tried again',
      );
    }
  }
  return posts.length === REMOVED_AT_ONCE;
}

interface Row {
  readonly id: number;
  readonly question_id: number;
  readonly wanted: number;
  readonly shown: number;
  readonly channel: string;
  /** null: that of the project. */
  readonly language: string | null;
  /** How it was posted. */
  readonly blind: Flag;
  /** How the channel is now. */
  readonly channel_blind: Flag;
}

/** The question as it is shown in this channel. */
async function questionFor({ store }: DeskDeps, row: Row, blind: Flag): Promise<Question | null> {
  const question = await readQuestion(store, row.question_id);
  return question && { ...question, language: row.language ?? question.language, blind: blind === 1 };
}

async function post(deps: DeskDeps, chat: Chat, row: Row, postings: Postings): Promise<void> {
  const blind = row.channel_blind;
  const question = await questionFor(deps, row, blind);
  if (!question) return forget(deps, row.id);
  const made = await questionCard(deps, question).catch((error: unknown) => {
    if (error instanceof UndrawableError) return error;
    throw error;
  });
  if (made instanceof UndrawableError) return setAside(deps, row, made);
  // The key makes it the same message when we are killed between posting and remembering it.
  const messageId = await postings.run(row.channel, async () => {
    const id = await chat.post(row.channel, made.card, `post-${row.id}`);
    await deps.store.db
      .updateTable('posts')
      .set({ state: 'up', external_id: id, posted_at: deps.clock.now(), blind })
      .where('id', '=', row.id)
      .execute();
    return id;
  });
  await chat.seed(row.channel, messageId, made.seeds);
  await shown(deps, row);
}

/** Its pictures can never be drawn: the files go out of the way, and something else is asked. */
async function setAside(
  { store, clock, log, nudges }: DeskDeps,
  row: Row,
  error: UndrawableError,
): Promise<void> {
  await store.transaction(async (trx) => {
    for (const [id, reason] of error.files)
      await trx
        .updateTable('files')
        .set({ state: 'set_aside', reason })
        .where('id', '=', id)
        .where('state', '=', 'detected')
        .execute();
    await close(trx, row.id, row.question_id, clock.now());
  });
  log.warn({ question: row.question_id, files: [...error.files.keys()] }, error.message);
  nudges.nudge('posts');
}

async function edit(deps: DeskDeps, chat: Chat, row: Row & { external_id: string }): Promise<void> {
  const question = await questionFor(deps, row, row.blind);
  if (!question) return forget(deps, row.id);
  try {
    const again = row.shown === OLD_PICTURE && question.state === 'open';
    const card = again ? await cardAnew(deps, question) : await questionWords(deps, question);
    await chat.edit(row.channel, row.external_id, card);
    // Perhaps nothing was shown to the end yet: it was posted, but the reactions may be missing.
    if (row.shown <= 0 && question.state === 'open')
      await chat.seed(row.channel, row.external_id, seedsOf(question));
  } catch (error) {
    if ((await chat.reactions(row.channel, row.external_id)) !== null) throw error;
    // Somebody has deleted the message.
    return question.state === 'open' ? askAgain(deps, row) : forget(deps, row.id);
  }
  await shown(deps, row);
}

/** With its picture; where that cannot be drawn, the words keep the one that is there. */
async function cardAnew(deps: DeskDeps, question: Question): Promise<Card> {
  try {
    return (await questionCard(deps, question)).card;
  } catch (error) {
    if (error instanceof UndrawableError) return questionWords(deps, question);
    throw error;
  }
}

/** Unless something else is wanted by now, perhaps another picture: then it is looked at again. */
async function shown({ store }: DeskDeps, row: Row): Promise<void> {
  await store.db
    .updateTable('posts')
    .set({ shown: row.wanted })
    .where('id', '=', row.id)
    .where('wanted', '=', row.wanted)
    .execute();
}

async function askAgain(
  { store, clock }: DeskDeps,
  post: { id: number; question_id: number },
): Promise<void> {
  await store.transaction((trx) => close(trx, post.id, post.question_id, clock.now()));
}

/** The post is no more and its question is closed, so that its faces can be asked about anew. */
async function close(trx: Trx, postId: number, questionId: number, now: number): Promise<void> {
  await trx.updateTable('posts').set({ state: 'gone' }).where('id', '=', postId).execute();
  await endQuestion(trx, questionId, now);
}

async function forget({ store }: DeskDeps, postId: number): Promise<void> {
  await store.db.updateTable('posts').set({ state: 'gone' }).where('id', '=', postId).execute();
}

/**
 * Reactions that people added while nobody looked are read from the posts and counted once: after a start
 * and after a gap from all open ones, else from those that wait to be read. Posts whose message is gone are forgotten,
 * so that their faces are asked again.
 * @param mind.unread is left with the posts that cannot be read now, or are not there yet
 */
export async function reconcilePosts(
  deps: DeskDeps,
  chat: Chat,
  handlers: ChatHandlers,
  { unread, readings }: PostsInMind,
  which: 'all' | 'unread',
): Promise<void> {
  const only = [...unread];
  if (which === 'unread' && only.length === 0) return;
  const posts = await deps.store.db
    .selectFrom('posts')
    .innerJoin('channels', 'channels.id', 'posts.channel_id')
    .innerJoin('questions', 'questions.id', 'posts.question_id')
    .select(['posts.id', 'posts.question_id', 'posts.external_id', 'channels.external_id as channel'])
    .where('channels.platform', '=', chat.platform)
    .where('posts.state', 'in', ['waiting', 'up'])
    .where('questions.state', '=', 'open')
    .$if(which === 'unread', (query) => query.where('posts.id', 'in', only))
    .execute();
  for (const id of only) unread.delete(id);
  for (const post of posts) {
    const { external_id: messageId, channel: channelId } = post;
    if (messageId === null) {
      // Whoever was here before may have posted it, and ended before they could note it down.
      unread.add(post.id);
      continue;
    }
    try {
      await readings.run({ channelId, messageId }, async (isOver) => {
        const real = await chat.reactions(channelId, messageId);
        if (real === null) await askAgain(deps, post);
        else await catchUp(deps, handlers, { ...post, messageId }, real, isOver);
      });
    } catch (error) {
      unread.add(post.id);
      deps.log.warn(
        { post: post.id, error: describeError(error) },
        'reactions could not be read; again later',
      );
    }
  }
}

/** Missing ones change nothing: whether their owner took them back cannot be told any more. */
async function catchUp(
  { store }: DeskDeps,
  handlers: ChatHandlers,
  post: { id: number; channel: string; messageId: string },
  real: NonNullable<Awaited<ReturnType<Chat['reactions']>>>,
  isOver: IsOver,
): Promise<void> {
  const known = await store.db
    .selectFrom('reactions')
    .select(['external_user', 'emoji'])
    .where('post_id', '=', post.id)
    .where('removed_at', 'is', null)
    .execute();
  const seen = new Set(known.map((row) => `${row.external_user} ${row.emoji}`));
  for (const { user, emoji, eventId } of real) {
    // Looked at just before it is handed on: what comes later is dealt with later.
    if (seen.has(`${user.id} ${normaliseEmoji(emoji)}`) || isOver(user.id, emoji)) continue;
    const { channel: channelId, messageId } = post;
    const event = { channelId, messageId, user, emoji, change: 'added' as const };
    await handlers.onReaction(eventId === undefined ? event : { ...event, eventId });
  }
}
