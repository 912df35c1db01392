import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FakeWorld } from './world.ts';

interface Session {
  readonly id: string;
  readonly intents: number;
  /** Everything that was sent in it, to be replayed. */
  readonly sent: { op: 0; t: string; s: number; d: unknown }[];
}

interface Frame {
  readonly op: number;
  readonly d: Record<string, unknown>;
}

/** Intents that a bot must be allowed in the developer portal. */
const PRIVILEGED = (1 << 1) | (1 << 8) | (1 << 15);
/** Which intent an event needs: in a server, and in private. */
const NEEDS: Readonly<Record<string, readonly [number, number]>> = {
  MESSAGE_CREATE: [1 << 9, 1 << 12],
  MESSAGE_UPDATE: [1 << 9, 1 << 12],
  MESSAGE_DELETE: [1 << 9, 1 << 12],
  MESSAGE_REACTION_ADD: [1 << 10, 1 << 13],
  MESSAGE_REACTION_REMOVE: [1 << 10, 1 << 13],
  MESSAGE_REACTION_REMOVE_ALL: [1 << 10, 1 << 13],
  MESSAGE_REACTION_REMOVE_EMOJI: [1 << 10, 1 << 13],
};

/** The gateway: sessions that can be resumed, and faults on request. */
export class FakeGateway {
  /** Every frame that came from the bot, by its op. */
  readonly received: Frame[] = [];
  /** Identifies and resumes that were taken. */
  identified = 0;
  resumed = 0;
  heartbeatMs = 30_000;
  /** So many connections are closed before HELLO. */
  dropBeforeHello = 0;
  /** So many packets more than was asked for are sent again when a session is resumed. */
  sentAgain = 0;
  /** Says nothing any more, not even to heartbeats. */
  silent = false;
  /** Close code for whoever identifies next; null: they may. */
  refuseIdentify: number | null = null;
  /** Sessions that are known. */
  private readonly sessions = new Map<string, Session>();
  private readonly live = new Map<WebSocket, Session | null>();
  private readonly server = new WebSocketServer({ noServer: true });
  private readonly world: FakeWorld;
  private readonly url: () => string;
  private readonly token: () => string;

