import { takeConfirmedLinks } from '../core/accounts/linking.ts';
import { askNext } from '../core/faces/next.ts';
import type { Clock } from '../core/platform/clock.ts';
import { describeError } from '../core/platform/errors.ts';
import type { Log } from '../core/platform/log.ts';
import type { Nudges } from '../core/platform/nudges.ts';
import { boundChannels } from '../core/projects/channels.ts';
import { type Lease, releaseLease, renewLease, takeLease } from '../core/store/leases.ts';
import type { Store } from '../core/store/store.ts';
import { tellBrokenLinks } from './broken-links.ts';
import type { CardDeps, Translate } from './cards.ts';
import type { Chat, ChatHandlers, CommandEvent, ReactionEvent } from './chat.ts';
import { runCommand } from './commands.ts';
import { countEarlierReactions, takeReaction } from './inbox.ts';
import { type Patience, reconcilePosts, showPosts } from './posts.ts';
import { reportRuns } from './reports.ts';

export interface DeskDeps extends CardDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly nudges: Nudges;
  readonly log: Log;
  readonly translate: (language: string) => Translate;
  readonly publicUrl: string;
  readonly workerId: string;
}

export interface Desk {
  /** Holds the platform as soon as nobody else does, and keeps its chat up to date until `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const LEASE_MS = 30_000;
/** Nudges may be lost, so everything is looked at this often anyway. */
const LOOK_EVERY_MS = 5_000;

/**
 * The bot's desk on one platform: posts questions, turns reactions into votes, answers commands, keeps posts up
 * to date. One process at a time holds a platform; others wait for it.
 */
export function createDesk(deps: DeskDeps, chat: Chat): Desk {
  const { store, clock, nudges, log } = deps;
  const ending = new AbortController();
  let working: Promise<void> = Promise.resolve();
  let inbox: Promise<void> = Promise.resolve();
  let wake = new AbortController();
  const unlisten: (() => void)[] = [];
  const patience: Patience = new Map();

  /** Events one after the other, in the order in which they came. */
  const enqueue = (what: string, work: () => Promise<void>): Promise<void> => {
    inbox = inbox.then(async () => {
      try {
        await work();
      } catch (error) {
        log.error({ platform: chat.platform, error: describeError(error) }, `${what} failed`);
      }
      wake.abort();
    });
    return inbox;
  };
  const handlers: ChatHandlers = {
    onReaction: (event: ReactionEvent) => enqueue('reaction', () => takeReaction(deps, chat, event)),
    onCommand: (event: CommandEvent) => enqueue(`command ${event.name}`, () => runCommand(deps, chat, event)),
  };

  return {
    async start() {
      for (const topic of ['posts', 'runs'] as const) unlisten.push(nudges.listen(topic, () => wake.abort()));
      working = hold();
    },
    async stop() {
      ending.abort();
      wake.abort();
      for (const end of unlisten) end();
      await working;
      await inbox;
    },
  };

  async function hold(): Promise<void> {
    while (!ending.signal.aborted) {
      const lease = await takeLease(store, {
        name: `chat ${chat.platform}`,
        owner: deps.workerId,
        now: clock.now(),
        ttl: LEASE_MS,
      }).catch(() => null);
      if (lease) await work(lease);
      else await clock.sleep(LOOK_EVERY_MS, ending.signal);
    }
  }

  async function work(lease: Lease): Promise<void> {
    const held = new AbortController();
    const keeping = keep(lease, held);
    try {
      await chat.start(handlers);
      let unread = await reconcilePosts(deps, chat, handlers);
      while (!ending.signal.aborted && !held.signal.aborted) {
        wake = new AbortController();
        const more = await look();
        unread = await reconcilePosts(deps, chat, handlers, unread);
        if (!more && !ending.signal.aborted) await clock.sleep(LOOK_EVERY_MS, wake.signal);
      }
    } catch (error) {
      log.error({ platform: chat.platform, error: describeError(error) }, 'the chat stopped; trying again');
      await clock.sleep(LOOK_EVERY_MS, ending.signal);
    } finally {
      held.abort();
      await keeping;
      await chat.stop();
      // What came in is dealt with before somebody else reads the posts.
      await inbox;
      await releaseLease(store, lease).catch(() => {});
    }
  }

  /** Renews the lease beside the work, because a picture may take longer to come than the lease runs. */
  async function keep(lease: Lease, held: AbortController): Promise<void> {
    let until = clock.now() + LEASE_MS;
    while (!held.signal.aborted) {
      await clock.sleep(LEASE_MS / 3, held.signal);
      if (held.signal.aborted) return;
      const now = clock.now();
      // Without the database nobody can tell; ours until it has run out.
      const ours = await renewLease(store, lease, now, LEASE_MS).catch(() => null);
      if (ours) until = now + LEASE_MS;
      else if (ours === false || clock.now() >= until) {
        log.warn({ platform: chat.platform }, 'another process holds the chat now');
        held.abort();
        wake.abort();
      }
    }
  }

  /** One round; a failure of one part does not keep the others from their work. */
  async function look(): Promise<boolean> {
    let more = false;
    for (const [what, part] of [
      ['links', () => tellLinked()],
      ['broken links', () => tellBrokenLinks(deps, chat)],
      ['questions', () => askInChannels()],
      ['posts', () => showPosts(deps, chat, patience)],
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

  async function askInChannels(): Promise<boolean> {
    let asked = false;
    for (const channel of await boundChannels(store, chat.platform)) {
      asked =
        (await askNext(store, {
          channelId: channel.id,
          projectId: channel.projectId,
          maxOpen: channel.maxOpen,
          now: clock.now(),
        })) || asked;
    }
    return asked;
  }

  async function tellLinked(): Promise<boolean> {
    const told = await takeConfirmedLinks(deps, chat.platform);
    for (const { externalId, username } of told) {
      await enqueue('earlier reactions', () => countEarlierReactions(deps, chat, externalId));
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
