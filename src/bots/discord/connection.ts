import {
  Client,
  Events,
  GatewayDispatchEvents,
  type GatewayDispatchPayload,
  GatewayIntentBits,
  Options,
} from 'discord.js';
import type { Clock } from '../../core/platform/clock.ts';
import { describeError, VisavisError } from '../../core/platform/errors.ts';
import type { Log } from '../../core/platform/log.ts';
import { isTokenRefused, tokenRefused } from './errors.ts';

export interface ConnectionDeps {
  readonly token: string;
  /** Base of REST, without the version; it also says where the gateway is. null: Discord's own. */
  readonly api: string | null;
  readonly clock: Clock;
  readonly log: Log;
  /** Waits until this bot may identify again. */
  readonly waitForIdentify: (signal: AbortSignal) => Promise<void>;
}

export interface ConnectionEvents {
  /** Before the connection is made: listeners are added here. */
  onClient(client: Client): void;
  onUp(): void;
  onAway(): void;
  /** A new session began: what happened since the old one broke is lost. */
  onGap(): void;
  /** Discord will not have this bot again; nobody tries any more. */
  onEnd(error: VisavisError): void;
}

export interface Connection {
  readonly client: Client;
  /** The bot's own user. */
  readonly userId: string;
  readonly applicationId: string;
  close(): Promise<void>;
}

/** When the socket drops before HELLO, `login` may never settle; neither when nobody listens at the gateway. */
const LOGIN_LIMIT_MS = 30_000;
const CLOSE_LIMIT_MS = 3_000;

/** Close codes after which Discord wants nobody to come back (documentation: "Gateway close event codes"). */
const FINAL: Readonly<Record<number, string>> = {
  4010: 'the shard is invalid',
  4011: 'the bot is in so many servers that it needs sharding, which Visavis does not do',
  4012: 'the version of the gateway is no longer served; update Visavis',
  4013: 'the intents are invalid; update Visavis',
  4014: 'the bot may not have the intents that it asks for; look at its page in the developer portal',
};

/**
 * Connects and resolves when events flow. discord.js resumes and identifies anew by itself from then on.
 * @throws VisavisError `configuration` when Discord refuses the bot for good, `internal` when it cannot be reached
 */
export async function connect(deps: ConnectionDeps, events: ConnectionEvents): Promise<Connection> {
  const { clock, log } = deps;
  const client = createClient(deps);
  const tried = new AbortController();
  let ready = false;
  const end = new Promise<never>((_resolve, reject) => {
    const finish = (error: VisavisError) => {
      events.onEnd(error);
      reject(error);
    };
    client.on(Events.ShardDisconnect, ({ code }) => {
      if (code === 4004) finish(tokenRefused());
      else
        finish(
          new VisavisError(
            'configuration',
            `Discord closed the connection for good: ${FINAL[code] ?? code}.`,
          ),
        );
    });
  });
  // Whoever waits for the connection hears of it; later ones are told by `onEnd` alone.
  end.catch(() => {});
  client.on(Events.Error, (error) =>
    log.warn({ platform: 'discord', error: describeError(error) }, 'discord.js'),
  );
  client.on(Events.ShardError, (error) =>
    log.warn({ platform: 'discord', error: describeError(error) }, 'the gateway of Discord'),
  );
  client.on(Events.ShardReconnecting, () => events.onAway());
  client.on(Events.ShardResume, () => events.onUp());
  const up = new Promise<void>((resolve) => {
    client.on(Events.ShardReady, () => {
      events.onUp();
      if (ready) events.onGap();
      ready = true;
      resolve();
    });
  });
  surviveBadPackets(client, log);
  hearOnce(client);
  events.onClient(client);
  const close = () => closeClient(client, clock);
  try {
    const login = client.login(deps.token).then(() => up);
    // It may fail after the race is over.
    login.catch(() => {});
    const late = clock.sleep(LOGIN_LIMIT_MS, tried.signal).then(() => {
      if (!tried.signal.aborted)
        throw new VisavisError(
          'internal',
          'Discord cannot be reached: its gateway says nothing. It is tried again.',
        );
    });
    await Promise.race([login, end, late]);
    const { user, application } = client;
    if (!user || !application) throw new VisavisError('internal', 'Discord does not say who the bot is.');
    return { client, userId: user.id, applicationId: application.id, close };
  } catch (error) {
    await close();
    if (isInvalidToken(error)) {
      const refused = tokenRefused(error);
      events.onEnd(refused);
      throw refused;
    }
    if (error instanceof VisavisError) throw error;
    throw new VisavisError(
      'internal',
      `Discord cannot be reached: ${describeError(error).message}. It is tried again.`,
      {
        cause: error,
      },
    );
  } finally {
    tried.abort();
  }
}

