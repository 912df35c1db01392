import type { APIMessage } from 'discord.js';
import type { Clock } from '../../core/platform/clock.ts';
import { describeError, VisavisError } from '../../core/platform/errors.ts';
import type { Log } from '../../core/platform/log.ts';
import type { Messages } from '../../core/platform/messages.ts';
import { normaliseEmoji } from '../../core/review/reactions.ts';
import type { Store } from '../../core/store/store.ts';
import type { Chat, ChatHandlers, ChatHealth } from '../chat.ts';
import { type Calls, createCalls } from './calls.ts';
import { type Connection, connect } from './connection.ts';
import { commandDefinition, registerCommand, spellCommand } from './definitions.ts';
import { DISCORD, toVisavisError } from './errors.ts';
import { createHistory, type History } from './history.ts';
import { createIdentifyPace, IDENTIFY_EVERY_MS } from './identify.ts';
import { listenToInteractions } from './interactions.ts';
import { createOutbox, RANK, type Rank } from './outbox.ts';
import { findProjects } from './projects.ts';
import { listenToReactions } from './reactions.ts';
import { isSnowflake, type Outgoing, randomName, renderCard, shownPicture } from './render.ts';
import { createSent, nonceOf, type Sent } from './sent.ts';

export interface DiscordChatDeps {
  readonly token: string;
  /** Base of the REST API without its version; null: Discord's own. */
  readonly api: string | null;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly messages: Messages;
  /** Milliseconds between two identifies; Discord wants five seconds, another server may not. */
  readonly identifyEveryMs?: number;
}

/** What exists while the bot is connected. */
interface Session {
  readonly connection: Connection;
  readonly calls: Calls;
  readonly history: History;
  readonly sent: Sent;
  /** The picture's file that a message shows, by message; null: it has none. */
  readonly pictures: Map<string, string | null>;
  /** Messages posted just now, below which there are no reactions yet. */
  readonly bare: Set<string>;
  readonly privateChannels: Map<string, string>;
  /** Channels in which the bot may not take other people's reactions away. */
  readonly handsOff: Set<string>;
}

const REMEMBERED = 2_000;

