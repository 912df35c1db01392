import { EventEmitter } from 'node:events';

export interface FakeUser {
  readonly id: string;
  readonly name: string;
  readonly bot: boolean;
}

export interface FakeReaction {
  readonly emoji: { readonly id: string | null; readonly name: string };
  /** In the order in which they reacted. */
  readonly users: FakeUser[];
}

export interface FakeMessage {
  readonly id: string;
  readonly channelId: string;
  readonly author: FakeUser;
  content: string;
  embeds: Record<string, unknown>[];
  components: unknown[];
  readonly nonce: string | null;
  readonly createdAt: number;
  editedAt: number | null;
  /** Files by name, with their alternative text. */
  files: Map<string, { readonly bytes: Buffer; readonly description: string | null }>;
  reactions: FakeReaction[];
  /** 64: only `onlyFor` sees it. 128: the placeholder of an interaction. */
  flags: number;
  readonly onlyFor: string | null;
  readonly mentions: string[];
  deleted: boolean;
}

export type Right =
  | 'ViewChannel'
  | 'SendMessages'
  | 'EmbedLinks'
  | 'AttachFiles'
  | 'AddReactions'
  | 'ReadMessageHistory'
  | 'ManageMessages';

export interface FakeChannel {
  readonly id: string;
  readonly name: string;
  /** 0: text, 1: private, 11: thread. */
  readonly type: 0 | 1 | 11;
  readonly guildId: string | null;
  /** Of a private channel. */
  readonly recipient: FakeUser | null;
  archived: boolean;
  deleted: boolean;
  /** Rights that the bot does not have here. */
  readonly missing: Set<Right>;
}

const DISCORD_EPOCH = 1_420_070_400_000;
let lastId = 0n;

/** An id of 19 digits that grows, as Discord makes them from the time. */
export function snowflake(): string {
  const now = BigInt(Date.now() - DISCORD_EPOCH) << 22n;
  lastId = now > lastId ? now : lastId + 1n;
  return String(lastId);
}

/** What Discord knows: one server with its channels, people, messages. Emits `dispatch` with each event's name and data. */
export class FakeWorld extends EventEmitter {
  readonly bot: FakeUser = { id: snowflake(), name: 'visavis', bot: true };
  readonly guildId = snowflake();
  readonly ownerId = snowflake();
  readonly botRoleId = snowflake();
  /** A role that may manage channels, and who has it. */
  readonly managerRoleId = snowflake();
  readonly managers = new Set<string>();
  readonly users = new Map<string, FakeUser>([[this.bot.id, this.bot]]);
  readonly channels = new Map<string, FakeChannel>();
  readonly messages = new Map<string, FakeMessage>();
  /** People who take no private messages. */
  readonly closedTo = new Set<string>();
  /** Some servers leave out whether the bot itself reacted (seen). */
  saysWhoReacted = true;
  readonly host: () => string;

  constructor(host: () => string) {
    super();
    this.host = host;
  }

  addUser(name: string, bot = false): FakeUser {
    const user = { id: snowflake(), name, bot };
    this.users.set(user.id, user);
    return user;
  }

  addChannel(name: string, type: FakeChannel['type'] = 0, recipient: FakeUser | null = null): FakeChannel {
    const channel: FakeChannel = {
      id: snowflake(),
      name,
      type,
      guildId: type === 1 ? null : this.guildId,
      recipient,
      archived: false,
      deleted: false,
      // As many servers have it: the bot asks for it, and can do without.
      missing: new Set(['ManageMessages']),
    };
    this.channels.set(channel.id, channel);
    return channel;
  }

  privateChannel(user: FakeUser): FakeChannel {
    const known = [...this.channels.values()].find((one) => one.recipient?.id === user.id);
    return known ?? this.addChannel('', 1, user);
  }

  addMessage(given: Partial<FakeMessage> & { channelId: string }): FakeMessage {
    const message: FakeMessage = {
      id: snowflake(),
      author: this.bot,
      content: '',
      embeds: [],
      components: [],
      nonce: null,
      createdAt: Date.now(),
      editedAt: null,
      files: new Map(),
      reactions: [],
      flags: 0,
      onlyFor: null,
      mentions: [],
      deleted: false,
      ...given,
    };
    this.messages.set(message.id, message);
    if (message.onlyFor === null)
      this.dispatch('MESSAGE_CREATE', message.channelId, this.messageJson(message));
    return message;
  }

  /** Messages of a channel that everybody sees, the oldest first. */
  shown(channelId: string): FakeMessage[] {
    return [...this.messages.values()].filter(
      (one) => one.channelId === channelId && !one.deleted && one.onlyFor === null,
    );
  }

  /** What only this person sees: private messages and private answers, the oldest first; placeholders are none. */
  toldTo(user: FakeUser): FakeMessage[] {
    return [...this.messages.values()].filter(
      (one) =>
        !one.deleted &&
        (one.flags & 128) === 0 &&
        (one.onlyFor === user.id || this.channels.get(one.channelId)?.recipient?.id === user.id),
    );
  }

  react(message: FakeMessage, user: FakeUser, name: string, id: string | null = null): void {
    const reaction = this.reactionOf(message, name, id) ?? { emoji: { id, name }, users: [] };
    if (!message.reactions.includes(reaction)) message.reactions.push(reaction);
    if (reaction.users.includes(user)) return;
    reaction.users.push(user);
    this.dispatch('MESSAGE_REACTION_ADD', message.channelId, {
      user_id: user.id,
      type: 0,
      message_id: message.id,
      message_author_id: message.author.id,
      ...(this.guildOf(message.channelId) ? { member: this.memberJson(user) } : {}),
      emoji: reaction.emoji,
      channel_id: message.channelId,
      burst: false,
      ...this.guildOf(message.channelId),
    });
  }

