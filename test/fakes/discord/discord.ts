import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readBody } from './bodies.ts';
import { FakeGateway } from './gateway.ts';
import { FakeInteractions } from './interactions.ts';
import { Refusal, rateLimited, unauthorized } from './refusal.ts';
import { answerRequest, routeOf } from './rest.ts';
import { FakeWorld } from './world.ts';

/** A request that came, as far as its shape matters. */
export interface SeenRequest {
  /** `POST /channels/:channel/messages` */
  readonly route: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: Record<string, unknown>;
  readonly files: readonly string[];
}

/** What happens to a request instead of the ordinary. */
export type Fault =
  | { readonly kind: 'refuse'; readonly refusal: Refusal }
  /** 502 before anything was done. */
  | { readonly kind: 'broken' }
  /** It is done, and then the line breaks before the answer. */
  | { readonly kind: 'lost answer' };

export interface FakeDiscord {
  readonly world: FakeWorld;
  readonly gateway: FakeGateway;
  readonly interactions: FakeInteractions;
  /** Base for `rest.api`. */
  readonly api: string;
  /** The bot's token; another one is refused from now on. */
  token: string;
  readonly requests: SeenRequest[];
  readonly commands: unknown[];
  /** What nobody planned; a test that ends with one of these fails. */
  readonly unplanned: string[];
  /** The next `times` requests of a route meet a fault. */
  fault(route: string, fault: Fault, times?: number): void;
  /** 429 for the next request of a route, or for all. */
  limit(route: string, seconds: number, scope?: 'user' | 'global'): void;
  /** Discord's usual limits for each route and channel. */
  limited: boolean;
  /** How often these were overrun. */
  overruns: number;
  count(route: string): number;
  stop(): Promise<void>;
}

/**
 * A stand-in for Discord on this machine: its REST and its gateway, as small as can be. It refuses what Discord
 * refuses, and what it does not know is an error.
 */
export async function startFakeDiscord({
  now = Date.now,
}: {
  now?: () => number;
} = {}): Promise<FakeDiscord> {
  const faults: { route: string; fault: Fault; left: number }[] = [];
  const buckets = new Map<string, { left: number; until: number }>();
  const server = createServer((request, response) => {
    void serve(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host = `http://127.0.0.1:${port}`;
  const gatewayUrl = `ws://127.0.0.1:${port}`;
  const world = new FakeWorld(() => host);
  const fake: FakeDiscord = {
    world,
    gateway: new FakeGateway(
      world,
      () => gatewayUrl,
      () => fake.token,
    ),
    interactions: new FakeInteractions(world, now),
    api: `${host}/api`,
    token: `${Buffer.from(world.bot.id).toString('base64url')}.test.token`,
    requests: [],
    commands: [],
    unplanned: [],
    limited: false,
    overruns: 0,
    fault: (route, fault, times = 1) => void faults.push({ route, fault, left: times }),
    limit: (route, seconds, scope = 'user') =>
      fake.fault(route, { kind: 'refuse', refusal: rateLimited(seconds, scope) }),
    count: (route) => fake.requests.filter((one) => one.route === route).length,
    async stop() {
      fake.gateway.stop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  server.on('upgrade', (request, socket, head) => fake.gateway.upgrade(request, socket, head));
  return fake;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    try {
      const { answer, headers } = await answered(request, Buffer.concat(chunks));
      if (answer === 'hang up') return void response.destroy();
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (answer === null) return void response.writeHead(204).end();
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : null;
      if (!refusal)
        fake.unplanned.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
      const body = refusal?.body ?? { message: String(error), code: 0 };
      response
        .writeHead(refusal?.status ?? 418, { 'content-type': 'application/json', ...refusal?.headers })
        .end(JSON.stringify(body));
    }
  }

  async function answered(request: IncomingMessage, bytes: Buffer) {
    const url = new URL(request.url ?? '/', host);
    const path = url.pathname.replace(/^\/api\/v10/, '');
    const method = request.method ?? 'GET';
    const { route } = routeOf(method, path);
    const { json, files } = await readBody(String(request.headers['content-type'] ?? ''), bytes);
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    fake.requests.push({
      route,
      url: request.url ?? '',
      headers,
      body: json,
      files: files.map(({ name }) => name),
    });
    const needsToken = !/^\/(interactions|webhooks)\//.test(path);
    if (needsToken && headers.authorization !== `Bot ${fake.token}`) throw unauthorized();
    const met = faults.find((one) => one.left > 0 && (one.route === '*' || one.route === route));
    if (met) met.left--;
    if (met?.fault.kind === 'refuse') throw met.fault.refusal;
    if (met?.fault.kind === 'broken') throw new Refusal(502, { message: 'Bad Gateway' });
    const limits = fake.limited ? limitOf(route, path) : {};
    const answer = answerRequest(
      { world, interactions: fake.interactions, gatewayUrl: () => gatewayUrl, commands: fake.commands },
      {
        method,
        path,
        query: url.searchParams,
        json,
        files,
      },
    );
    return { answer: met?.fault.kind === 'lost answer' ? ('hang up' as const) : answer, headers: limits };
  }

  /** One reaction in 250 ms and five of anything else in five seconds, for each channel. */
  function limitOf(route: string, path: string): Record<string, string> {
    const isReaction = route.startsWith('PUT') && route.includes('/reactions/');
    const [size, window] = isReaction ? [1, 250] : [5, 5000];
    const hash = createHash('md5').update(route).digest('hex');
    const key = `${route} ${path.split('/')[2]}`;
    const at = Date.now();
    const known = buckets.get(key);
    const bucket = known && known.until > at ? known : { left: size, until: at + window };
    buckets.set(key, bucket);
    if (bucket.left <= 0) {
      fake.overruns++;
      throw rateLimited((bucket.until - at) / 1000, 'user', hash);
    }
    bucket.left--;
    return {
      'x-ratelimit-limit': String(size),
      'x-ratelimit-remaining': String(bucket.left),
      'x-ratelimit-reset': String(bucket.until / 1000),
      'x-ratelimit-reset-after': String((bucket.until - at) / 1000),
      'x-ratelimit-bucket': hash,
    };
  }
}