  constructor(world: FakeWorld, url: () => string, token: () => string) {
    this.world = world;
    this.url = url;
    this.token = token;
    world.on('dispatch', (event: { name: string; data: unknown; isPrivate: boolean }) => this.spread(event));
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.dropBeforeHello > 0) {
      this.dropBeforeHello--;
      this.server.handleUpgrade(request, socket, head, (ws) => ws.terminate());
      return;
    }
    this.server.handleUpgrade(request, socket, head, (ws) => {
      this.live.set(ws, null);
      ws.on('close', () => this.live.delete(ws));
      ws.on('message', (data) => this.take(ws, JSON.parse(String(data)) as Frame));
      this.send(ws, { op: 10, d: { heartbeat_interval: this.heartbeatMs, _trace: [] }, s: null, t: null });
    });
  }

  /** How many connections have a session. */
  get connected(): number {
    return [...this.live.values()].filter((session) => session !== null).length;
  }

  /** Closes every connection; 1006 means that the line just breaks. */
  close(code: number): void {
    for (const ws of this.live.keys()) code === 1006 ? ws.terminate() : ws.close(code);
  }

  /** Op 7: come again. */
  askToReconnect(): void {
    for (const ws of this.live.keys()) this.send(ws, { op: 7, d: null, s: null, t: null });
  }

  /** Op 9: the session is invalid, and may be resumed or not. */
  invalidate(resumable: boolean): void {
    if (!resumable) this.sessions.clear();
    for (const ws of this.live.keys()) {
      // Until the bot has resumed or identified here, it is told nothing.
      this.live.set(ws, null);
      this.send(ws, { op: 9, d: resumable, s: null, t: null });
    }
  }

  /** Nobody can resume: what happens until they identify is lost. */
  forgetSessions(): void {
    this.sessions.clear();
  }

  /** A packet that is sent as it is. */
  sendRaw(name: string, data: unknown): void {
    for (const [ws, session] of this.live) if (session) this.event(ws, session, name, data);
  }

  stop(): void {
    for (const ws of this.live.keys()) ws.terminate();
    this.server.close();
  }

  private take(ws: WebSocket, frame: Frame): void {
    this.received.push(frame);
    if (this.silent) return;
    if (frame.op === 1) this.send(ws, { op: 11, d: null, s: null, t: null });
    else if (frame.op === 2) this.identify(ws, frame.d);
    else if (frame.op === 6) this.resume(ws, frame.d);
    else throw new Error(`unplanned: op ${frame.op}`);
  }

  private identify(ws: WebSocket, { token, intents }: Record<string, unknown>): void {
    const isPrivileged = (Number(intents) & PRIVILEGED) !== 0;
    const refused = this.refuseIdentify ?? (token !== this.token() ? 4004 : isPrivileged ? 4014 : null);
    if (refused !== null) {
      ws.close(refused);
      return;
    }
    this.identified++;
    const session: Session = { id: randomBytes(16).toString('hex'), intents: Number(intents), sent: [] };
    this.sessions.set(session.id, session);
    this.live.set(ws, session);
    const { world } = this;
    this.event(ws, session, 'READY', {
      v: 10,
      user: { ...world.userJson(world.bot), verified: true, mfa_enabled: false, flags: 0, email: null },
      guilds: [{ id: world.guildId, unavailable: true }],
      session_id: session.id,
      session_type: 'normal',
      resume_gateway_url: this.url(),
      shard: [0, 1],
      application: { id: world.bot.id, flags: 0 },
      private_channels: [],
      relationships: [],
      presences: [],
      user_settings: {},
      _trace: [],
    });
    this.event(ws, session, 'GUILD_CREATE', this.guild());
  }

  private resume(ws: WebSocket, { token, session_id: id, seq }: Record<string, unknown>): void {
    const session = this.sessions.get(String(id));
    if (token !== this.token()) {
      ws.close(4004);
      return;
    }
    if (!session) {
      this.send(ws, { op: 9, d: false, s: null, t: null });
      return;
    }
    this.resumed++;
    this.live.set(ws, session);
    for (const frame of session.sent) if (frame.s > Number(seq) - this.sentAgain) this.send(ws, frame);
    this.event(ws, session, 'RESUMED', { _trace: [] });
  }

  /** Whoever is connected gets it; whoever is away, when they resume. */
  private spread({ name, data, isPrivate }: { name: string; data: unknown; isPrivate: boolean }): void {
    const needs = NEEDS[name]?.[isPrivate ? 1 : 0] ?? 0;
    for (const session of this.sessions.values()) {
      if ((session.intents & needs) !== needs) continue;
      const ws = [...this.live].find(([, one]) => one === session)?.[0];
      this.event(ws, session, name, data);
    }
  }

  private event(ws: WebSocket | undefined, session: Session, name: string, data: unknown): void {
    const frame = { op: 0 as const, t: name, s: session.sent.length + 1, d: data };
    session.sent.push(frame);
    if (ws) this.send(ws, frame);
  }

  private send(ws: WebSocket, frame: unknown): void {
    if (!this.silent) ws.send(JSON.stringify(frame));
  }

  private guild(): Record<string, unknown> {
    const { world } = this;
    const role = {
      managed: false,
      color: 0,
      hoist: false,
      icon: null,
      unicode_emoji: null,
      mentionable: false,
      flags: 0,
    };
    const channels = [...world.channels.values()].filter((one) => !one.deleted);
    return {
      id: world.guildId,
      name: 'Test guild',
      icon: null,
      owner_id: world.ownerId,
      unavailable: false,
      member_count: world.users.size,
      large: false,
      joined_at: '2026-11-22T02:37:24.383000+00:00',
      features: [],
      preferred_locale: 'en-US',
      roles: [
        { ...role, id: world.guildId, name: '@everyone', permissions: '1071698660929', position: 0 },
        { ...role, id: world.managerRoleId, name: 'managers', permissions: '16', position: 2 },
        {
          ...role,
          id: world.botRoleId,
          name: 'visavis',
          permissions: '274878024768',
          position: 1,
          managed: true,
        },
      ],
      emojis: [],
      stickers: [],
      channels: channels.filter((one) => one.type === 0).map((one) => world.channelJson(one)),
      threads: channels
        .filter((one) => one.type === 11 && !one.archived)
        .map((one) => world.channelJson(one)),
      members: [world.memberJson(world.bot)],
      presences: [],
      voice_states: [],
      stage_instances: [],
      guild_scheduled_events: [],
      soundboard_sounds: [],
    };
  }
}
