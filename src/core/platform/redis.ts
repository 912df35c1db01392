import { createHmac } from 'node:crypto';
import { Redis } from 'ioredis';
import { describeError } from './errors.ts';
import type { Log } from './log.ts';

/** The connection to Redis. It may be away at any time: everything that uses it has another way. */
export interface RedisConnection {
  readonly redis: Redis;
  /** For all keys: a shared Redis is read by others, and only a secret keeps them from our names. */
  readonly prefix: string;
  /** Whether it can be asked now. */
  readonly ready: boolean;
  close(): void;
}

/** Connects in the background; commands fail within half a second, never wait for a Redis that is away. */
export function connectRedis({
  url,
  secret,
  log,
}: {
  readonly url: string;
  /** VISAVIS_SECRET */
  readonly secret: string;
  readonly log: Log;
}): RedisConnection {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 1000,
    commandTimeout: 500,
    retryStrategy: (times) => Math.min(100 * 2 ** times, 2000),
  });
  // Said once for each time that it goes away, not for every attempt to come back.
  let away = false;
  redis.on('error', (error: unknown) => {
    if (!away) log.warn({ error: describeError(error) }, 'Redis is away; the database does its work');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info({}, 'Redis is back');
    away = false;
  });
  return {
    redis,
    prefix: `visavis:${createHmac('sha256', secret).update('redis keys').digest('base64url').slice(0, 22)}`,
    get ready() {
      return redis.status === 'ready';
    },
    close: () => redis.disconnect(),
  };
}
