import { isDeepStrictEqual } from 'node:util';
import { accountOfIdentity } from '../core/accounts/linking.ts';
import { requestStop } from '../core/depicts/runs.ts';
import type { Clock } from '../core/platform/clock.ts';
import { describeError } from '../core/platform/errors.ts';
import type { Log } from '../core/platform/log.ts';
import type { Nudges } from '../core/platform/nudges.ts';
import { personIds } from '../core/projects/persons.ts';
import { answersOf, changedAnswers, normaliseEmoji, type Said, signOf } from '../core/review/reactions.ts';
import { type CastAnswer, castBallot } from '../core/review/votes.ts';
import type { QuestionKind } from '../core/store/schema.ts';
import type { Store } from '../core/store/store.ts';
import type { Translate } from './cards.ts';
import type { ButtonEvent, Chat, ReactionEvent } from './chat.ts';
import {
  type FoundPost,
  facesOf,
  findPostSoon,
  foundPosts,
  saysSomething,
  type Waiting,
} from './found-post.ts';

export interface InboxDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly translate: (language: string) => Translate;
}

/** Below the progress of a run. */
export const STOP = '🛑';
const HINT_EVERY_MS = 24 * 60 * 60_000;

/**
 * Turns one reaction into votes. The standing reactions of a person below a post are kept, so that the meaning
 * of the next one, and of one taken back, can be told at any time.
 */
export async function takeReaction(
  deps: InboxDeps,
  chat: Chat,
  event: ReactionEvent,
  waiting: Waiting,
): Promise<void> {
  const post = await findPostSoon(deps.store, chat, event, waiting);
  if (!post) return stopByReaction(deps, chat, event);
  // Somebody else removed it: the vote stands, and so does our memory of the reaction.
  if (event.change === 'cleared') return;
  if (post.blind === 1) {
    if (event.change === 'added' && saysSomething(post, event.emoji))
      await hint(deps, chat, post, event.user.id, 'bot-hint-blind');
    // What it says is for nobody to see.
    return takeAway(deps, chat, event);
  }
  if (!saysSomething(post, event.emoji)) return takeAway(deps, chat, event);
  const [emoji, account] = await Promise.all([
    standingReactions(deps, post, event.user.id),
    accountOfIdentity(deps.store, chat.platform, event.user.id),
  ]);
  const { before, after } = withChange(emoji, event);
  let refused = false;
  if (account) {
    const { faces } = post;
    const positions = faces.map((face) => face.position);
    const was = answersOf(post.kind, positions, before);
    const is = answersOf(post.kind, positions, after);
    // Only what this reaction changed: an answer given elsewhere about the same face is not taken back by it.
    const answers = changedAnswers(faces, await askedPersons(deps, post, [was, is]), was, is);
    refused = !(await vote(deps, chat, post, account.id, answers));
  }
  // After the vote: a reaction that we know is never counted again, so it must have been counted.
  await keepReaction(deps, post, event, before);
  if (event.change !== 'added') return;
  if (!account) await hint(deps, chat, post, event.user.id, 'bot-hint-link');
  else if (refused) await hint(deps, chat, post, event.user.id, 'bot-hint-member');
}

/**
 * A press of a button says what the reaction says, in private; pressing what stands already takes it back. It is kept
 * like a reaction, so that both mean one thing together.
 */
export async function takeButton(
  deps: InboxDeps,
  chat: Chat,
  event: ButtonEvent,
  waiting: Waiting,
): Promise<void> {
  const post = await findPostSoon(deps.store, chat, event, waiting);
  const t = deps.translate(post?.language ?? 'en');
  const say = (key: string, param = event.emoji) => event.replyPrivately({ text: t(key, param) });
  if (!post || signOf(post.kind, event.emoji) === null) return say('bot-button-over');
  const account = await accountOfIdentity(deps.store, chat.platform, event.user.id);
  if (!account) return say('bot-hint-link', chat.spell('link'));
  const emoji = normaliseEmoji(event.emoji);
  const rows = await reactionRows(deps, post, event.user.id);
  const before = rows.map((row) => row.emoji);
  const without = before.filter((one) => one !== emoji);
  const positions = post.faces.map((face) => face.position);
  const was = answersOf(post.kind, positions, before);
  // One that says nothing any more, because something else was said after it, is said anew.
  const stands = before.includes(emoji) && !isDeepStrictEqual(answersOf(post.kind, positions, without), was);
  // Reactions stay until they are taken back, and would be read from the post again; earlier presses give way.
  const givesWay = rows
    .filter((row) => row.event_id === PRESSED && contradict(post.kind, row.emoji, emoji))
    .map((row) => row.emoji);
  const after = stands ? without : [...without.filter((one) => !givesWay.includes(one)), emoji];
  const is = answersOf(post.kind, positions, after);
  const answers = changedAnswers(post.faces, await askedPersons(deps, post, [was, is]), was, is);
  if (!(await vote(deps, chat, post, account.id, answers))) return say('bot-hint-member');
  for (const gone of new Set([emoji, ...givesWay]))
    await keepReaction(deps, post, { ...event, emoji: gone, change: 'taken_back' }, before);
  if (!stands) await keepReaction(deps, post, { ...event, eventId: PRESSED, change: 'added' }, without);
  await say(stands ? 'bot-button-back' : 'bot-button-counted');
}