function createClient({ api, waitForIdentify }: ConnectionDeps): Client {
  const client = new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessageReactions,
      GatewayIntentBits.DirectMessages,
      GatewayIntentBits.DirectMessageReactions,
    ],
    allowedMentions: { parse: [] },
    // Reactions and messages are known by their ids; nothing of them is kept.
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      GuildEmojiManager: 0,
      GuildMemberManager: { maxSize: 100, keepOverLimit: (member) => member.id === member.client.user.id },
      GuildStickerManager: 0,
      MessageManager: 0,
      PresenceManager: 0,
      ReactionManager: 0,
      ReactionUserManager: 0,
      ThreadMemberManager: 0,
      UserManager: { maxSize: 100, keepOverLimit: (user) => user.id === user.client.user.id },
      VoiceStateManager: 0,
    }),
    rest: { ...(api === null ? {} : { api }), version: '10', timeout: 5000, retries: 1 },
    ws: { buildIdentifyThrottler: () => ({ waitForIdentify: (_shard, signal) => waitForIdentify(signal) }) },
  });
  // discord.js takes these from the environment of the process, where others may have left them.
  client.options.shards = [0];
  client.options.shardCount = 1;
  return client;
}

/**
 * A packet that discord.js 14 cannot read is an exception inside it that nobody could catch, and would end the
 * process (seen: an autocomplete without data).
 */
function surviveBadPackets(client: Client, log: Log): void {
  const manager = client.ws as unknown as {
    handlePacket(packet?: GatewayDispatchPayload, shard?: unknown): boolean;
  };
  const handle = manager.handlePacket.bind(manager);
  manager.handlePacket = (packet, shard) => {
    try {
      return handle(packet, shard);
    } catch (error) {
      log.warn(
        { platform: 'discord', packet: packet?.t, error: describeError(error) },
        'an unreadable packet',
      );
      return false;
    }
  };
}

/**
 * When a session is resumed, packets may come that came before; their numbers tell (documentation: "Resuming").
 * A reaction that was taken back would be given, and taken back, twice.
 */
function hearOnce(client: Client): void {
  let last = 0;
  let again = false;
  // Told of each packet just before those who listen for its kind.
  client.on(Events.Raw, ({ t, s }: { t: string; s: number | null }) => {
    // A new session counts anew.
    if (t === GatewayDispatchEvents.Ready) last = 0;
    again = s !== null && s <= last;
    last = Math.max(last, s ?? 0);
  });
  const emit = client.ws.emit.bind(client.ws);
  client.ws.emit = (name: string, ...rest: unknown[]) => !again && emit(name, ...rest);
}

/** Ends the connection politely if that is possible in time, and at any rate. */
async function closeClient(client: Client, clock: Clock): Promise<void> {
  client.removeAllListeners();
  client.ws.removeAllListeners();
  client.on(Events.Error, () => {});
  const shards = [...shardsOf(client)];
  // discord.js 14 leaves a shard alone that is between two connections: it would come back after `destroy`.
  for (const shard of shards) shard.internalConnect = async () => {};
  const closing = client.destroy();
  closing.catch(() => {});
  const limit = new AbortController();
  await Promise.race([closing, clock.sleep(CLOSE_LIMIT_MS, limit.signal)]);
  limit.abort();
  for (const { connection } of shards) {
    // Breaking off while it connects is an error to those who listen.
    connection?.on('error', () => {});
    connection?.terminate();
  }
}

interface Shard {
  internalConnect(): Promise<void>;
  readonly connection: { on(event: 'error', listener: () => void): void; terminate(): void } | null;
}

function shardsOf(client: Client): Iterable<Shard> {
  const { _ws: manager } = client.ws as unknown as {
    _ws: { strategy: { shards: Map<number, Shard> } } | null;
  };
  return manager?.strategy.shards.values() ?? [];
}

function isInvalidToken(error: unknown): boolean {
  return (
    isTokenRefused(error) || (error instanceof Error && 'code' in error && error.code === 'TokenInvalid')
  );
}
