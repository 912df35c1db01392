import autocannon from 'autocannon';

/** What came of many requests. */
export interface LoadResult {
  readonly name: string;
  readonly sent: number;
  readonly perSecond: number;
  /** Answers that were not the expected ones, connections that broke, and requests that ran out of time. */
  readonly failed: number;
  /** Milliseconds from a request to the end of its answer. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly most: number;
}

export interface LoadWish {
  readonly name: string;
  readonly url: string;
  /** Requests a second in all, by so many connections, for so long. */
  readonly rate: number;
  readonly connections?: number;
  readonly seconds: number;
  readonly status: number;
  /** Of each request, in their order. */
  next(): {
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

/** What autocannon does; the rest of what it is asked for is the same for everybody. */
type Way = Pick<autocannon.Options, 'amount' | 'connections' | 'connectionRate' | 'overallRate'>;

export interface Shots {
  readonly result: autocannon.Result;
  /** Milliseconds, of every answer. */
  readonly times: readonly number[];
  /** Answers that were not the expected ones. */
  readonly unexpected: number;
}

/** Sends requests at a rate, whatever the answers take; one for each connection together. */
export async function load(wish: LoadWish): Promise<LoadResult> {
  const shots = await shoot(wish, {
    connections: wish.connections ?? 10,
    overallRate: wish.rate,
    // Not a duration, at whose end some would be under way.
    amount: wish.rate * wish.seconds,
  });
  return resultOf(wish.name, [shots], shots.result.duration);
}

export async function shoot(wish: LoadWish, way: Way): Promise<Shots> {
  const times: number[] = [];
  let unexpected = 0;
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
    { url: wish.url, timeout: 60, requests: [{ setupRequest }], ...way },
    (error: unknown, result) => (error ? reject(error) : resolve(result)),
  ).on('response', (_client, status, _bytes, time) => {
    times.push(time);
    if (status !== wish.status) unexpected++;
  });
  return { result: await promise, times, unexpected };
}

/** @param duration seconds, of all together */
export function resultOf(name: string, shots: readonly Shots[], duration: number): LoadResult {
  const times = shots.flatMap((one) => one.times).sort((a, b) => a - b);
  const percentile = (share: number) =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return {
    name,
    sent: times.length,
    perSecond: times.length / duration,
    failed: shots.reduce((sum, one) => sum + one.unexpected + one.result.errors + one.result.timeouts, 0),
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    most: times.at(-1) ?? 0,
  };
}