/** In place of a reaction's id. */
const PRESSED = 'button';

/** Words contradict each other, and among numbered faces they contradict the numbers. */
function contradict(kind: QuestionKind, one: string, other: string): boolean {
  const words = [one, other].filter((emoji) => typeof signOf(kind, emoji) !== 'number').length;
  return one !== other && (words === 2 || (words === 1 && kind === 'several'));
}

/** @returns false when this account may not vote here */
async function vote(
  deps: InboxDeps,
  chat: Chat,
  post: FoundPost,
  accountId: number,
  answers: readonly CastAnswer[],
): Promise<boolean> {
  if (answers.length === 0) return true;
  try {
    await castBallot(deps, {
      projectId: post.projectId,
      accountId,
      answers,
      questionId: post.questionId,
      platform: chat.platform,
    });
    return true;
  } catch (error) {
    const { code, message } = describeError(error);
    if (code !== 'forbidden') throw error;
    deps.log.info({ post: post.id, code }, message);
    return false;
  }
}

/**
 * Votes of somebody who reacted first and linked afterwards: their standing reactions below open questions count
 * from now on, those below one question together, because two numbers mean something else than one.
 */
export async function countEarlierReactions(deps: InboxDeps, chat: Chat, userId: string): Promise<void> {
  const account = await accountOfIdentity(deps.store, chat.platform, userId);
  if (!account) return;
  const rows = await foundPosts(deps.store, chat.platform)
    .innerJoin('reactions', 'reactions.post_id', 'posts.id')
    .select('reactions.emoji')
    .where('external_user', '=', userId)
    .where('removed_at', 'is', null)
    .where('questions.state', '=', 'open')
    .orderBy('reactions.id')
    .execute();
  for (const own of Map.groupBy(rows, (row) => row.id).values()) {
    const [post] = own;
    if (!post) continue;
    const faces = await facesOf(deps.store, post);
    const positions = faces.map((face) => face.position);
    const said = answersOf(
      post.kind,
      positions,
      own.map((row) => row.emoji),
    );
    const nothing = answersOf(post.kind, positions, []);
    const given = changedAnswers(faces, await askedPersons(deps, post, [said]), nothing, said);
    if (!(await vote(deps, chat, post, account.id, given)))
      await hint(deps, chat, post, userId, 'bot-hint-member');
  }
}

/** All persons of the project are looked up only where somebody speaks of them all. */
async function askedPersons(
  { store }: InboxDeps,
  { projectId, person }: FoundPost,
  said: readonly ReadonlyMap<number, Said | null>[],
): Promise<{ person: string; persons: readonly string[] }> {
  const isOfAll = said.some((one) => [...one.values()].includes('somebody_else'));
  if (!isOfAll) return { person, persons: [person] };
  return { person, persons: await personIds(store.db, projectId) };
}

/** A message holds few different emoji, and those that say nothing take the place of others. Nobody waits for it. */
function takeAway(
  { log }: InboxDeps,
  chat: Chat,
  { channelId, messageId, user, emoji, change }: ReactionEvent,
) {
  if (change !== 'added') return;
  chat.takeAway?.(channelId, messageId, user.id, emoji).catch((error: unknown) => {
    log.info({ platform: chat.platform, error: describeError(error) }, 'an emoji could not be taken away');
  });
}