  /** Nobody is told whether they did it themselves. */
  takeBack(message: FakeMessage, user: FakeUser, name: string, id: string | null = null): void {
    const reaction = this.reactionOf(message, name, id);
    if (!reaction?.users.includes(user)) return;
    reaction.users.splice(reaction.users.indexOf(user), 1);
    this.dropEmpty(message);
    this.dispatch('MESSAGE_REACTION_REMOVE', message.channelId, {
      user_id: user.id,
      type: 0,
      message_id: message.id,
      emoji: reaction.emoji,
      channel_id: message.channelId,
      burst: false,
      ...this.guildOf(message.channelId),
    });
  }

  /** A moderator clears all reactions, or all of one kind. */
  clear(message: FakeMessage, name?: string): void {
    const place = {
      message_id: message.id,
      channel_id: message.channelId,
      ...this.guildOf(message.channelId),
    };
    const gone = name === undefined ? null : this.reactionOf(message, name, null);
    message.reactions = gone ? message.reactions.filter((one) => one !== gone) : [];
    if (gone)
      this.dispatch('MESSAGE_REACTION_REMOVE_EMOJI', message.channelId, { ...place, emoji: gone.emoji });
    else this.dispatch('MESSAGE_REACTION_REMOVE_ALL', message.channelId, place);
  }

  delete(message: FakeMessage): void {
    message.deleted = true;
    this.dispatch('MESSAGE_DELETE', message.channelId, {
      id: message.id,
      channel_id: message.channelId,
      ...this.guildOf(message.channelId),
    });
  }

  reactionOf(message: FakeMessage, name: string, id: string | null): FakeReaction | undefined {
    const plain = (one: string) => one.replaceAll('\u{FE0F}', '');
    return message.reactions.find((one) => one.emoji.id === id && plain(one.emoji.name) === plain(name));
  }

  dropEmpty(message: FakeMessage): void {
    message.reactions = message.reactions.filter((one) => one.users.length > 0);
  }

  dispatch(name: string, channelId: string | null, data: Record<string, unknown>): void {
    const isPrivate = channelId !== null && this.channels.get(channelId)?.type === 1;
    this.emit('dispatch', { name, data, isPrivate });
  }

  userJson(user: FakeUser): Record<string, unknown> {
    return {
      id: user.id,
      username: user.name,
      discriminator: '0',
      global_name: null,
      avatar: null,
      bot: user.bot,
      public_flags: 0,
    };
  }

  memberJson(user: FakeUser): Record<string, unknown> {
    return {
      user: this.userJson(user),
      nick: null,
      avatar: null,
      roles: [
        ...(user.id === this.bot.id ? [this.botRoleId] : []),
        ...(this.managers.has(user.id) ? [this.managerRoleId] : []),
      ],
      joined_at: '2026-11-22T02:37:24.437000+00:00',
      premium_since: null,
      deaf: false,
      mute: false,
      pending: false,
      flags: 0,
      communication_disabled_until: null,
    };
  }

  channelJson(channel: FakeChannel): Record<string, unknown> {
    if (channel.type === 1) {
      const recipients = channel.recipient ? [this.userJson(channel.recipient)] : [];
      return { id: channel.id, type: 1, last_message_id: null, flags: 0, recipients };
    }
    return {
      id: channel.id,
      type: channel.type,
      guild_id: this.guildId,
      name: channel.name,
      position: 0,
      permission_overwrites: [],
      topic: null,
      nsfw: false,
      last_message_id: null,
      rate_limit_per_user: 0,
      parent_id: null,
      flags: 0,
    };
  }

  messageJson(message: FakeMessage): Record<string, unknown> {
    return {
      id: message.id,
      channel_id: message.channelId,
      author: this.userJson(message.author),
      content: message.content,
      timestamp: new Date(message.createdAt).toISOString(),
      edited_timestamp: message.editedAt === null ? null : new Date(message.editedAt).toISOString(),
      tts: false,
      mention_everyone: false,
      mentions: message.mentions.flatMap((id) => {
        const user = this.users.get(id);
        return user ? [this.userJson(user)] : [];
      }),
      mention_roles: [],
      // What an embed shows is not listed here.
      attachments: [],
      embeds: message.embeds.map((embed) => this.embedJson(message, embed)),
      pinned: false,
      type: 0,
      flags: message.flags,
      components: message.components,
      ...(message.nonce === null ? {} : { nonce: message.nonce }),
      ...(message.reactions.length === 0
        ? {}
        : { reactions: message.reactions.map((one) => this.reactionJson(one)) }),
    };
  }

  private embedJson(message: FakeMessage, embed: Record<string, unknown>): Record<string, unknown> {
    const image = embed.image as { url: string } | undefined;
    const name = image?.url.replace('attachment://', '');
    const url = `${this.host()}/attachments/${message.channelId}/${message.id}/${name}?ex=0&is=0&hm=0&`;
    const shown = { url, proxy_url: url, width: 64, height: 48, content_type: 'image/jpeg' };
    return { type: 'rich', ...embed, ...(image ? { image: shown } : {}) };
  }

  private reactionJson({ emoji, users }: FakeReaction): Record<string, unknown> {
    return {
      emoji,
      count: users.length,
      count_details: { burst: 0, normal: users.length },
      burst_colors: [],
      ...(this.saysWhoReacted ? { me: users.includes(this.bot) } : {}),
      me_burst: false,
      burst_me: false,
      burst_count: 0,
    };
  }

  private guildOf(channelId: string): { guild_id: string } | undefined {
    return this.channels.get(channelId)?.guildId ? { guild_id: this.guildId } : undefined;
  }
}
