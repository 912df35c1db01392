import { afterEach, expect } from 'vitest';
import type { Clock } from '../../../src/core/platform/clock.ts';
import type { WikiAccount } from '../../../src/core/wiki/account.ts';
import { createWikiClient, type WikiClientOptions } from '../../../src/core/wiki/client.ts';
import type { Fetch } from '../../../src/core/wiki/exchange.ts';
import { createLimiter } from '../../../src/core/wiki/limiter.ts';

/** A clock that stands still but for sleeps, which pass at once and are noted down. */
export interface FakeClock extends Clock {
  readonly sleeps: number[];
  advance(ms: number): void;
}

export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  const sleeps: number[] = [];
  return {
    sleeps,
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
    sleep: async (ms) => {
      sleeps.push(ms);
      now += ms;
    },
  };
}

/** One request as the server sees it. */
export interface Seen {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  /** Query and form together. */
  readonly params: Readonly<Record<string, string>>;
}

export type Step = (seen: Seen) => Response | Promise<Response>;
export interface FakeFetch {
  readonly fetch: Fetch;
  readonly seen: Seen[];
}

const checks: (() => void)[] = [];
afterEach(() => {
  for (const check of checks.splice(0)) check();
});

/**
 * Answers the planned requests in their order. A request beyond the plan, and a step that nobody asked for,
 * fail the test even when the code under test swallows the error.
 */
export function fakeFetch(...steps: readonly Step[]): FakeFetch {
  const seen: Seen[] = [];
  const unplanned: string[] = [];
  checks.push(() => {
    expect(unplanned).toEqual([]);
    expect(seen.length).toBe(steps.length);
  });
  const fetch: Fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const body = init.body instanceof URLSearchParams ? init.body : new URLSearchParams();
    const params = Object.fromEntries([...url.searchParams, ...body]);
    const request = { method: init.method ?? 'GET', url, headers: new Headers(init.headers), params };
    const step = steps[seen.length];
    if (!step) {
      unplanned.push(`${request.method} ${url.href}`);
      throw new Error('unplanned request');
    }
    seen.push(request);
    return step(request);
  };
  return { fetch, seen };
}

/** An answer of the API: JSON with HTTP 200. */
export function answer(body: unknown, headers: Record<string, string> = {}): Step {
  return () => Response.json(body, { headers });
}

/** An error of the API as errorformat=plaintext writes it: HTTP 200 and the codes in the header. */
export function apiError(codes: readonly string[], headers: Record<string, string> = {}): Step {
  const errors = codes.map((code) => ({ code, text: `Words about ${code}.`, module: 'main' }));
  return answer({ errors }, { 'MediaWiki-API-Error': codes.join(', '), ...headers });
}

export function httpError(status: number, headers: Record<string, string> = {}): Step {
  return () => new Response('<html>trouble</html>', { status, headers });
}

/** A connection that breaks after the request was sent. */
export const lostAnswer: Step = () => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }) });
};

export const neverConnected: Step = () => {
  throw new TypeError('fetch failed', { cause: Object.assign(new Error('no'), { code: 'ECONNREFUSED' }) });
};

export const csrf = (token: string = 'csrf-1+\\'): Step =>
  answer({ query: { tokens: { csrftoken: token } } });

export const USER_AGENT = 'Visavis/0.1.0 (https://visavis.example; ops@visavis.example) m3api/1.1.0';

export function fakeClient(fetch: Fetch, options: Partial<WikiClientOptions> = {}) {
  const clock = fakeClock();
  const client = createWikiClient({
    apiUrl: 'https://wiki.example/w/api.php',
    userAgent: USER_AGENT,
    clock,
    limiter: createLimiter(3),
    fetch,
    // The whole delay, so that the numbers in tests are round.
    random: () => 1,
    budgetMs: 60_000,
    ...options,
  });
  return { client, clock: (options.clock as FakeClock | undefined) ?? clock };
}

/** Alice, whose token is `token-1` until it is refreshed to `token-2` and so on. */
export function fakeAccount(name: string = 'Alice'): WikiAccount & { readonly refreshed: () => number } {
  let generation = 1;
  return {
    name,
    accessToken: async () => `token-${generation}`,
    refresh: async () => {
      generation += 1;
      return `token-${generation}`;
    },
    refreshed: () => generation - 1,
  };
}
