import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../src/core/platform/clock.ts';
import { type Json, Refused } from './events.ts';
import { createLimiter } from './limiter.ts';
import { createPerson, type Person } from './people.ts';
import type { Room, RoomVersion } from './room.ts';
import { type Call, routeOf, type State, unknownToken } from './routes.ts';

/** One request and its answer, as the recordings have them. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly qs: Json;
  readonly body: unknown;
  readonly contentType: string;
  status: number;
  response: unknown;
}

export interface Fault {
  readonly method?: string;
  readonly path: RegExp;
  /** How many requests; default 1. */
  readonly times?: number;
  /**
   * A status without the homeserver's own words, as a proxy answers; `drop`: the connection breaks before anything
   * is done; `lose`: after it was done; `silence`: no answer at all. `hold` waits for `release`: what is put is done
   * at once and answered then, what is posted is done then.
   */
  readonly how: number | 'drop' | 'lose' | 'silence' | 'hold';
}

export interface Homeserver extends Pick<State, 'limiter' | 'media' | 'accountData'> {
  readonly url: string;
  readonly bot: { readonly id: string; readonly token: string };
  readonly requests: Exchange[];
  /** Requests that the stand-in does not know; a test must see none. */
  readonly unplanned: string[];
  /** Of the newest event. */
  readonly position: number;
  version: RoomVersion;
  encryptsDirect: boolean;
  timelineLimit: number | null;
  historyFrom: number;
  mostUpload: number;
  tellsAge: boolean;
  person(name: string, displayname?: string): Person;
  room(roomId: string): Room;
  roomList(): Room[];
  fail(fault: Fault): void;
  /** No more faults. */
  heal(): void;
  /** How many answers are held back. */
  held(): number;
  /** Lets them go. */
  release(): void;
  /** No connection is taken, and those that are open break. */
  down(): Promise<void>;
  up(): Promise<void>;
  revoke(): void;
  /** Something happened that the homeserver does not see: whoever waits in `until` looks again. */
  look(): void;
  /** Resolves when this is so; looked at whenever something was asked for or has happened. */
  until(check: () => boolean): Promise<void>;
  close(): Promise<void>;
}

/**
 * A homeserver in memory, as small as a bot can do with and as strict as the real one. It behaves as the exchanges
 * do that were recorded with a current homeserver; `test/bots/matrix/conformance.test.ts` compares the two.
 */
