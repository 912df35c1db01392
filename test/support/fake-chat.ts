import type { Card, Chat, ChatHandlers, ChatUser, ReactionEvent } from '../../src/bots/chat.ts';
import { spellInWords } from '../../src/bots/command.ts';

export interface FakeMessage {
  readonly id: string;
  readonly channelId: string;
  readonly key: string | null;
  /** As it is shown now. */
  card: Card;
  deleted: boolean;
  edits: number;
  /** The bot's own reactions, in their order. */
  readonly seeds: string[];
  reactions: { user: ChatUser; emoji: string; eventId: string }[];
}

type Method = 'post' | 'edit' | 'remove' | 'seed' | 'unseed' | 'reactions' | 'takeAway' | 'tell';

export interface FakePlatform {
  readonly messages: FakeMessage[];
  /** Private messages and private answers, in their order. */
  readonly told: { readonly userId: string; readonly card: Card }[];
  /** Every call of the port, `method messageOrChannelOrUser`. */
  readonly calls: string[];
  /** A connection, for one desk. */
  connect(): Chat;
  /** How many connections are up. */
  readonly connected: number;
  /** May throw: before the platform does anything. */
  before: (method: Method, target: string, card?: Card) => void;
  /** May throw, or hold on: after it was done, before the caller hears of it. */
  after: (method: Method, target: string) => void | Promise<void>;
  /** The bot may take away the reactions of people; set it before `connect`. */
  mayTakeAway: boolean;
  /** Messages of a channel that are there, the oldest first. */
  shown(channelId?: string): FakeMessage[];
  toldTo(userId: string): Card[];
  react(message: FakeMessage, user: ChatUser, emoji: string): Promise<void>;
  takeBack(message: FakeMessage, user: ChatUser, emoji: string): Promise<void>;
  /** A moderator takes somebody's reaction away. */
  clear(message: FakeMessage, user: ChatUser, emoji: string): Promise<void>;
  /** A button of the card; what is answered only this person is told. */
  press(message: FakeMessage, user: ChatUser, emoji: string): Promise<void>;
  delete(message: FakeMessage): void;
  say(
    channelId: string | null,
    user: ChatUser,
    text: string,
    given?: { mayManageChannel?: boolean },
  ): Promise<void>;
  /** Every text that anybody was ever shown. */
  readonly texts: string[];
}

/**
 * A chat platform in memory that does what `src/bots/chat.ts` asks of an adapter. Messages and reactions stay when
 * connections come and go; events reach only connections that are up.
 */
