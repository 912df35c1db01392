import { takeConfirmedLinks } from '../core/accounts/linking.ts';
import { askNext } from '../core/faces/next.ts';
import type { Clock } from '../core/platform/clock.ts';
import { describeError } from '../core/platform/errors.ts';
import type { Log } from '../core/platform/log.ts';
import { type Metrics, secondsSince } from '../core/platform/metrics.ts';
import type { Nudges } from '../core/platform/nudges.ts';
import type { ReadOnly } from '../core/platform/read-only.ts';
import { mayAskMore } from '../core/projects/channel-rest.ts';
import { type BoundChannel, boundChannels } from '../core/projects/channels.ts';
import { askCheck, closeOldCheck } from '../core/review/checks.ts';
import { askDispute } from '../core/review/disputes.ts';
import { endRests, moveUnanswered, releaseStranded } from '../core/review/moving.ts';
import { hasRoom } from '../core/review/questions.ts';
import type { Store } from '../core/store/store.ts';
import { tellBrokenLinks } from './broken-links.ts';
import type { CardDeps, Translate } from './cards.ts';
import type { ButtonEvent, Chat, ChatHandlers, CommandEvent, ReactionEvent } from './chat.ts';
import { runCommand } from './commands.ts';
import { createHeld } from './held.ts';
import { type Holding, STAND_BY_MS, takeHolding } from './holding.ts';
import { countEarlierReactions, takeButton, takeReaction } from './inbox.ts';
import { type Aside, createLanes } from './lanes.ts';
import { createPostings } from './postings.ts';
import { type PostsInMind, reconcilePosts, removePosts, showPosts } from './posts.ts';
import { createReadings } from './readings.ts';
import { readStops, reportRuns } from './reports.ts';

export interface DeskDeps extends CardDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly translate: (language: string) => Translate;
  /** Those that have messages. */
  readonly languages: readonly string[];
  readonly publicUrl: string;
  readonly workerId: string;
  /** While nobody may write, the bot asks nothing and says so to whoever answers. */
  readonly readOnly?: ReadOnly;
  readonly metrics?: Metrics;
}