export async function startHomeserver(clock: Clock): Promise<Homeserver> {
  const bot = { id: '@bot:localhost', token: `syt_${randomBytes(16).toString('hex')}` };
  const requests: Exchange[] = [];
  const unplanned: string[] = [];
  const faults: { fault: Fault; left: number }[] = [];
  const holding: (() => void)[] = [];
  let watchers: (() => void)[] = [];
  let port = 0;
  let server: Server | null = null;
  const look = () => {
    for (const watcher of [...watchers]) watcher();
  };
  const state: State = {
    rooms: new Map(),
    users: new Map([[bot.id, { displayname: 'bot' }]]),
    filters: [],
    accountData: new Map(),
    media: new Map(),
    transactions: new Map(),
    limiter: createLimiter(() => clock.now()),
    position: 1,
    version: '10',
    encryptsDirect: false,
    timelineLimit: null,
    historyFrom: 0,
    mostUpload: 50_000_000,
    revoked: false,
    tellsAge: true,
    now: () => clock.now(),
    nextPosition: () => ++state.position,
    changed: look,
    async wait(ms, signal) {
      const woken = new AbortController();
      const wake = () => woken.abort();
      watchers.push(wake);
      signal.addEventListener('abort', wake);
      await clock.sleep(ms, woken.signal);
      signal.removeEventListener('abort', wake);
      watchers = watchers.filter((one) => one !== wake);
    },
  };
  const homeserver: Homeserver = Object.assign(state, {
    bot,
    requests,
    unplanned,
    url: '',
    person(name: string, displayname = name) {
      state.users.set(`@${name}:localhost`, { displayname });
      return createPerson(state, `@${name}:localhost`, bot.id);
    },
    room(roomId: string) {
      const room = state.rooms.get(roomId);
      if (!room) throw new Error(`no room ${roomId}`);
      return room;
    },
    roomList: () => [...state.rooms.values()],
    fail: (fault: Fault) => void faults.push({ fault, left: fault.times ?? 1 }),
    heal: () => void faults.splice(0),
    held: () => holding.length,
    release() {
      for (const go of holding.splice(0)) go();
    },
    async down() {
      const closing = server;
      server = null;
      await new Promise((resolve) => {
        closing?.close(resolve);
        closing?.closeAllConnections();
      });
    },
    up: listen,
    revoke() {
      state.revoked = true;
      look();
    },
    look,
    until(check: () => boolean) {
      if (check()) return Promise.resolve();
      return new Promise<void>((resolve) => {
        const watcher = () => {
          if (!check()) return;
          watchers = watchers.filter((one) => one !== watcher);
          resolve();
        };
        watchers.push(watcher);
      });
    },
    close: () => homeserver.down(),
  });
  await listen();
  return Object.assign(homeserver, { url: `http://127.0.0.1:${port}` });

  async function listen(): Promise<void> {
    const starting = createServer((request, response) => void serve(request, response));
    await new Promise<void>((resolve) => starting.listen(port, '127.0.0.1', resolve));
    port = (starting.address() as AddressInfo).port;
    server = starting;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const method = request.method ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const contentType = request.headers['content-type'] ?? '';
    const exchange: Exchange = {
      method,
      path: url.pathname,
      qs: Object.fromEntries(url.searchParams),
      body: contentType === 'application/json' ? JSON.parse(body.toString()) : body.length,
      contentType,
      status: 0,
      response: null,
    };
    requests.push(exchange);
    const how = faultFor(exchange);
    look();
    if (how === 'silence') return;
    if (how === 'drop') return void request.socket.destroy();
    if (typeof how === 'number') return answer(response, exchange, how, null);
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const token = (request.headers.authorization ?? '').replace('Bearer ', '');
    const call: Call = {
      method,
      path: url.pathname,
      query: url.searchParams,
      body,
      contentType,
      userId: bot.id,
      token,
      gone: gone.signal,
    };
    const held = () =>
      new Promise<void>((resolve) => {
        holding.push(resolve);
        look();
      });
    const early = how === 'hold' && method === 'POST';
    if (early) await held();
    const { status, words } = await reply(call);
    if (how === 'hold' && !early) await held();
    if (how === 'lose') request.socket.destroy();
    answer(response, exchange, status, words);
  }

  async function reply(call: Call): Promise<{ status: number; words: unknown }> {
    try {
      if (state.revoked || call.token !== bot.token) throw unknownToken();
      const route = routeOf(call.method, call.path);
      if (!route) {
        unplanned.push(`${call.method} ${call.path}`);
        throw new Refused(404, 'M_UNRECOGNIZED', 'Unrecognized request');
      }
      const words = await route(state, call);
      return { status: 200, words };
    } catch (error) {
      if (error instanceof Refused) return { status: error.status, words: error.body };
      unplanned.push(`${call.method} ${call.path}: ${String(error)}`);
      return { status: 500, words: { errcode: 'M_UNKNOWN', error: 'Internal server error' } };
    }
  }

  function faultFor({ method, path }: Exchange): Fault['how'] | null {
    const hit = faults.find(
      ({ fault, left }) =>
        left > 0 && fault.path.test(path) && (fault.method === undefined || fault.method === method),
    );
    if (!hit) return null;
    hit.left--;
    return hit.fault.how;
  }

  function answer(response: ServerResponse, exchange: Exchange, status: number, words: unknown): void {
    exchange.status = status;
    exchange.response = words;
    const wait = (words as { retry_after_ms?: number } | null)?.retry_after_ms;
    if (wait !== undefined) response.setHeader('retry-after', Math.ceil(wait / 1000));
    response.setHeader('content-type', words === null ? 'text/html' : 'application/json');
    response.statusCode = status;
    response.end(words === null ? '<html>Bad Gateway</html>' : JSON.stringify(words));
    look();
  }
}