export function fakePlatform(): FakePlatform {
  const up = new Set<ChatHandlers>();
  const keys = new Map<string, FakeMessage>();
  let count = 0;

  const note = (card: Card) => {
    platform.texts.push(
      ...[card.title, card.text, card.footer, card.picture?.alt].filter((text) => text !== undefined),
      ...(card.links ?? []).map((link) => link.text),
      ...(card.fields ?? []).flatMap((field) => [field.label, field.value]),
    );
  };
  const find = (messageId: string) =>
    platform.messages.find((message) => message.id === messageId && !message.deleted);
  const call = (method: Method, target: string, card?: Card) => {
    platform.calls.push(`${method} ${target}`);
    platform.before(method, target, card);
  };
  const emit = async (event: ReactionEvent) => {
    for (const handlers of [...up]) await handlers.onReaction(event);
  };
  const send = (channelId: string, card: Card, key: string | null): FakeMessage => {
    const known = key === null ? undefined : keys.get(key);
    if (known) return known;
    const message: FakeMessage = {
      id: `m${++count}`,
      channelId,
      key,
      card,
      deleted: false,
      edits: 0,
      seeds: [],
      reactions: [],
    };
    if (key !== null) keys.set(key, message);
    platform.messages.push(message);
    note(card);
    return message;
  };

  const platform: FakePlatform = {
    messages: [],
    told: [],
    calls: [],
    texts: [],
    before: () => {},
    after: () => {},
    mayTakeAway: false,
    get connected() {
      return up.size;
    },
    shown: (channelId) =>
      platform.messages.filter(
        (message) => !message.deleted && (channelId === undefined || message.channelId === channelId),
      ),
    toldTo: (userId) => platform.told.filter((one) => one.userId === userId).map((one) => one.card),
    async react(message, user, emoji) {
      if (message.reactions.some((one) => one.user.id === user.id && one.emoji === emoji)) return;
      const eventId = `e${++count}`;
      message.reactions.push({ user, emoji, eventId });
      await emit({
        channelId: message.channelId,
        messageId: message.id,
        user,
        emoji,
        eventId,
        change: 'added',
      });
    },
    takeBack: (message, user, emoji) => take(message, user, emoji, 'taken_back'),
    clear: (message, user, emoji) => take(message, user, emoji, 'cleared'),
    async press(message, user, emoji) {
      if (!message.card.buttons?.some((button) => button.emoji === emoji))
        throw new Error(`there is no button ${emoji}`);
      for (const handlers of [...up]) {
        await handlers.onButton?.({
          channelId: message.channelId,
          messageId: message.id,
          user,
          emoji,
          replyPrivately: async (card) => {
            platform.told.push({ userId: user.id, card });
            note(card);
          },
        });
      }
    },
    delete(message) {
      message.deleted = true;
      message.reactions = [];
    },
    async say(channelId, user, text, given = {}) {
      const [name = '', ...args] = text.split(' ');
      for (const handlers of [...up]) {
        await handlers.onCommand({
          name,
          args,
          user,
          channelId,
          channelName: `#${channelId}`,
          mayManageChannel: given.mayManageChannel ?? false,
          replyPrivately: async (card) => {
            platform.told.push({ userId: user.id, card });
            note(card);
          },
          reply: async (card) => send(channelId ?? `private ${user.id}`, card, null).id,
        });
      }
    },
    connect() {
      let own: ChatHandlers | null = null;
      return {
        platform: 'room',
        spell: spellInWords,
        async start(handlers) {
          own = handlers;
          up.add(handlers);
        },
        async stop() {
          if (own) up.delete(own);
          own = null;
        },
        async post(channelId, card, key) {
          call('post', channelId, card);
          const { id } = send(channelId, card, key);
          await platform.after('post', id);
          return id;
        },
        async edit(_channelId, messageId, card) {
          call('edit', messageId, card);
          const message = find(messageId);
          if (!message) throw new Error(`no message ${messageId}`);
          const picture = card.picture ?? message.card.picture;
          message.card = picture ? { ...card, picture } : card;
          message.edits++;
          note(card);
          await platform.after('edit', messageId);
        },
        async remove(_channelId, messageId) {
          call('remove', messageId);
          const message = find(messageId);
          if (message) platform.delete(message);
        },
        async seed(_channelId, messageId, emoji) {
          call('seed', messageId);
          const message = find(messageId);
          if (!message) throw new Error(`no message ${messageId}`);
          for (const one of emoji) if (!message.seeds.includes(one)) message.seeds.push(one);
          await platform.after('seed', messageId);
        },
        async unseed(_channelId, messageId, emoji) {
          call('unseed', messageId);
          const seeds = find(messageId)?.seeds ?? [];
          for (const one of emoji) if (seeds.includes(one)) seeds.splice(seeds.indexOf(one), 1);
        },
        async reactions(_channelId, messageId) {
          call('reactions', messageId);
          const standing = find(messageId)?.reactions.map((one) => ({ ...one })) ?? null;
          await platform.after('reactions', messageId);
          return standing;
        },
        ...(platform.mayTakeAway ? { takeAway } : {}),
        async tell(userId, card) {
          call('tell', userId, card);
          platform.told.push({ userId, card });
          note(card);
        },
      };
    },
  };
  return platform;

  /** As on Discord, nobody is told who took it away. */
  async function takeAway(_channelId: string, messageId: string, userId: string, emoji: string) {
    call('takeAway', messageId);
    const message = find(messageId);
    const known = message?.reactions.find((one) => one.user.id === userId && one.emoji === emoji);
    if (message && known) await take(message, known.user, emoji, 'taken_back');
  }

  async function take(
    message: FakeMessage,
    user: ChatUser,
    emoji: string,
    change: 'taken_back' | 'cleared',
  ): Promise<void> {
    const known = message.reactions.find((one) => one.user.id === user.id && one.emoji === emoji);
    if (!known) throw new Error(`${user.name} has no ${emoji} there`);
    message.reactions = message.reactions.filter((one) => one !== known);
    const { channelId, id: messageId } = message;
    await emit({ channelId, messageId, user, emoji, eventId: known.eventId, change });
  }
}