export interface Desk {
  /** Holds the platform as soon as nobody else does, and keeps its chat up to date until `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Nudges may be lost, so everything is looked at this often anyway. */
const LOOK_EVERY_MS = 5_000;
/** A chat that could not be reached is tried again after so long, then twice as long, up to `LOOK_EVERY_MS`. */
const RECONNECT_MS = 1_000;
/** Without the database nothing is dealt with; it is asked for again so often. */
const AGAIN_MS = 1_000;
/** Events at one time: most of each is waiting for the database, which has few connections (3 by default). */
const EVENTS_AT_ONCE = 4;

/**
 * The bot's desk on one platform: posts questions, turns reactions into votes, answers commands, keeps posts up
 * to date. One process at a time holds a platform; others wait for it.
 */
export function createDesk(deps: DeskDeps, chat: Chat): Desk {
  const { store, clock, nudges, log } = deps;
  const ending = new AbortController();
  let working: Promise<void> = Promise.resolve();
  const inbox = createLanes(EVENTS_AT_ONCE);
  let wake = new AbortController();
  const unlisten: (() => void)[] = [];
  const postings = createPostings();
  const readings = createReadings();
  const whileHeld = createHeld(deps, chat);
  const mind: PostsInMind = { shown: new Map(), removed: new Map(), unread: new Set(), postings, readings };
  let tidiedAt = Number.NEGATIVE_INFINITY;
  let reconnectMs = RECONNECT_MS;
  /** While this process is the bot here. */
  let holding: Holding | null = null;
  /** Events were lost, so all open posts are read again. */
  let gap = false;

  /** Events of one person, and those below one message, one after the other, in the order in which they came. */
  const enqueue = async (
    what: string,
    keys: readonly string[],
    work: (aside: Aside) => Promise<void>,
  ): Promise<void> => {
    await inbox.run(keys, async (aside) => {
      try {
        // Whoever has taken over meanwhile has heard of it too.
        if (!chat.keepsPlace && !(await holding?.isOurs())) return;
        await work(aside);
      } catch (error) {
        log.error({ platform: chat.platform, error: describeError(error) }, `${what} failed`);
        // What is wrong with one event would be wrong the next time too.
        if (chat.keepsPlace && isOutage(error)) throw error;
      }
    });
    lookSoon();
  };
  /** Nobody reacts a second time because the database was away: what they said waits for it. */
  const insist = async (work: () => Promise<void>): Promise<void> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isOutage(error) || ending.signal.aborted || holding?.lost.aborted !== false) throw error;
        await clock.sleep(AGAIN_MS, ending.signal);
      }
    }
  };
  /** People's answers come first: the last event of many has the posts brought up to date. */
  const lookSoon = () => {
    if (!inbox.busy) wake.abort();
  };
  const handlers: ChatHandlers = {
    onReaction: (event: ReactionEvent) => {
      readings.note(event);
      return enqueue(
        'reaction',
        [`user ${event.user.id}`, `message ${event.channelId} ${event.messageId}`],
        (aside) =>
          insist(() => whileHeld.reaction(event, () => takeReaction(deps, chat, event, { postings, aside }))),
      );
    },
    onCommand: (event: CommandEvent) =>
      enqueue(`command ${event.name}`, [`user ${event.user.id}`], () => runCommand(deps, chat, event)),
    onButton: (event: ButtonEvent) =>
      enqueue('button', [`user ${event.user.id}`, `message ${event.channelId} ${event.messageId}`], (aside) =>
        whileHeld.button(event, () => takeButton(deps, chat, event, { postings, aside })),
      ),
    onGap: () => {
      gap = true;
      wake.abort();
    },
  };

  return {
    async start() {
      for (const topic of ['posts', 'runs'] as const) unlisten.push(nudges.listen(topic, lookSoon));
      working = hold();
    },
    async stop() {
      ending.abort();
      wake.abort();
      for (const end of unlisten) end();
      await working;
      await inbox.settled();
    },
  };

  async function hold(): Promise<void> {
    while (!ending.signal.aborted && !hasEnded()) {
      const taken = await takeHolding(deps, chat.platform);
      if (taken) await work(taken);
      else await clock.sleep(STAND_BY_MS, ending.signal);
    }
  }

  /** For good: trying again would be one more refused request, for ever. The reason stands in its health. */
  function hasEnded(): boolean {
    return chat.health?.().state === 'ended';
  }

  async function work(taken: Holding): Promise<void> {
    holding = taken;
    taken.lost.addEventListener('abort', () => wake.abort());
    try {
      await chat.start(handlers);
      reconnectMs = RECONNECT_MS;
      // Somebody may be waiting for a run to stop, and there may be many posts.
      let knowsStops = await readStops(deps, chat, handlers);
      await reconcilePosts(deps, chat, handlers, mind, 'all');
      while (!ending.signal.aborted && (await taken.isOurs()) && !hasEnded()) {
        wake = new AbortController();
        if (await whileHeld.isHeld()) {
          // What people say meanwhile is read from the posts afterwards.
          gap = true;
          await clock.sleep(LOOK_EVERY_MS, wake.signal);
          continue;
        }
        const more = await look();
        const all = gap;
        gap = false;
        if (all || !knowsStops) knowsStops = await readStops(deps, chat, handlers);
        await reconcilePosts(deps, chat, handlers, mind, all ? 'all' : 'unread');
        if (!more && !ending.signal.aborted) await clock.sleep(LOOK_EVERY_MS, wake.signal);
      }
    } catch (error) {
      log.error({ platform: chat.platform, error: describeError(error) }, 'the chat stopped; trying again');
      if (!hasEnded()) await clock.sleep(reconnectMs, ending.signal);
      reconnectMs = Math.min(2 * reconnectMs, LOOK_EVERY_MS);
    } finally {
      await chat.stop();
      // What came in is dealt with before somebody else reads the posts.
      await inbox.settled();
      holding = null;
      await taken.release();
    }
  }

  /** One round; a failure of one part does not keep the others from their work. */
  async function look(): Promise<boolean> {
    let more = false;
    for (const [what, part] of [
      ['links', () => tellLinked()],
      ['broken links', () => tellBrokenLinks(deps, chat)],
      ['old questions', () => tidy()],
      ['questions', () => askInChannels()],
      ['posts', () => showPosts(deps, chat, mind)],
      ['runs', () => reportRuns(deps, chat)],
    ] as const) {
      try {
        more = (await part()) || more;
      } catch (error) {
        log.error(
          { platform: chat.platform, error: describeError(error) },
          `${what} could not be brought up to date`,
        );
      }
    }
    return more;
  }

  /** Questions whose time or whose channel is over, and messages that have to go: not at every wink. */
  async function tidy(): Promise<boolean> {
    const args = { platform: chat.platform, now: clock.now() };
    const since = args.now - tidiedAt;
    if (since >= 0 && since < LOOK_EVERY_MS) return false;
    const released = await releaseStranded(store, args);
    const moved = await moveUnanswered(store, args);
    const closed = await closeOldCheck(store, args.now);
    const rested = await endRests(store, args.now);
    const removed = await removePosts(deps, chat, mind);
    const more = released || moved || closed || rested || removed;
    if (!more) tidiedAt = args.now;
    return more;
  }

  async function askInChannels(): Promise<boolean> {
    let asked = false;
    for (const channel of await boundChannels(store, chat.platform)) asked = (await ask(channel)) || asked;
    return asked;
  }

  async function ask(channel: BoundChannel): Promise<boolean> {
    const { id, projectId, maxOpen, forDisputes } = channel;
    const args = { channelId: id, projectId, maxOpen, now: clock.now() };
    // Most of the time there is no room; then nobody has to wait for the lock on the project.
    if (!(await hasRoom(store.db, args, forDisputes ? ['dispute'] : ['ask', 'check']))) return false;
    if (!(await mayAskMore(store, channel, args.now))) return false;
    const began = performance.now();
    const count = (error: string | null) => deps.metrics?.step('ask', secondsSince(began), error);
    try {
      const asked = forDisputes
        ? await askDispute(store, args)
        : (await askCheck(store, args)) || (await askNext(store, args));
      // Looking and finding nothing to ask is no work.
      if (asked) count(null);
      return asked;
    } catch (error) {
      count(describeError(error).code);
      throw error;
    }
  }

  async function tellLinked(): Promise<boolean> {
    const told = await takeConfirmedLinks(deps, chat.platform);
    for (const { externalId, username } of told) {
      await enqueue('earlier reactions', [`user ${externalId}`], () =>
        countEarlierReactions(deps, chat, externalId),
      );
      await chat
        .tell(externalId, { text: deps.translate('en')('bot-linked', username) })
        .catch((error: unknown) => {
          // Many people take no private messages from bots; the page has told them already.
          log.info({ platform: chat.platform, error: describeError(error) }, 'a link could not be told');
        });
    }
    return told.length > 0;
  }
}

function isOutage(error: unknown): boolean {
  return describeError(error).code === 'database';
}