/** Discord as a chat: translates between its REST and gateway and the port, and decides nothing. */
export function createDiscordChat(deps: DiscordChatDeps): Chat {
  const { clock, log } = deps;
  const waitForIdentify = createIdentifyPace(clock, deps.identifyEveryMs ?? IDENTIFY_EVERY_MS);
  let health: ChatHealth = { state: 'starting', reason: null };
  let session: Session | null = null;
  /** Discord will not have this bot again. */
  let ended: VisavisError | null = null;
  let buttons = false;

  const chat: Chat = {
    platform: 'discord',
    spell: spellCommand,
    health: () => health,

    async start(handlers) {
      if (ended) throw ended;
      buttons = handlers.onButton !== undefined;
      health = { state: 'starting', reason: null };
      try {
        session = await open(handlers);
      } catch (error) {
        if (!ended && error instanceof VisavisError) health = { state: 'away', reason: error.message };
        throw error;
      }
      // It may have to wait for long, and nothing waits for it.
      void register(session);
    },

    async stop() {
      const was = session;
      session = null;
      await was?.connection.close();
      if (!ended) health = { state: 'starting', reason: null };
    },

    async post(channelId, card, key) {
      const { sent } = here();
      const nonce = nonceOf(key);
      const known = await sent.find(channelId, nonce);
      if (known) return known;
      try {
        const id = await send(channelId, RANK.post, renderCard(card, { buttons, name: nonce }), nonce);
        sent.remember(channelId, nonce, id);
        return id;
      } catch (error) {
        sent.doubt(channelId);
        throw error;
      }
    },

    async edit(channelId, messageId, card) {
      const { calls, pictures } = here();
      const keep = card.picture ? null : await pictureOf(channelId, messageId);
      const { body, files, pictureName } = renderCard(card, { buttons, keep });
      await calls.edit(channelId, messageId, RANK.edit, body, files);
      remember(pictures, messageId, pictureName);
    },

    async remove(channelId, messageId) {
      try {
        await here().calls.remove(channelId, messageId, RANK.edit);
      } catch (error) {
        if (!refusedWith(error, DISCORD.unknownMessage, DISCORD.unknownChannel)) throw error;
      }
    },

    async seed(channelId, messageId, emoji) {
      const { calls, bare } = here();
      const there = bare.delete(messageId) ? new Set() : await ownReactions(channelId, messageId);
      for (const one of emoji) {
        if (there.has(normaliseEmoji(one))) continue;
        try {
          await calls.react(channelId, messageId, one, RANK.seed);
        } catch (error) {
          if (!refusedWith(error, DISCORD.tooManyReactions, DISCORD.reactionBlocked)) throw error;
          // People have filled the message with others; the question can still be answered.
          log.info({ platform: 'discord', message: messageId, emoji: one }, 'no room for the bot’s reaction');
        }
      }
    },

    async unseed(channelId, messageId, emoji) {
      for (const one of emoji) {
        try {
          await here().calls.unreact(channelId, messageId, one, RANK.seed);
        } catch (error) {
          if (!refusedWith(error, DISCORD.unknownMessage, DISCORD.unknownEmoji)) throw error;
        }
      }
    },

    async reactions(channelId, messageId) {
      if (!isSnowflake(messageId)) return null;
      return here().history.reactionsOf(channelId, messageId);
    },

    async takeAway(channelId, messageId, userId, emoji) {
      const { calls, handsOff } = here();
      // The right to manage messages is asked for, and not needed: many servers do not give it.
      if (handsOff.has(channelId)) return;
      try {
        await calls.takeAway(channelId, messageId, userId, emoji, RANK.seed);
      } catch (error) {
        if (refusedWith(error, DISCORD.missingPermissions)) rememberOne(handsOff, channelId);
        else if (!refusedWith(error, DISCORD.unknownMessage, DISCORD.unknownEmoji)) throw error;
      }
    },

    async tell(userId, card) {
      const { calls, privateChannels } = here();
      if (!isSnowflake(userId)) throw new VisavisError('not_found', 'There is no such Discord user.');
      const channelId = privateChannels.get(userId) ?? (await calls.privateChannel(userId));
      remember(privateChannels, userId, channelId);
      await send(channelId, RANK.answer, renderCard(card, { buttons: false }));
    },
  };
  return chat;

  function here(): Session {
    if (ended) throw ended;
    if (!session) throw new VisavisError('internal', 'Discord is not connected now; it is tried again.');
    return session;
  }

  async function open(handlers: ChatHandlers): Promise<Session> {
    const connection = await connect(
      { ...deps, waitForIdentify },
      {
        onClient(client) {
          listenToReactions(client, log, (event) => handlers.onReaction(event));
          listenToInteractions(client, {
            log,
            handlers,
            translate: (language) => deps.messages.translator(language),
            findProjects: (text, userId) => findProjects(deps.store, { text, userId }),
            post: (channelId, card) => send(channelId, RANK.answer, renderCard(card, { buttons })),
            tell: (userId, card) => chat.tell(userId, card),
            onSent: (messageId, pictureName) => {
              if (session) remember(session.pictures, messageId, pictureName);
            },
          });
        },
        // A request may have been told of the end before the connection broke.
        onUp: () => {
          if (!ended) health = { state: 'up', reason: null };
        },
        onAway: () => {
          if (ended) return;
          health = { state: 'away', reason: 'The connection to Discord is broken; it is being made again.' };
        },
        onGap: () => {
          session?.history.forget();
          handlers.onGap?.();
        },
        onEnd,
      },
    );
    const { rest } = connection.client;
    rest.on('rateLimited', ({ route, retryAfter, global }) =>
      log.debug({ platform: 'discord', route, retryAfter, global }, 'Discord asks us to wait'),
    );
    const calls = createCalls(rest, createOutbox(), onEnd);
    const { userId } = connection;
    const pictures: Session['pictures'] = new Map();
    const onRead = ({ id, author, embeds }: APIMessage) => {
      if (author.id === userId) remember(pictures, id, shownPicture(embeds));
    };
    return {
      connection,
      calls,
      history: createHistory({ calls, clock, userId, onRead }),
      sent: createSent({ calls, userId }),
      pictures,
      bare: new Set(),
      privateChannels: new Map(),
      handsOff: new Set(),
    };
  }

  function onEnd(error: VisavisError): void {
    if (ended) return;
    ended = error;
    health = { state: 'ended', reason: error.message };
    log.error({ platform: 'discord', code: error.code }, error.message);
  }

  async function register({ connection }: Session): Promise<void> {
    try {
      await registerCommand(deps.store, connection, commandDefinition(deps.messages));
    } catch (error) {
      // Questions can be answered without commands.
      log.warn(
        { platform: 'discord', error: describeError(toVisavisError(error)) },
        'the commands could not be registered; again at the next start',
      );
    }
  }

  /** @param nonce Discord answers a request that comes again, after a lost answer, with the same message */
  async function send(
    channelId: string,
    rank: Rank,
    { body, files, pictureName }: Outgoing,
    nonce = randomName(),
  ) {
    const { calls, pictures, bare } = here();
    const message = await calls.send(channelId, rank, { ...body, nonce, enforce_nonce: true }, files);
    remember(pictures, message.id, pictureName);
    // A message that was there already may have reactions.
    if ((message.reactions ?? []).length === 0) rememberOne(bare, message.id);
    return message.id;
  }

  async function pictureOf(channelId: string, messageId: string): Promise<string | null> {
    const { pictures, calls } = here();
    const known = pictures.get(messageId);
    if (known !== undefined) return known;
    return shownPicture((await calls.message(channelId, messageId))?.embeds);
  }

  async function ownReactions(channelId: string, messageId: string): Promise<Set<string>> {
    const message = await here().calls.message(channelId, messageId);
    const own = (message?.reactions ?? []).filter(({ me, emoji }) => me && !emoji.id && emoji.name);
    return new Set(own.map(({ emoji }) => normaliseEmoji(emoji.name ?? '')));
  }
}

function refusedWith(error: unknown, ...codes: number[]): boolean {
  return error instanceof VisavisError && codes.includes(Number(error.details.discord));
}

/** Keeps the newest ones only, so that a bot that runs for months does not grow. */
function remember<T>(known: Map<string, T>, id: string, value: T): void {
  known.delete(id);
  known.set(id, value);
  const [oldest] = known.keys();
  if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
}

function rememberOne(known: Set<string>, id: string): void {
  known.add(id);
  const [oldest] = known;
  if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
}
