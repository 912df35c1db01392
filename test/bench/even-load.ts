import { setTimeout } from 'node:timers/promises';
import autocannon from 'autocannon';
import type { LoadResult, LoadWish } from '../support/load.ts';

/**
 * Sends requests at an even rate, whatever the answers take. A client of autocannon sends all requests of a second
 * when the second begins, so there is one client for each, and they begin one after the other.
 */
export async function evenLoad(wish: LoadWish): Promise<LoadResult> {
  const times: number[] = [];
  let failed = 0;
  const begun = performance.now();
  const clients: Promise<autocannon.Result>[] = [];
  for (let i = 0; i < wish.rate; i++) {
    clients.push(
      client(wish, (status, time) => {
        times.push(time);
        if (status !== wish.status) failed++;
      }),
    );
    await setTimeout(Math.max(0, begun + ((i + 1) * 1000) / wish.rate - performance.now()));
  }
  for (const result of await Promise.all(clients)) failed += result.errors + result.timeouts;
  const duration = (performance.now() - begun) / 1000;
  times.sort((a, b) => a - b);
  const percentile = (share: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    name: wish.name,
    sent: times.length,
    perSecond: times.length / duration,
    failed,
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    most: times.at(-1) ?? 0,
  };
}

/** One request a second. */
function client(
  wish: LoadWish,
  onAnswer: (status: number, milliseconds: number) => void,
): Promise<autocannon.Result> {
  const setupRequest = (request: autocannon.Request): autocannon.Request => {
    const { method, path, headers = {}, body } = wish.next();
    return {
      ...request,
      method,
      path,
      headers: { accept: 'text/html', ...headers },
      ...(body ? { body } : {}),
    };
  };
  const { promise, resolve, reject } = Promise.withResolvers<autocannon.Result>();
  autocannon(
    {
      url: wish.url,
      connections: 1,
      connectionRate: 1,
      // Not a duration, at whose end some would be under way.
      amount: wish.seconds,
      timeout: 60,
      requests: [{ setupRequest }],
    },
    (error: unknown, result) => (error ? reject(error) : resolve(result)),
  ).on('response', (_client, status, _bytes, time) => onAnswer(status, time));
  return promise;
}
