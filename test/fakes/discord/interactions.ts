import { randomBytes } from 'node:crypto';
import { refuse } from './refusal.ts';
import { type FakeChannel, type FakeMessage, type FakeUser, type FakeWorld, snowflake } from './world.ts';

const ACKNOWLEDGE_WITHIN_MS = 3_000;
const TOKEN_LIVES_MS = 15 * 60_000;
const EPHEMERAL = 64;
const LOADING = 128;
const ALL_RIGHTS = '2260994265312320';
const MANAGE_CHANNELS = 1n << 4n;

interface FakeInteraction {
  readonly id: string;
  readonly token: string;
  readonly user: FakeUser;
  readonly channel: FakeChannel;
  readonly at: number;
  /** The type of the callback; null: not acknowledged. */
  acknowledged: number | null;
  choices: { name: string; value: string }[] | null;
  original: FakeMessage | null;
}

interface Given {
  readonly mayManage?: boolean;
  /** Leaves out what some servers leave out. */
  readonly sparse?: boolean;
}

/** What people do with commands and buttons, and the callbacks and webhooks by which a bot answers. */
export class FakeInteractions {
  readonly all: FakeInteraction[] = [];
  private readonly world: FakeWorld;
  private readonly now: () => number;

  constructor(world: FakeWorld, now: () => number) {
    this.world = world;
    this.now = now;
  }

  /** `/visavis NAME …`, with options by their names. */
  command(
    user: FakeUser,
    channel: FakeChannel,
    name: string,
    options: Record<string, string> = {},
    given: Given = {},
  ): FakeInteraction {
    const values = Object.entries(options).map(([option, value]) => ({ type: 3, name: option, value }));
    return this.create(2, user, channel, given, {
      data: {
        version: snowflake(),
        id: snowflake(),
        name: 'visavis',
        type: 1,
        options: [{ type: 1, name, options: values }],
      },
    });
  }

  /** Types into an option of a subcommand. */
  type(user: FakeUser, channel: FakeChannel, name: string, option: string, value: string): FakeInteraction {
    const focused = { type: 3, name: option, value, focused: true };
    return this.create(
      4,
      user,
      channel,
      {},
      {
        data: {
          version: snowflake(),
          id: snowflake(),
          name: 'visavis',
          type: 1,
          options: [{ type: 1, name, options: [focused] }],
        },
      },
    );
  }

  press(user: FakeUser, message: FakeMessage, emoji: string): FakeInteraction {
    const rows = message.components as { components: { custom_id: string; emoji?: { name: string } }[] }[];
    const button = rows.flatMap((row) => row.components).find((one) => one.emoji?.name === emoji);
    const channel = this.world.channels.get(message.channelId);
    if (!button || !channel) throw new Error(`no button ${emoji}`);
    return this.create(
      3,
      user,
      channel,
      {},
      {
        data: { component_type: 2, custom_id: button.custom_id },
        message: this.world.messageJson(message),
      },
    );
  }

  private create(
    type: number,
    user: FakeUser,
    channel: FakeChannel,
    { mayManage = false, sparse = false }: Given,
    more: Record<string, unknown>,
  ): FakeInteraction {
    const token = randomBytes(60).toString('base64url');
    const one = {
      id: snowflake(),
      token,
      user,
      channel,
      at: this.now(),
      acknowledged: null,
      choices: null,
      original: null,
    };
    this.all.push(one);
    const permissions = mayManage ? String(BigInt(ALL_RIGHTS) | MANAGE_CHANNELS) : ALL_RIGHTS;
    const member = { ...this.world.memberJson(user), ...(sparse ? {} : { permissions }) };
    const place =
      channel.type === 1
        ? { user: this.world.userJson(user), context: 1 }
        : {
            guild_id: this.world.guildId,
            guild_locale: 'en-US',
            guild: { id: this.world.guildId, locale: 'en-US', features: [] },
            member,
            context: 0,
          };
    this.world.dispatch('INTERACTION_CREATE', null, {
      version: 1,
      type,
      token,
      id: one.id,
      application_id: this.world.bot.id,
      channel_id: channel.id,
      ...(sparse ? {} : { channel: this.world.channelJson(channel), locale: 'nb' }),
      entitlements: [],
      app_permissions: ALL_RIGHTS,
      attachment_size_limit: 10_485_760,
      authorizing_integration_owners: { '0': this.world.guildId },
      ...place,
      ...more,
    });
    return one;
  }

  /** `POST /interactions/:id/:token/callback` */
  callback(id: string, token: string, json: Record<string, unknown>): void {
    const one = this.all.find((known) => known.id === id && known.token === token);
    if (!one || this.now() - one.at > ACKNOWLEDGE_WITHIN_MS) refuse('unknownInteraction');
    if (one.acknowledged !== null) refuse('alreadyAcknowledged');
    const data = (json.data ?? {}) as { flags?: number; choices?: { name: string; value: string }[] };
    one.acknowledged = Number(json.type);
    if (json.type === 8) one.choices = data.choices ?? [];
    else if (json.type === 5) one.original = this.message(one, {}, (data.flags ?? 0) | LOADING);
    else if (json.type === 4)
      one.original = this.message(one, json.data as Record<string, unknown>, data.flags ?? 0);
    else throw new Error(`unplanned: a callback of type ${json.type}`);
  }

  /** `POST /webhooks/:app/:token`: the first one takes the place of the placeholder, and whether it is private. */
  followUp(token: string, json: Record<string, unknown>): FakeMessage {
    const one = this.living(token);
    if (one.original && !one.original.deleted && (one.original.flags & LOADING) !== 0)
      return this.fill(one.original, json);
    return this.message(one, json, Number(json.flags ?? 0));
  }

  editOriginal(token: string, json: Record<string, unknown>): FakeMessage {
    const { original } = this.living(token);
    if (!original || original.deleted) refuse('unknownMessage');
    return this.fill(original, json);
  }

  deleteOriginal(token: string): void {
    const { original } = this.living(token);
    if (!original || original.deleted) refuse('unknownMessage');
    original.deleted = true;
  }

  private living(token: string): FakeInteraction {
    const one = this.all.find((known) => known.token === token);
    if (!one || one.acknowledged === null) refuse('unknownWebhook');
    if (this.now() - one.at > TOKEN_LIVES_MS) refuse('invalidWebhookToken');
    return one;
  }

  private message(one: FakeInteraction, json: Record<string, unknown>, flags: number): FakeMessage {
    return this.world.addMessage({
      channelId: one.channel.id,
      content: String(json.content ?? ''),
      embeds: (json.embeds ?? []) as Record<string, unknown>[],
      components: (json.components ?? []) as unknown[],
      flags,
      onlyFor: (flags & EPHEMERAL) !== 0 ? one.user.id : null,
    });
  }

  private fill(message: FakeMessage, json: Record<string, unknown>): FakeMessage {
    message.content = String(json.content ?? message.content);
    message.embeds = (json.embeds ?? message.embeds) as Record<string, unknown>[];
    message.components = (json.components ?? message.components) as unknown[];
    message.flags &= ~LOADING;
    return message;
  }
}
