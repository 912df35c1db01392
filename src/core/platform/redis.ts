import { createHmac } from 'node:crypto';
import { Redis, type RedisOptions } from 'ioredis';
import { describeError } from './errors.ts';
import type { Log } from './log.ts';
import { type Metrics, noMetrics, secondsSince } from './metrics.ts';

/** The connection to Redis. It may be away at any time: everything that uses it has another way. */
export interface RedisConnection {
  readonly redis: Redis;
  /** For all keys: a shared Redis is read by others, and only a secret keeps them from our names. */
  readonly prefix: string;
  /** Whether it can be asked now: it is connected, and did not leave the last question without an answer. */
  readonly ready: boolean;
  /** Whoever got no answer says so; for a moment nobody else waits for one. */
  failed(): void;
  /** A second connection of the same kind, for what is sent without being asked for. Closed with the first. */
  listener(): Redis;
  close(): void;
}

/** So long after a question without an answer nobody asks: a Redis that hangs costs one request half a second. */
const REST_MS = 2_000;

/** Connects in the background; commands fail within half a second, never wait for a Redis that is away. */
export function connectRedis({
  url,
  secret,
  log,
  metrics = noMetrics,
}: {
  readonly url: string;
  /** VISAVIS_SECRET */
  readonly secret: string;
  readonly log: Log;
  readonly metrics?: Metrics;
}): RedisConnection {
  const connect = () =>
    new MeasuredRedis(url, metrics, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      connectTimeout: 1000,
      commandTimeout: 500,
      // A machine that fell off the net says nothing: its connection has to be found dead.
      keepAlive: 10_000,
      // Whoever listens asks for it anew with every connection.
      autoResubscribe: false,
      retryStrategy: (times) => Math.min(100 * 2 ** times, 2000),
    });
  const redis = connect();
  const listeners: Redis[] = [];
  let restsUntil = 0;
  // Said once for each time that it goes away, not for every attempt to come back.
  let away = false;
  redis.on('error', (error: unknown) => {
    if (!away) log.warn({ error: describeError(error) }, 'Redis is away; the database does its work');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({}, 'Redis is back');
    away = false;
    restsUntil = 0;
  });
  return {
    redis,
    prefix: `visavis:${createHmac('sha256', secret).update('redis keys').digest('base64url').slice(0, 22)}`,
    get ready() {
      return redis.status === 'ready' && performance.now() >= restsUntil;
    },
    failed() {
      restsUntil = performance.now() + REST_MS;
    },
    listener() {
      const listener = connect();
      // What is to be said about it is said above.
      listener.on('error', () => {});
      listeners.push(listener);
      return listener;
    },
    close() {
      for (const one of [redis, ...listeners]) one.disconnect();
    },
  };
}

/** Counts every command, whoever sends it. */
class MeasuredRedis extends Redis {
  readonly #metrics: Metrics;

  constructor(url: string, metrics: Metrics, options: RedisOptions & { replyMapping?: 'legacy' }) {
    // The constructor connects, but sends its first command later.
    super(url, options);
    this.#metrics = metrics;
  }

  override sendCommand(...args: Parameters<Redis['sendCommand']>): ReturnType<Redis['sendCommand']> {
    const began = performance.now();
    const [{ promise }] = args;
    promise.then(
      () => this.#metrics.service('redis', secondsSince(began), null),
      (error: unknown) => this.#metrics.service('redis', secondsSince(began), kindOf(error)),
    );
    return super.sendCommand(...args);
  }
}

function kindOf(error: unknown): string {
  const { name, message } = error instanceof Error ? error : { name: '', message: '' };
  if (message.includes('timed out')) return 'timeout';
  return name === 'ReplyError' ? 'refused' : 'away';
}