/** This person's reactions below a post that stand, in order. */
async function standingReactions(deps: InboxDeps, post: FoundPost, userId: string): Promise<string[]> {
  return (await reactionRows(deps, post, userId)).map((row) => row.emoji);
}

async function reactionRows({ store }: InboxDeps, post: FoundPost, userId: string) {
  return store.db
    .selectFrom('reactions')
    .select(['emoji', 'event_id'])
    .where('post_id', '=', post.id)
    .where('external_user', '=', userId)
    .where('removed_at', 'is', null)
    .orderBy('id')
    .execute();
}

function withChange(before: readonly string[], event: ReactionEvent) {
  const emoji = normaliseEmoji(event.emoji);
  if (event.change !== 'added') return { before, after: before.filter((one) => one !== emoji) };
  return { before, after: before.includes(emoji) ? before : [...before, emoji] };
}

/** Events of one person below one post come one after the other, so `before` is true still. */
async function keepReaction(
  { store, clock }: InboxDeps,
  post: FoundPost,
  event: ReactionEvent,
  before: readonly string[],
): Promise<void> {
  const emoji = normaliseEmoji(event.emoji);
  if (before.includes(emoji) === (event.change === 'added')) return;
  if (event.change === 'added') {
    await store.db
      .insertInto('reactions')
      .values({
        post_id: post.id,
        external_user: event.user.id,
        emoji,
        event_id: event.eventId ?? null,
        added_at: clock.now(),
        removed_at: null,
      })
      .execute();
    return;
  }
  await store.db
    .updateTable('reactions')
    .set({ removed_at: clock.now() })
    .where('post_id', '=', post.id)
    .where('external_user', '=', event.user.id)
    .where('emoji', '=', emoji)
    .where('removed_at', 'is', null)
    .execute();
}

/** One private hint a day to people whose reactions do not count. */
async function hint(
  { store, clock, translate, log }: InboxDeps,
  chat: Chat,
  post: FoundPost,
  userId: string,
  key: string,
): Promise<void> {
  const name = `hint ${chat.platform} ${userId}`.slice(0, 100);
  const now = clock.now();
  const known = await store.db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst();
  if (known && Number(known.value) > now - HINT_EVERY_MS) return;
  if (known)
    await store.db
      .updateTable('settings')
      .set({ value: String(now) })
      .where('name', '=', name)
      .execute();
  else
    await store.db
      .insertInto('settings')
      .values({ name, value: String(now) })
      .execute();
  try {
    await chat.tell(userId, { text: translate(post.language)(key, chat.spell('link')) });
  } catch (error) {
    // Many people take no private messages from bots.
    log.info({ platform: chat.platform, error: describeError(error) }, 'a hint could not be given');
  }
}

/** 🛑 below the progress of a run. */
async function stopByReaction(deps: InboxDeps, chat: Chat, event: ReactionEvent): Promise<void> {
  if (event.change !== 'added' || normaliseEmoji(event.emoji) !== STOP) return;
  const run = await deps.store.db
    .selectFrom('runs')
    .innerJoin('channels', 'channels.id', 'runs.channel_id')
    .select('runs.id')
    .where('channels.platform', '=', chat.platform)
    .where('channels.external_id', '=', event.channelId)
    .where('runs.message_id', '=', event.messageId)
    .executeTakeFirst();
  if (run) await stopAsAsked(deps, chat, run.id, event.user.id);
}

/** 🛑 that people were quicker with than we with noting down which message shows the run. */
export async function readStopsBelow(
  deps: InboxDeps,
  chat: Chat,
  message: { runId: number; channelId: string; messageId: string },
): Promise<void> {
  try {
    for (const { user, emoji } of (await chat.reactions(message.channelId, message.messageId)) ?? [])
      if (normaliseEmoji(emoji) === STOP) await stopAsAsked(deps, chat, message.runId, user.id);
  } catch (error) {
    // The command works as well, and so does another 🛑.
    deps.log.warn(
      { run: message.runId, error: describeError(error) },
      'whether a run shall stop is not known',
    );
  }
}

async function stopAsAsked(deps: InboxDeps, chat: Chat, runId: number, userId: string): Promise<void> {
  const account = await accountOfIdentity(deps.store, chat.platform, userId);
  if (!account) return;
  try {
    await requestStop(deps, { runId, accountId: account.id });
  } catch (error) {
    if (describeError(error).code !== 'forbidden') throw error;
  }
}
